import assert from "node:assert/strict";
import { test } from "node:test";
import { masked } from "./masking.ts";

test("S-106 a secret shows its ends, and a short one nothing", () => {
  assert.equal(masked("abcdefghijklmnop"), "abcd***mnop");
  assert.equal(masked("123456789"), "1234***6789");
  assert.equal(masked("12345678"), "***");
  assert.equal(masked("x"), "***");
  assert.equal(masked(""), "");
});

test("S-106 the published default is masked as the seed prints it", () => {
  assert.equal(masked("changeme", "changeme"), "chan***geme");
});
