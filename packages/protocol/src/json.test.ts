import assert from "node:assert/strict";
import { test } from "node:test";
import {
  floatText,
  JsonFloat,
  JsonSyntaxError,
  type JsonObject,
  keysOf,
  parseJson,
  printJson,
  RawJson,
  toNumber,
} from "./json.ts";

test("integers are exact to 2^64−1 and beyond", () => {
  const text = "[9007199254740991, 9007199254740993, 18446744073709551615, -18446744073709551616]";
  assert.equal(printJson(parseJson(text)), text);
  assert.equal((parseJson(text) as unknown[])[2], 18446744073709551615n);
});

test("floats stay floats, as Python prints them", () => {
  assert.ok(parseJson("1.0") instanceof JsonFloat);
  assert.equal(
    printJson(parseJson("[1.0, -0.0, 1e3, 1e16, 1e-5, 0.1, 1E+2]")),
    "[1.0, -0.0, 1000.0, 1e+16, 1e-05, 0.1, 100.0]",
  );
  assert.equal(floatText(123456789012345680), "1.2345678901234568e+17");
  assert.equal(toNumber(parseJson("5.0")), 5);
});

test("NaN and the infinities are read and written bare", () => {
  assert.equal(printJson(parseJson("[NaN, Infinity, -Infinity]")), "[NaN, Infinity, -Infinity]");
});

test("keys keep their order, also those that look like integers", () => {
  const text = '{"10": 1, "2": 2, "a": 3, "1": 4}';
  const value = parseJson(text) as JsonObject;
  assert.deepEqual(keysOf(value), ["10", "2", "a", "1"]);
  assert.equal(printJson(value), text);
  delete value["2"];
  value["0"] = 5;
  assert.deepEqual(keysOf(value), ["10", "a", "1", "0"]);
});

test("names of the object prototype are ordinary keys", () => {
  const value = parseJson('{"__proto__": {"x": 1}, "constructor": 2}') as JsonObject;
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.deepEqual(Object.keys(value), ["__proto__", "constructor"]);
  assert.equal(printJson(value), '{"__proto__": {"x": 1}, "constructor": 2}');
});

test("a duplicate key takes the last value", () => {
  assert.equal(printJson(parseJson('{"1": 1, "0": 2, "1": 3}')), '{"1": 3, "0": 2}');
});

test("both dialects: ASCII with spaces, compact UTF-8, and indents", () => {
  const value = { text: 'ä"\n\u0001😀', list: [1, { a: null }] };
  assert.equal(printJson(value), '{"text": "\\u00e4\\"\\n\\u0001\\ud83d\\ude00", "list": [1, {"a": null}]}');
  assert.equal(printJson(value, "compact"), '{"text":"ä\\"\\n\\u0001😀","list":[1,{"a":null}]}');
  assert.equal(printJson([{ a: [] }], "indent2"), '[\n  {\n    "a": []\n  }\n]');
  assert.equal(printJson({ part: new RawJson('{"as": "it is"}') }), '{"part": {"as": "it is"}}');
});

test("nesting is bounded and never a stack overflow", () => {
  assert.throws(() => parseJson("[".repeat(10_000)), JsonSyntaxError);
  assert.throws(() => parseJson('{"a":'.repeat(10_000)), JsonSyntaxError);
  const deep = "[".repeat(500) + "]".repeat(500);
  assert.equal(printJson(parseJson(deep)), deep);
});

test("what is not JSON is refused, with its place", () => {
  for (const text of [
    "",
    "{",
    "[1,]",
    "{a:1}",
    "01",
    "1.",
    "'x'",
    '"\u0001"',
    '"\\x"',
    "[1] 2",
    "nul",
    '{"a" 1}',
  ]) {
    assert.throws(() => parseJson(text), JsonSyntaxError, text);
  }
  assert.throws(
    () => parseJson("[1, x]"),
    (error: unknown) => error instanceof JsonSyntaxError && error.position === 4,
  );
});
