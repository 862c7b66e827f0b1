import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "@hearth/protocol";
import { metadataEntries, metadataValue, withFilename } from "./user-metadata.ts";

const value = (text: string): string | undefined => metadataValue(parseJson(text));

test("equal values have equal texts, and no others", () => {
  assert.equal(value("1"), value("1.0"));
  assert.equal(value("1e3"), value("1000"));
  assert.equal(value('{"a": 1, "b": [2.0]}'), value('{"b": [2], "a": 1.0}'));
  const different = ["1", "true", '"1"', "[1]", '{"a": 1}', "0", "false", '"true"', "18446744073709551615"];
  assert.equal(new Set(different.map(value)).size, different.length);
  assert.notEqual(value("18446744073709551615"), value("18446744073709551614"));
  assert.equal(value("null"), undefined);
});

test("a long value is found too, and takes no room", () => {
  const long = JSON.stringify("x".repeat(100_000));
  assert.ok((value(long)?.length ?? 0) < 100);
  assert.notEqual(value(long), value(JSON.stringify("x".repeat(100_001))));
});

test("a list is found by each of its elements", () => {
  assert.deepEqual(metadataEntries('{"a": ["x", "y", "x", null], "b": 1, "n": null, "o": {"k": 1}}'), [
    { key: "a", value: "sx" },
    { key: "a", value: "sy" },
    { key: "b", value: "n1" },
    { key: "o", value: 'j{"k":1}' },
  ]);
});

test("the file name is the server's, at the end", () => {
  assert.equal(withFilename('{"filename": "mine", "a": 1.0}', "a.png"), '{"a": 1.0, "filename": "a.png"}');
  assert.equal(withFilename('{"filename": "mine"}', undefined), '{"filename": "mine"}');
  assert.equal(withFilename('{"__proto__": 1, "10": 2}', "f"), '{"__proto__": 1, "10": 2, "filename": "f"}');
});
