import assert from "node:assert/strict";
import { test } from "node:test";
import { floats, tensor } from "../sdk/index.ts";
import { generate } from "../testing/generator.ts";
import { blurImage } from "./convolve.ts";
import { runRows } from "./pool.ts";
import { RESAMPLING, resizeImage } from "./resample.ts";
import { kernels } from "./registry.ts";

const picture = generate({ shape: [2, 300, 400, 3], kind: "unit", seed: 5 });
/** The same values in memory that threads cannot share: the caller works alone. */
const alone = tensor(picture.shape, Float32Array.from(picture.data));

for (const method of RESAMPLING) {
  test(`${method} gives the same on one thread and on all`, () => {
    assert.deepEqual(resizeImage(picture, 310, 500, method).data, resizeImage(alone, 310, 500, method).data);
  });
}

test("blur gives the same on one thread and on all", () => {
  assert.deepEqual(blurImage(picture, 7, 1).data, blurImage(alone, 7, 1).data);
});

test("every row is filled exactly once, also when rows are fewer than chunks", () => {
  const source = generate({ shape: [1, 3, 100_000, 1], kind: "unit", seed: 6 });
  const out = floats(300_000);
  const args = { out, width: 100_000, height: 3, channels: 1, source: source.data, left: 0, top: 0 };
  const rest = {
    sourceBatch: 1,
    sourceWidth: 100_000,
    sourceHeight: 3,
    mask: new Float32Array(0),
    maskBatch: 1,
  };
  runRows("composite", { ...args, ...rest }, 3);
  assert.deepEqual(out, source.data);
});

test("a kernel's error reaches the caller", () => {
  const [first, second, out] = [floats(200_000), floats(200_000), floats(200_000)];
  const args = { first, second, out, length: 1000, secondRows: 200, factor: 0.5, mode: "unheard of" };
  assert.throws(() => runRows("blend", args, 200), /blend mode|kernel blend failed/);
});

test("a kernel fills just the rows it is told", () => {
  const out = new Float32Array(4);
  const args = {
    first: Float32Array.of(1, 1, 1, 1),
    second: Float32Array.of(0, 0, 0, 0),
    out,
    length: 1,
    secondRows: 4,
  };
  kernels.blend({ ...args, factor: 0.5, mode: "normal" }, 1, 3);
  assert.deepEqual([...out], [0, 0.5, 0.5, 0]);
});
