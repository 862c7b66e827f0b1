import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import sharp from "sharp";
import { insertChunks, readTextChunks } from "../../files/png-text.ts";
import { type FormPart, postForm, startServer } from "../test-server.ts";

function picture(width: number, channels: 3 | 4, value: number): Promise<Buffer> {
  const data = Buffer.alloc(width * 2 * channels, value);
  return sharp(data, { raw: { width, height: 2, channels } })
    .png()
    .toBuffer();
}

function textChunk(keyword: string, text: string): Buffer {
  const body = Buffer.from(`tEXt${keyword}\0${text}`, "latin1");
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(body.length - 4, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

const form = (mask: Buffer, reference: unknown, filename = "m.png"): FormPart[] => [
  { name: "image", filename, content: mask },
  { name: "original_ref", content: typeof reference === "string" ? reference : JSON.stringify(reference) },
];

test("the original gets the mask's alpha and keeps its texts", async (t) => {
  const { url, folders } = await startServer(t);
  const original = insertChunks(await picture(3, 3, 200), [textChunk("prompt", '{"1": {}}')]);
  writeFileSync(path.join(folders.input, "o.png"), original);
  const answer = await postForm(
    `${url}/upload/mask`,
    form(await picture(3, 4, 7), { filename: "o.png [input]" }),
  );
  assert.deepEqual(await answer.json(), { name: "m.png", subfolder: "", type: "input" });
  const file = path.join(folders.input, "m.png");
  const { data } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([...data.subarray(0, 8)], [200, 200, 200, 7, 200, 200, 200, 7]);
  assert.deepEqual(await readTextChunks(file), [textChunk("prompt", '{"1": {}}')]);
});

test("references that lead nowhere write nothing; those that make no sense are 400", async (t) => {
  const { url, folders } = await startServer(t);
  writeFileSync(path.join(folders.input, "o.png"), await picture(3, 3, 1));
  writeFileSync(path.join(folders.input, "t.png"), "text");
  const mask = await picture(3, 4, 9);
  const status = async (parts: FormPart[]): Promise<number> =>
    (await postForm(`${url}/upload/mask`, parts)).status;
  for (const filename of ["nope.png", "../o.png", "/etc/passwd", "o.png\0"]) {
    assert.equal(await status(form(mask, { filename, type: "input" })), 200, filename);
  }
  assert.equal(await status(form(mask, { filename: "o.png", type: "input", subfolder: "../input" })), 200);
  for (const reference of ["{", "[]", "{}", { filename: 5 }, { filename: "o.png", type: "models" }]) {
    assert.equal(await status(form(mask, reference)), 400, JSON.stringify(reference));
  }
  const reference = { filename: "o.png", type: "input" };
  assert.equal(await status(form(await picture(4, 4, 9), reference)), 400);
  assert.equal(await status(form(Buffer.from("text"), reference)), 400);
  assert.equal(await status(form(mask, reference, "m.jpg")), 400);
  assert.equal(await status(form(mask, { filename: "t.png", type: "input" })), 400);
  assert.equal(await status(form(mask, "").slice(0, 1)), 400);
  assert.deepEqual(readdirSync(folders.input).sort(), ["m.png", "o.png", "t.png"]);
});
