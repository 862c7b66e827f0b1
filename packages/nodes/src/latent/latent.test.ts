import assert from "node:assert/strict";
import { test } from "node:test";
import { type Latent, tensor } from "../sdk/index.ts";
import { concatAlong, flipAlong, sliceAlong, swapAxes } from "./axes.ts";
import { feather, paste } from "./composite.ts";
import { rebatch } from "./rebatch.ts";
import { commonUpscale } from "./resize.ts";

const ramp = (shape: number[]) =>
  tensor(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, index) => index),
  );
const latentOf = (shape: number[]): Latent => ({ samples: ramp(shape) });

test("axes: slices follow Python, swapping twice gives the original", () => {
  const given = ramp([2, 3, 4]);
  assert.deepEqual(sliceAlong(given, -1, -2, 99).shape, [2, 3, 2]);
  assert.deepEqual(swapAxes(swapAxes(given, 0, 2), 0, 2), given);
  assert.deepEqual([...flipAlong(ramp([1, 3]), 1).data], [2, 1, 0]);
  assert.throws(() => concatAlong([ramp([1, 2]), ramp([2, 3])], 0), /Sizes of tensors must match/);
});

test("resizing keeps constants and crops to the proportions", () => {
  const constant = tensor([1, 4, 6, 6], new Float32Array(144).fill(0.5));
  for (const method of ["nearest-exact", "bilinear", "bicubic", "area", "bislerp"] as const) {
    const { shape, data } = commonUpscale(constant, 9, 4, method, "center");
    assert.deepEqual(shape, [1, 4, 4, 9]);
    assert.ok(
      data.every((value) => Math.abs(value - 0.5) < 1e-6),
      method,
    );
  }
  assert.deepEqual([...commonUpscale(ramp([1, 1, 1, 4]), 2, 1, "area", "disabled").data], [0.5, 2.5]);
});

test("pasting clips at the border, feathering fades inner edges only", () => {
  const target = tensor([1, 1, 3, 3]);
  const source = tensor([1, 1, 2, 2], new Float32Array(4).fill(1));
  assert.deepEqual([...paste(target, source, 16, 16, undefined, 8).data], [0, 0, 0, 0, 0, 0, 0, 0, 1]);
  assert.deepEqual([...feather(target, source, 1, 0, 2).data], [0, 0.5, 1, 0, 0.25, 0.5, 0, 0, 0]);
});

test("regrouping counts noise indexes through the list and splits at size changes", () => {
  const out = rebatch([latentOf([3, 1, 1, 1]), latentOf([2, 1, 1, 1]), latentOf([1, 1, 2, 1])], 2);
  assert.deepEqual(
    out.map((latent) => latent.batch_index),
    [[0, 1], [2, 3], [4], [5]],
  );
  assert.ok(out.every((latent) => latent.noise_mask === undefined));
});
