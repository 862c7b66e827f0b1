import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { parseJson, toNumber, type JsonObject, type JsonValue } from "@hearth/protocol";
import { buildPrompt } from "./node-prompt.ts";
import { fitsGlob, PROJECT, readOptions, splitCommand } from "./options.ts";
import { describeValues } from "./packs/golden-pack/describe.ts";
import { makeValue } from "./packs/golden-pack/make.ts";
import { readScenarios, Seen } from "./recordings.ts";
import { Report } from "./report.ts";
import { compareValue, readFloats } from "./values.ts";
import { Waivers } from "./waivers.ts";
import { groupByStart } from "./kinds/scenarios.ts";

const golden = path.join(PROJECT, "tests", "golden");

test("the generator gives the recorded vectors", async () => {
  const vectors = parseJson(
    await readFile(path.join(golden, "generator-vectors.json"), "utf8"),
  ) as JsonObject[];
  for (const vector of vectors) {
    const { json, floats } = await describeValues([makeValue({ $tensor: vector["generator"] as JsonValue })]);
    const values = readFloats(floats);
    const first = (vector["first"] as JsonValue[]).map(toNumber);
    assert.deepEqual(Array.from(values.subarray(0, first.length)), first, json);
    assert.equal(createHash("sha256").update(floats).digest("hex"), vector["sha256"]);
  }
});

test("values go in and come out in the form of the recordings", async () => {
  const given = parseJson(
    '{"samples": {"$tensor": {"shape": [1, 2], "kind": "data", "values": [1, 2.5]}}, "n": {"$int": "9007199254740993"}, "x": 1.0, "f": {"$float": "NaN"}}',
  );
  const { json, floats } = await describeValues([makeValue(given)]);
  const tensor = '{"$tensor": {"shape": [1, 2], "at": 0, "n": 2}}';
  assert.equal(
    json,
    `[{"samples": ${tensor}, "n": {"$int": "9007199254740993"}, "x": 1.0, "f": {"$float": "NaN"}}]`,
  );
  assert.deepEqual([...readFloats(floats)], [1, 2.5]);
});

test("tensors are compared within the tolerance", () => {
  const how = (abs: number | null) => ({
    got: Float32Array.of(1, 2.001),
    expected: Float32Array.of(9, 1, 2),
    tolerance: { abs, rel: 0 },
  });
  const expected = { $tensor: { dtype: "float32", shape: [2], at: 1, n: 2 } };
  const got = { $tensor: { shape: [2], at: 0, n: 2 } };
  assert.equal(compareValue(expected, got, how(0.01), "x"), undefined);
  assert.equal(compareValue(expected, got, how(null), "x"), undefined);
  assert.match(compareValue(expected, got, how(0), "x") ?? "", /x: 1 of 2 values differ, most at 1/);
  assert.match(
    compareValue({ $tensor: { shape: [3] } }, got, how(0), "x") ?? "",
    /shape \[2\], expected \[3\]/,
  );
  const fill = { $tensor: { dtype: "float32", shape: [2], fill: 1.0005 } };
  assert.equal(compareValue(fill, got, how(1.1), "x"), undefined);
  assert.match(compareValue(1.5, 1.6, how(0), "x") ?? "", /expected 1.5, got 1.6/);
  assert.match(compareValue({ $missing: true }, 1, how(0), "x") ?? "", /should be missing/);
  assert.equal(compareValue({ $missing: true }, undefined, how(0), "x"), undefined);
});

test("a prompt with sources, nested nodes and collectors", () => {
  const inputs = parseJson(
    '{"a": {"$in": 1.0}, "b": {"$node": {"class": "B", "inputs": {"x": {"$list": [1]}}, "slot": 1}}, "c": [1], "d": {"$int": "18446744073709551615"}}',
  );
  const prompt = buildPrompt("A", { name: "A/1", inputs: inputs as JsonObject, expect: {} }, 1, "/r/x");
  assert.deepEqual(prompt, {
    golden_in_1: { class_type: "GoldenSource", inputs: { description: "1.0" } },
    golden_in_2: { class_type: "GoldenList", inputs: { description: "[1]" } },
    golden_in_3: { class_type: "B", inputs: { x: ["golden_in_2", 0] } },
    "1": {
      class_type: "A",
      inputs: { a: ["golden_in_1", 0], b: ["golden_in_3", 1], c: [1], d: 18446744073709551615n },
    },
    golden_out_0: { class_type: "GoldenCollect", inputs: { value: ["1", 0], file: "/r/x.0" } },
  });
});

test("recordings in two folders count once, and share servers by their start options", async () => {
  const seen = new Seen();
  const first = await readScenarios(path.join(golden, "http"), seen);
  assert.ok(first.length > 300);
  const repeated = seen.repeated;
  assert.deepEqual(await readScenarios(path.join(golden, "http"), seen), []);
  assert.equal(seen.repeated - repeated, first.length + repeated);
  const groups = groupByStart(first);
  assert.ok(groups.length < 40);
  assert.equal(groups.flat().length, first.length);
});

test("waivers cover failures, and stale ones are reported", () => {
  const lines: string[] = [];
  const waivers = new Waivers([
    { kind: "http", case: "a", reason: "wanted" },
    { kind: "http", case: "b", step: 1, reason: "half" },
    { kind: "http", case: "c", reason: "old" },
  ]);
  const report = new Report(waivers, (line) => lines.push(line));
  const add = (name: string, ...problems: { step: number; text: string }[]): void =>
    report.add({ kind: "http", area: "x", name, problems });
  add("a", { step: 0, text: "differs" });
  add("b", { step: 0, text: "differs" }, { step: 1, text: "differs" });
  add("c");
  report.add({ kind: "nodes", area: "y", name: "n", problems: [], skipped: "the server lacks N" });
  report.finish();
  assert.deepEqual(report.counts(), { passed: 1, failed: 1, waived: 1, skipped: 1 });
  assert.ok(lines.includes("WAIVED http a step 0: differs  [wanted]"));
  assert.ok(lines.includes("FAIL http b step 0: differs  (+1 more)"));
  assert.ok(lines.includes("STALE WAIVER http c: the case passes (old)"));
  assert.ok(lines.includes("skipped 1 nodes: the server lacks 1 classes: N 1"));
  assert.equal(lines.at(-1), "conformance: 1 passed, 1 failed, 1 skipped");
});

test("options", () => {
  const some = readOptions(
    ["--http", "x", "--areas", "a,b", "--command", "node 'a b' \"c\"", "--strict"],
    {},
  );
  assert.ok(some !== "help");
  assert.deepEqual([...some.folders], [["http", ["x"]]]);
  assert.deepEqual(some.areas, ["a", "b"]);
  assert.deepEqual(some.command, ["node", "a b", "c"]);
  const all = readOptions([], { HEARTH_GOLDEN: "/g" });
  assert.ok(all !== "help");
  assert.deepEqual(all.folders.get("workflows"), [path.join(golden, "cpu-workflows"), "/g/cpu-workflows"]);
  assert.throws(() => readOptions(["--url", "http://x", "--command", "y"], {}), /not both/);
  assert.deepEqual(splitCommand("a\\ b c"), ["a b", "c"]);
  assert.ok(fitsGlob("upload/a/b", ["upload/*"]));
  assert.ok(!fitsGlob("xupload/a", ["upload/*"]));
});
