import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { readPngChunks, readPngText, textChunk } from "./png-chunks.ts";
import { encodePng, type Raster } from "./png.ts";

function raster(width: number, height: number, channels: 1 | 2 | 3 | 4, depth: 8 | 16 = 8): Raster {
  const samples = new Uint8Array((width * height * channels * depth) / 8);
  for (let i = 0, state = 1; i < samples.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    samples[i] = (i >> 3) + (state >>> 29);
  }
  return { width, height, channels, depth, samples };
}

for (const channels of [1, 2, 3, 4] as const) {
  test(`libvips reads back ${channels} channels exactly`, async () => {
    for (const [width, height, level] of [
      [1, 1, 0],
      [7, 5, 4],
      [900, 1300, 1],
    ] as const) {
      const given = raster(width, height, channels);
      const file = sharp(await encodePng(given, { level }));
      const { data, info } = await file.raw().toBuffer({ resolveWithObject: true });
      // Grey comes back as three equal colours.
      const kept = channels % 2 === 0 ? 4 : 3;
      const picks = { 1: [0, 0, 0], 2: [0, 0, 0, 1], 3: [0, 1, 2], 4: [0, 1, 2, 3] }[channels];
      assert.deepEqual([info.width, info.height, info.channels], [width, height, kept]);
      const expected = Uint8Array.from(
        data,
        (_, i) => given.samples[Math.floor(i / kept) * channels + (picks[i % kept] ?? 0)] ?? 0,
      );
      assert.ok(data.equals(expected));
    }
  });
}

test("16-bit samples are read back exactly", async () => {
  const given = raster(33, 21, 3, 16);
  const file = await encodePng(given, { level: 4 });
  const data = await sharp(file).toColourspace("rgb16").raw({ depth: "ushort" }).toBuffer();
  assert.ok(Buffer.from(given.samples).swap16().equals(data));
});

test("text chunks stand right after the header, in order", async () => {
  const before = [textChunk("prompt", '{"a": 1}'), textChunk("workflow", "[é]")];
  const file = await encodePng(raster(4, 4, 3), { level: 4, before });
  assert.deepEqual(
    readPngChunks(file).map(({ type }) => type),
    ["IHDR", "tEXt", "tEXt", "IDAT", "IEND"],
  );
  assert.deepEqual(readPngText(file), [
    ["prompt", '{"a": 1}'],
    ["workflow", "[é]"],
  ]);
  assert.throws(() => readPngChunks(file.subarray(0, file.length - 6)), /cut short/);
  assert.throws(() => textChunk("日本", "x"), RangeError);
});
