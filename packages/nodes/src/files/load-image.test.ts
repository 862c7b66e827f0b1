import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { tensor } from "../sdk/tensor.ts";
import { testContext } from "../testing/test-context.ts";
import { loadedMask, loadImage } from "./load-image.ts";
import { encodePreview } from "./preview-image.ts";
import { saveInstancePreviews, savePreviews } from "./previews.ts";

const red = { create: { width: 6, height: 4, channels: 3, background: { r: 255, g: 0, b: 0 } } } as const;

test("orientation is applied, and a grey file has three equal colours", async () => {
  using run = testContext();
  const at = (name: string): string => path.join(run.context.folders.input, name);
  await sharp(red).withMetadata({ orientation: 6 }).jpeg().toFile(at("turned.jpg"));
  assert.deepEqual((await loadImage(at("turned.jpg"))).image.shape, [1, 6, 4, 3]);
  await sharp(red).greyscale().png().toFile(at("grey.png"));
  const { image, alpha } = await loadImage(at("grey.png"));
  assert.equal(alpha, undefined);
  assert.equal(image.data[0], image.data[2]);
});

test("frames of a GIF are a batch with an alpha band", async () => {
  using run = testContext();
  const file = path.join(run.context.folders.input, "a.gif");
  const raw = { width: 4, height: 6, channels: 3, pageHeight: 3 } as const;
  await sharp(Buffer.from({ length: 72 }).fill(90, 0, 36), { raw })
    .gif({ delay: [10, 10] })
    .toFile(file);
  const loaded = await loadImage(file);
  assert.deepEqual(loaded.image.shape, [2, 3, 4, 3]);
  assert.deepEqual(loadedMask(loaded).shape, [2, 3, 4]);
});

test("what is no picture is refused with a reason", async () => {
  using run = testContext();
  const file = path.join(run.context.folders.input, "x.png");
  await writeFile(file, "no picture");
  await assert.rejects(loadImage(file), /cannot read the picture/);
});

test("previews fit their box, up and down", async () => {
  for (const [width, height, expected] of [
    [8, 4, [64, 32]],
    [100, 200, [32, 64]],
  ] as const) {
    const { bytes } = await encodePreview(tensor([1, height, width, 3]), 64, "jpeg");
    const info = await sharp(bytes).metadata();
    assert.deepEqual([info.format, info.width, info.height], ["jpeg", ...expected]);
  }
});

test("an instance keeps its letters and counts on; other previews choose them afresh", async () => {
  using run = testContext();
  const image = tensor([1, 2, 2, 3]);
  const [first] = await saveInstancePreviews(image, run.context);
  const [second] = await saveInstancePreviews(image, run.context);
  assert.match(first?.filename ?? "", /^ComfyUI_temp_[a-vx-z]{5}_00001_\.png$/);
  assert.equal(second?.filename, first?.filename.replace("00001", "00002"));
  const names = new Set<string>();
  for (let i = 0; i < 5; i++) names.add((await savePreviews(image, run.context))[0]?.filename ?? "");
  assert.equal(names.size, 5);
});
