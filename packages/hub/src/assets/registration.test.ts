import assert from "node:assert/strict";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { openAssets } from "./test-support.ts";

const REQUEST = {
  viewer: "",
  name: undefined,
  tags: ["input"],
  userMetadata: "{}",
  hash: undefined,
  mimeType: undefined,
  previewId: undefined,
};
/** BLAKE3 of three bytes `abc`, from the algorithm's own test vectors. */
const ABC = "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";

test("an upload gets a name made of its hash; the same bytes are stored once", async (t) => {
  const { assets, folders, write } = await openAssets(t);
  const first = await assets.registration.upload(REQUEST, {
    path: write("arriving/1", "abc"),
    filename: "../../Evil.TXT",
  });
  assert.equal(first.createdNew, true);
  assert.equal(first.asset.hash, ABC);
  assert.equal(first.asset.name, "Evil.TXT");
  assert.equal(first.asset.file?.path, path.join(folders.input, `${ABC.slice(7)}.txt`));
  assert.equal(readFileSync(first.asset.file?.path ?? "", "utf8"), "abc");
  const second = await assets.registration.upload(
    { ...REQUEST, tags: [] },
    { path: write("arriving/2", "abc"), filename: "b.png" },
  );
  assert.equal(second.createdNew, false);
  assert.equal(second.asset.file, undefined);
  assert.notEqual(second.asset.id, first.asset.id);
  assert.equal((await assets.fileOfHash(ABC))?.name, "Evil.TXT");
  assert.equal(await assets.fileOfHash("blake3:xyz"), undefined);
});

test("two uploads of the same bytes at once make one file and two assets", async (t) => {
  const { assets, write } = await openAssets(t);
  const results = await Promise.all(
    [1, 2, 3].map((index) =>
      assets.registration.upload(REQUEST, {
        path: write(`arriving/${index}`, "abc"),
        filename: `${index}.txt`,
      }),
    ),
  );
  assert.equal(new Set(results.map(({ asset }) => asset.id)).size, 3);
  assert.equal(results.filter(({ createdNew }) => createdNew).length, 1);
});

test("a content whose file somebody removed is uploaded anew", async (t) => {
  const { assets, write } = await openAssets(t);
  const upload = (index: number) =>
    assets.registration.upload(
      { ...REQUEST, hash: ABC },
      { path: write(`arriving/${index}`, "abc"), filename: "a.txt" },
    );
  const { asset } = await upload(1);
  await assets.contents.remove(asset.id, "", true);
  assert.equal(existsSync(asset.file?.path ?? ""), false);
  await assert.rejects(assets.registration.fromHash(REQUEST, ABC), { code: "ASSET_NOT_FOUND" });
  const again = await upload(2);
  assert.equal(again.createdNew, true);
  assert.notEqual(again.asset.id, asset.id);
});

test("outputs are registered at once and read afterwards", async (t) => {
  const { assets, write, folders } = await openAssets(t);
  write("output/sub/a.txt", "abc");
  write("secret.txt", "secret");
  symlinkSync(path.join(folders.base, "secret.txt"), path.join(folders.output, "link.txt"));
  const file = (subfolder: string, filename: string) => ({ type: "output" as const, subfolder, filename });
  const ids = await assets.registerOutputs("job-1", [
    file("sub", "a.txt"),
    file("", "absent.txt"),
    file("..", "secret.txt"),
    file("", "link.txt"),
    file("", ""),
  ]);
  assert.deepEqual(
    ids.map((id) => typeof id),
    ["string", "undefined", "undefined", "undefined", "undefined"],
  );
  const id = ids[0] ?? "";
  let asset = await assets.catalogue.get(id, "");
  assert.equal(asset?.jobId, "job-1");
  assert.deepEqual(asset?.tags, ["output"]);
  while (asset?.hash === undefined) asset = await assets.catalogue.get(id, "");
  assert.equal(asset.hash, ABC);
  assert.deepEqual(
    await assets.registerOutputs("job-2", [file("sub", "a.txt")]),
    [id],
    "one path, one asset",
  );
});

test("an upload to a folder becomes an asset with its hash", async (t) => {
  const { assets, write } = await openAssets(t);
  write("input/painter/a.txt", "abc");
  const place = { type: "input" as const, subfolder: "painter", filename: "a.txt" };
  const asset = await assets.registerUpload(place);
  assert.equal(asset.hash, ABC);
  assert.deepEqual(asset.tags, ["input", "painter", "uploaded"]);
  assert.equal((await assets.registerUpload(place)).id, asset.id);
  await assert.rejects(assets.registerUpload({ ...place, subfolder: "../.." }), { code: "FILE_NOT_FOUND" });
});
