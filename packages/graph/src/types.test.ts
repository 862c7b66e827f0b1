import assert from "node:assert/strict";
import { it } from "node:test";
import { typesCompatible } from "./index.ts";

it("types fit as the reference has it", () => {
  for (const [received, wanted, fits] of [
    ["IMAGE", "IMAGE", true],
    ["IMAGE", "MASK", false],
    ["*", ["a"], true],
    [["a"], "*", true],
    ["COMFY_MATCHTYPE_V3", "IMAGE", true],
    ["IMAGE", "COMFY_MATCHTYPE_V3", true],
    [["a", "b"], "COMBO", true],
    ["COMBO", "COMBO", true],
    ["COMBO", ["a"], false],
    ["STRING", ["a"], false],
    [["a", "b"], ["a", "b"], true],
    [["a", "b"], ["b", "a"], false],
    [[18446744073709551615n], [18446744073709551615n], true],
    [["a"], "STRING", false],
    ["INT", "FLOAT, INT", true],
    ["INT,MASK", "IMAGE,MASK", true],
    ["INT", "IMAGE,*", true],
    ["INT", "FLOAT,BOOLEAN", false],
  ] as const) {
    assert.equal(typesCompatible(received, wanted), fits, `${String(received)} into ${String(wanted)}`);
  }
});
