import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "./json.ts";
import { pyRepr, pyStr, pyTypeName } from "./python.ts";

test("repr and str are Python's", () => {
  const value = parseJson('{"a": [1, 1.0, true, null, "it\'s", "\\n\\u0001", 18446744073709551615, 1e16]}');
  assert.equal(pyRepr(value), `{'a': [1, 1.0, True, None, "it's", '\\n\\x01', 18446744073709551615, 1e+16]}`);
  assert.equal(pyStr("plain"), "plain");
  assert.equal(pyRepr(Number.NaN), "nan");
});

test("types have their Python names", () => {
  assert.deepEqual([null, true, "x", 1, 1.5, 2n ** 64n, [], {}].map(pyTypeName), [
    "NoneType",
    "bool",
    "str",
    "int",
    "float",
    "int",
    "list",
    "dict",
  ]);
});
