import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonFloat, type JsonObject, type JsonValue } from "@hearth/protocol";
import { ParamsError } from "../errors.ts";
import { INPUT_TYPES, type ManifestInput } from "../manifest/schema.ts";
import { checkManifest } from "../manifest/read-manifest.ts";
import { keptParams, readParams } from "./read-params.ts";

type Given = Omit<ManifestInput, "id">;

/** The value that an input `x` gets. */
function value(input: Given, given: JsonValue | undefined): JsonValue | undefined {
  const manifest = checkManifest({ id: "w", name: "w", inputs: [{ id: "x", ...input }] }, "w");
  return readParams(manifest, given === undefined ? {} : { x: given }, null)["x"];
}

/** What is said against a value. */
function fault(input: Given, given: JsonValue | undefined): string {
  try {
    value(input, given);
  } catch (error) {
    if (error instanceof ParamsError) return error.message;
    throw error;
  }
  throw new Error(`${String(given)} was taken`);
}

/** For each type: values that are taken, and values that are not, with the words against them. */
const CASES: Record<
  (typeof INPUT_TYPES)[number],
  { input?: Partial<Given>; good: [JsonValue, JsonValue][]; bad: [JsonValue, RegExp][] }
> = {
  text: {
    good: [
      ["a", "a"],
      [5, "5"],
      [new JsonFloat(2), "2"],
    ],
    bad: [[[], /^x must be a text$/]],
  },
  int: {
    input: { min: 1, max: 9 },
    good: [
      [5, 5],
      ["7", 7],
      [new JsonFloat(3), 3],
    ],
    bad: [
      [0, /^x must be at least 1$/],
      [10, /at most 9/],
      [1.5, /whole number/],
      ["five", /whole number/],
      [true, /whole/],
    ],
  },
  float: {
    input: { min: 0, max: 2 },
    good: [
      [1.5, 1.5],
      ["0.25", 0.25],
      [1, new JsonFloat(1)],
      [".5", 0.5],
    ],
    bad: [
      [3, /at most 2/],
      ["x", /must be a number/],
      [Number.NaN, /./],
    ],
  },
  boolean: {
    good: [
      [true, true],
      ["false", false],
      [1, true],
    ],
    bad: [["yes", /true or false/]],
  },
  seed: {
    good: [
      [-1, -1],
      [2 ** 53 - 1, 2 ** 53 - 1],
      ["18446744073709551615", 18446744073709551615n],
    ],
    bad: [
      [-2, /-1 for a random seed/],
      [2n ** 64n, /18446744073709551615/],
      [1.5, /whole/],
    ],
  },
  select: {
    input: { options: ["a", 5, { value: 7, label: "seven" }] },
    good: [
      ["a", "a"],
      ["5", 5],
      [7, 7],
    ],
    bad: [["b", /^x must be one of a, 5, 7$/]],
  },
  image: { good: [["a.png", "a.png"]], bad: [[5, /name of a file/]] },
  checkpoint: { good: [["a/b.safetensors", "a/b.safetensors"]], bad: [[{}, /name of a file/]] },
  vae: { good: [["v.pt", "v.pt"]], bad: [[false, /name of a file/]] },
  resolution: {
    input: { max: 2048 },
    good: [
      ["512x768", { width: 512, height: 768 }],
      [
        { width: 8, height: "16" },
        { width: 8, height: 16 },
      ],
    ],
    bad: [
      ["big", /512x768/],
      [{ width: 8 }, /^x\.height must be a whole number$/],
      ["4096x8", /^x\.width must be at most 2048$/],
      ["0x8", /x\.width must be from 1/],
    ],
  },
  lora: {
    good: [
      [
        { high: "h", low: "l", strength: 0.5 },
        { high: "h", low: "l", strength: 0.5, strength_low: 0.5 },
      ],
      ["h", { high: "h", low: null, strength: new JsonFloat(1), strength_low: new JsonFloat(1) }],
    ],
    bad: [
      [5, /high and low/],
      [{ high: 5 }, /^x\.high must be the name of a file$/],
      [{ high: "h", strength: 101 }, /x\.strength must be at most 100/],
    ],
  },
  loras: {
    input: { max: 2 },
    good: [
      [
        ["a", { name: "b", strength: 0.5 }],
        [
          { name: "a", strength: new JsonFloat(1) },
          { name: "b", strength: 0.5 },
        ],
      ],
    ],
    bad: [
      [["a", "b", "c"], /at most 2 entries/],
      [[{}], /^x\[0\]\.name must be the name of a file$/],
      ["a", /must be a list/],
    ],
  },
  scenes: {
    input: {
      min: 1,
      fields: [
        { id: "text", type: "text", required: true },
        { id: "n", type: "int", default: 3 },
      ],
    },
    good: [
      [
        [{ text: "a" }, { text: "b", n: "4", other: 1 }],
        [
          { text: "a", n: 3 },
          { text: "b", n: 4 },
        ],
      ],
    ],
    bad: [
      [[], /at least 1 entry/],
      [[{ text: "a" }, {}], /^x\[1\]\.text is required$/],
      [[5], /^x\[0\] must be an object$/],
    ],
  },
};

for (const type of INPUT_TYPES) {
  test(`a value of the type ${type} is read exactly, or refused in words`, () => {
    const { input = {}, good, bad } = CASES[type];
    for (const [given, expected] of good) assert.deepEqual(value({ type, ...input }, given), expected);
    for (const [given, words] of bad) assert.match(fault({ type, ...input }, given), words);
  });
}

test("what is left out gets the default; what is required and has none is named", () => {
  assert.equal(value({ type: "int", default: 4 }, undefined), 4);
  assert.equal(value({ type: "int", default: 4 }, null), 4);
  assert.equal(value({ type: "seed" }, undefined), -1);
  assert.equal(value({ type: "image" }, undefined), null);
  assert.deepEqual(value({ type: "loras" }, undefined), []);
  assert.equal(value({ type: "text" }, undefined), "");
  assert.equal(fault({ type: "image", required: true }, undefined), "x is required");
  assert.equal(fault({ type: "text", required: true }, ""), "x is required");
});

test("every fault is told at once, and an uploaded picture is for the first image input", () => {
  const manifest = checkManifest(
    {
      id: "w",
      name: "w",
      inputs: [
        { id: "a", type: "int", max: 1 },
        { id: "picture", type: "image", required: true },
        { id: "b", type: "text", required: true },
      ],
    },
    "w",
  );
  assert.throws(
    () => readParams(manifest, { a: 5 }, null),
    (error) => error instanceof ParamsError && error.faults.length === 3,
  );
  const values: JsonObject = readParams(manifest, { a: 1, b: "x", picture: "old.png", other: 1 }, "new.png");
  assert.deepEqual(values, { a: 1, picture: "new.png", b: "x" });
  assert.deepEqual(keptParams({ a: -1, _existing_input_image: "x" }), { a: -1 });
});
