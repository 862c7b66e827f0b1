import assert from "node:assert/strict";
import { it } from "node:test";
import { resolveDynamicPrompt } from "./dynamic-prompt.ts";

const first = (): number => 0;
const last = (): number => 0.999;

it("takes choices, also inside of choices", () => {
  assert.equal(resolveDynamicPrompt("a {b|{c|d} e} f", first), "a b f");
  assert.equal(resolveDynamicPrompt("a {b|{c|d} e} f", last), "a d e f");
});

it("resolves escapes and leaves other backslashes", () => {
  assert.equal(resolveDynamicPrompt("\\{a\\|b\\} \\n {x\\|y|z}", first), "{a|b} \\n x|y");
});

it("cuts comments before it looks at braces", () => {
  assert.equal(resolveDynamicPrompt("a /* {b */ c // {d\ne", first), "a  c \ne");
});

it("ends open braces with the text, and keeps stray ones", () => {
  assert.equal(resolveDynamicPrompt("a } b | {c|d", last), "a } b | d");
});

it("survives any depth", () => {
  assert.equal(resolveDynamicPrompt("{".repeat(100_000) + "x", first), "x");
});
