import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { rawRequest, startServer } from "../test-server.ts";

function safetensors(header: string, length = BigInt(Buffer.byteLength(header))): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length);
  return Buffer.concat([prefix, Buffer.from(header)]);
}

test("what a safetensors file says about itself", async (t) => {
  const { port, folders } = await startServer(t);
  const folder = path.join(folders.models, "loras");
  mkdirSync(path.join(folder, "sub.safetensors"), { recursive: true });
  const write = (name: string, bytes: Buffer): void => writeFileSync(path.join(folder, name), bytes);
  write("good.safetensors", safetensors('{"__metadata__": {"ss_rank": "16"}, "w": {}}'));
  write("plain.safetensors", safetensors('{"w": {}}'));
  write("broken.safetensors", safetensors("{no json"));
  write("long.safetensors", safetensors("{}", 2n ** 63n));
  write("cut.safetensors", safetensors("{}", 1000n));
  write("short.safetensors", Buffer.from("x"));
  write("good.ckpt", safetensors('{"__metadata__": {}}'));
  const get = (folderName: string, name: string) =>
    rawRequest(port, "GET", `/view_metadata/${folderName}?filename=${name}`);
  assert.equal((await get("loras", "good.safetensors")).body, '{"ss_rank": "16"}');
  assert.equal((await get("loras", "../../good.safetensors")).body, '{"ss_rank": "16"}');
  for (const name of ["plain", "broken", "long", "cut", "short", "sub", "nope", "%00", "../vae/x"]) {
    assert.equal((await get("loras", `${name}.safetensors`)).status, 404, name);
  }
  assert.equal((await get("loras", "good.ckpt")).status, 404);
  assert.equal((await get("nothing", "good.safetensors")).status, 404);
});
