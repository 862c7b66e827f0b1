import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, utimesSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import type { Asset } from "../asset.ts";
import type { Assets } from "../assets.ts";
import { openAssets, query } from "../test-support.ts";

async function listed(assets: Assets): Promise<Asset[]> {
  return [...(await assets.catalogue.list(query({ sort: "name", order: "asc", limit: 500 }))).assets];
}

async function names(assets: Assets): Promise<string[]> {
  return (await listed(assets)).map(({ name }) => name);
}

test("a scan registers what lies in the folders, with what it finds out", async (t) => {
  const { assets, folders, write, messages } = await openAssets(t);
  const png = await sharp({ create: { width: 7, height: 5, channels: 3, background: "red" } })
    .png()
    .toBuffer();
  write("input/pasted/p.png", png);
  write("output/o.txt", "text");
  write("input/.hidden", "x");
  write("input/.git/config", "x");
  write("input/.upload-1", "x");
  write("temp/t.png", "x");
  write("models/loras/broken.safetensors", "short");
  const header = Buffer.from(
    '{"__metadata__": {"title": "T"}, "w": {"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12]}}',
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  write("models/vae/v.safetensors", Buffer.concat([length, header, Buffer.alloc(12)]));
  write("models/vae/readme.md", "no model");
  symlinkSync("..", path.join(folders.input, "loop"));

  const result = await assets.scan();
  assert.deepEqual(result?.errors, []);
  assert.equal(result?.status, "completed");
  assert.equal(result?.progress.created, 4);
  const all = await listed(assets);
  assert.deepEqual(
    all.map(({ name }) => name),
    ["broken.safetensors", "o.txt", "p.png", "v.safetensors"],
  );
  const facts = Object.fromEntries(
    all.map(({ name, metadata }) => [name, JSON.parse(metadata ?? "null") as Record<string, unknown>]),
  );
  assert.deepEqual(facts["p.png"], {
    filename: "pasted/p.png",
    content_length: png.length,
    content_type: "image/png",
    kind: "image",
    width: 7,
    height: 5,
  });
  assert.equal(facts["v.safetensors"]?.["parameters"], 6);
  assert.deepEqual(facts["v.safetensors"]["safetensors_metadata"], { title: "T" });
  assert.deepEqual(all[2]?.tags, ["input", "pasted"]);
  assert.deepEqual(all[3]?.tags, ["model_type:vae", "models"]);
  assert.equal(all[0]?.hash, undefined, "nobody asked for hashes");
  assert.ok(!JSON.stringify(all.map(({ metadata }) => metadata)).includes(folders.base));
  const told = messages.map(({ type }) => type).filter((type) => !type.endsWith("progress"));
  assert.deepEqual(told, [
    "assets.seed.started",
    "assets.seed.fast_complete",
    "assets.seed.enrich_complete",
    "assets.seed.completed",
  ]);
  const again = await assets.scan();
  assert.equal(again?.progress.created, 0);
  assert.equal(again?.progress.skipped, 4);
});

test("what vanishes is hidden, and shown again when it is back; what changes keeps its id", async (t) => {
  const { assets, write } = await openAssets(t, { hashing: true });
  const file = write("input/a.txt", "one");
  const kept = write("input/b.txt", "one");
  await assets.scan();
  const [a, b] = await listed(assets);
  assert.equal(a?.hash, b?.hash, "equal bytes are one content");
  assert.match(a?.hash ?? "", /^blake3:[0-9a-f]{64}$/);
  rmSync(file);
  await assets.scan(["input"]);
  assert.deepEqual(await names(assets), ["b.txt"]);
  write("input/a.txt", "another text");
  await assets.scan(["input"]);
  const [back] = await listed(assets);
  assert.equal(back?.id, a?.id);
  assert.equal(back?.size, 12);
  assert.notEqual(back?.hash, a?.hash);
  rmSync(kept);
  assert.equal(await assets.prune(), 1);
  assert.equal(await assets.prune(), 0);
  assert.deepEqual(await names(assets), ["a.txt"]);
});

test("a temporary file that is gone is hidden by any scan", async (t) => {
  const { assets, write } = await openAssets(t);
  const file = write("temp/preview.png", "x");
  await assets.registerOutputs("job", [{ type: "temp", subfolder: "", filename: "preview.png" }]);
  assert.deepEqual(await names(assets), ["preview.png"]);
  rmSync(file);
  await assets.scan(["input"]);
  assert.deepEqual(await names(assets), []);
});

test("a deleted asset stays deleted until its file is another one", async (t) => {
  const { assets, write } = await openAssets(t);
  write("input/a.txt", "one");
  await assets.scan();
  const [a] = await listed(assets);
  await assets.contents.remove(a?.id ?? "", "", false);
  await assets.scan();
  assert.deepEqual(await names(assets), []);
  const file = write("input/a.txt", "other");
  utimesSync(file, 1, 1);
  await assets.scan();
  const [fresh] = await listed(assets);
  assert.equal(fresh?.name, "a.txt");
  assert.notEqual(fresh?.id, a?.id);
});

test("links out of the folders are not followed, in models they are", async (t) => {
  const { assets, folders, write } = await openAssets(t);
  write("secret/s.txt", "secret");
  write("disk/big.safetensors", "12345678");
  mkdirSync(path.join(folders.models, "loras"));
  symlinkSync(path.join(folders.base, "secret"), path.join(folders.input, "folder"));
  symlinkSync(path.join(folders.base, "secret", "s.txt"), path.join(folders.input, "s.txt"));
  symlinkSync(path.join(folders.base, "absent"), path.join(folders.input, "dangling"));
  symlinkSync(path.join(folders.base, "disk"), path.join(folders.models, "loras", "disk"));
  await assets.scan();
  const [only, ...others] = await listed(assets);
  assert.deepEqual(others, []);
  assert.equal(only?.file?.loaderPath, "disk/big.safetensors");
});

test("one scan at a time; it stands still while paused and ends when cancelled", async (t) => {
  const { assets, write, heard } = await openAssets(t);
  for (let index = 0; index < 300; index += 1) write(`input/${index}.txt`, String(index));
  assets.setBusy(true);
  const scan = assets.scan();
  await heard(({ type }) => type === "assets.seed.paused");
  assert.equal((await assets.scanStatus()).state, "PAUSED");
  assert.equal(await assets.startScan(), false);
  assert.equal(await assets.scan(), undefined);
  assert.equal(await assets.prune(), undefined);
  assets.setBusy(false);
  await heard(({ type }) => type === "assets.seed.resumed");
  assert.equal((await scan)?.status, "completed");
  assert.equal((await assets.scanStatus()).state, "IDLE");

  assets.setBusy(true);
  const cancelled = assets.scan();
  assert.equal(await assets.cancelScan(), true);
  assert.equal((await cancelled)?.status, "cancelled");
  await heard(({ type }) => type === "assets.seed.cancelled");
  assert.equal(await assets.cancelScan(), false);
  assert.deepEqual((await assets.scanStatus()).state, "IDLE");
});
