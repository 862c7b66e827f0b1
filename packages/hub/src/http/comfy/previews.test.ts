import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { rawRequest, startServer } from "../test-server.ts";

function picture(width: number, format: "png" | "jpeg" | "webp"): Promise<Buffer> {
  return sharp({ create: { width, height: 5, channels: 3, background: "red" } })
    .toFormat(format)
    .toBuffer();
}

function safetensors(metadata: object): Buffer {
  const header = Buffer.from(JSON.stringify({ __metadata__: metadata }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header]);
}

test("pictures beside the model, then those inside it", async (t) => {
  const { port, url, folders } = await startServer(t);
  const folder = path.join(folders.models, "loras");
  mkdirSync(path.join(folder, "sub"), { recursive: true });
  const covers = (...images: unknown[]) => safetensors({ ssmd_cover_images: JSON.stringify(images) });
  const small = (await picture(3, "png")).toString("base64");
  const files: [string, Buffer][] = [
    ["a.safetensors", covers(small)],
    ["a.png", await picture(7, "png")],
    ["a.preview.png", await picture(8, "png")],
    ["sub/b.ckpt", Buffer.from("x")],
    ["sub/b.preview.JPG", await picture(9, "jpeg")],
    ["c.safetensors", covers("bm8=", 5, small)],
    ["c.png", Buffer.from("no picture")],
    ["d.safetensors", covers(`data:image/png;base64,${small}`)],
    ["e.safetensors", safetensors({ ssmd_cover_images: "[no json" })],
    ["f.safetensors", safetensors({})],
    ["f.svg", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    ["f.txt", Buffer.from("x")],
  ];
  for (const [name, bytes] of files) writeFileSync(path.join(folder, name), bytes);
  const widthOf = async (name: string): Promise<string> => {
    const answer = await fetch(`${url}/api/experiment/models/preview/loras/0/${name}`);
    if (answer.status !== 200) return `${answer.status} ${await answer.text()}`;
    assert.equal(answer.headers.get("content-type"), "image/webp");
    const { format, width } = await sharp(Buffer.from(await answer.arrayBuffer())).metadata();
    return `${format} ${width}`;
  };
  assert.equal(await widthOf("a.safetensors"), "webp 7");
  assert.equal(await widthOf("sub/b.ckpt"), "webp 9");
  assert.equal(await widthOf("sub%2Fb.ckpt"), "webp 9");
  assert.equal(await widthOf("c.safetensors"), "webp 3");
  assert.equal(await widthOf("c.ckpt"), "webp 3");
  assert.equal(await widthOf("d.safetensors"), "webp 3");
  for (const none of ["e.safetensors", "f.safetensors", "nope.safetensors", "sub", "sub/none/x.pt"]) {
    assert.equal(await widthOf(none), "404 ", none);
  }
  const status = async (rest: string): Promise<number> =>
    (await rawRequest(port, "GET", `/experiment/models/preview/${rest}`)).status;
  assert.equal(await status("loras/x/a.safetensors"), 400);
  assert.equal(await status("loras/1.5/a.safetensors"), 400);
  assert.equal(await status("loras/0/"), 400);
  assert.equal(await status("loras/9/a.safetensors"), 404);
  assert.equal(await status("loras/-1/a.safetensors"), 404);
  assert.equal(await status("nope/0/a.safetensors"), 404);
});

test("no picture from outside the folder", async (t) => {
  const { port, folders } = await startServer(t);
  const folder = path.join(folders.models, "loras");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folders.base, "secret.png"), await picture(4, "png"));
  writeFileSync(path.join(folder, "model.pt"), "x");
  symlinkSync(path.join(folders.base, "secret.png"), path.join(folder, "model.png"));
  symlinkSync(folders.base, path.join(folder, "out"));
  for (const name of [
    "..%2F..%2Fsecret.png",
    "%2e%2e%2f%2e%2e%2fsecret.png",
    "sub%2F..%2F..%2F..%2Fsecret.png",
    "../../secret.png",
    "%2Fetc%2Fpasswd.png",
    "x%00.png",
    "out/secret.png",
    "model.pt",
  ]) {
    const { status, body } = await rawRequest(port, "GET", `/experiment/models/preview/loras/0/${name}`);
    assert.equal(`${status} ${body}`, "403 ", name);
  }
  assert.equal(
    (await rawRequest(port, "GET", "/experiment/models/preview/loras/0/%252e%252e%252fsecret.png")).status,
    404,
  );
});
