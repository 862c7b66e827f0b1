import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import type { Asset } from "../asset.ts";
import { type AssetsUnderTest, openAssets } from "../test-support.ts";

async function uploaded(under: AssetsUnderTest, name: string, content: string): Promise<Asset> {
  const arriving = under.write(`arriving/${name.replaceAll("/", "-")}`, content);
  const request = {
    viewer: "",
    name,
    tags: ["input"],
    userMetadata: "{}",
    hash: undefined,
    mimeType: undefined,
    previewId: undefined,
  };
  return (await under.assets.registration.upload(request, { path: arriving, filename: name })).asset;
}

async function exported(
  under: AssetsUnderTest,
  assets: readonly Asset[],
  name?: string,
): Promise<{ id: string; status: string; file: string | undefined }> {
  const { task_id: id } = under.assets.exports.add(assets, name, "");
  const { data } = await under.heard(
    ({ type, data }) =>
      type === "asset_export" &&
      data["task_id"] === id &&
      (data["status"] === "completed" || data["status"] === "failed"),
  );
  return { id, status: String(data["status"]), file: under.assets.exports.fileOf(id, "")?.path };
}

/** Name → content, read by a program that knows nothing of ours. */
function unzipped(t: TestContext, file: string): Record<string, string> {
  const script =
    "import json,sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\nprint(json.dumps({n:z.read(n).decode() for n in z.namelist()}))";
  try {
    const output = execFileSync("python3", ["-c", script, file], {
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    });
    return JSON.parse(output) as Record<string, string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    t.skip("there is no python3 to read archives with");
    return {};
  }
}

test("an archive has what was selected, under safe names of their own", async (t) => {
  const under = await openAssets(t);
  const big = "x".repeat(3_000_000);
  const assets = [
    await uploaded(under, "a.txt", "one"),
    await uploaded(under, "a.txt", "two"),
    await uploaded(under, "../../up.txt", big),
  ];
  const { id, status, file } = await exported(under, assets, "../my export");
  assert.equal(status, "completed");
  assert.equal(under.assets.exports.fileOf(id, "")?.name, "my export.zip");
  assert.equal(under.assets.exports.fileOf(id, "somebody"), undefined);
  const told = under.messages.filter(({ data }) => data["task_id"] === id).map(({ data }) => data);
  assert.equal(told[0]?.["status"], "created");
  assert.equal(told.at(-1)?.["assets_attempted"], 3);
  assert.equal(told.at(-1)?.["bytes_processed"], big.length + 6);
  assert.equal(told.at(-1)?.["progress"], 1);
  const contents = unzipped(t, file ?? "");
  assert.deepEqual(Object.keys(contents), ["a.txt", "a (1).txt", "up.txt"]);
  assert.ok(contents["up.txt"] === big);
});

test("assets without a readable file are counted, and an archive of nothing fails", async (t) => {
  const under = await openAssets(t);
  const good = await uploaded(under, "good.txt", "good");
  const gone = await uploaded(under, "gone.txt", "gone");
  const out = await uploaded(under, "out.txt", "out");
  rmSync(gone.file?.path ?? "");
  rmSync(out.file?.path ?? "");
  const secret = path.join(under.folders.base, "secret.txt");
  writeFileSync(secret, "secret");
  symlinkSync(secret, out.file?.path ?? "");
  const { id, file } = await exported(under, [good, gone, out]);
  assert.equal(under.assets.exports.get(id, "")?.assets_failed, 2);
  assert.deepEqual(unzipped(t, file ?? ""), { "good.txt": "good" });
  const nothing = await exported(under, [gone]);
  assert.equal(nothing.status, "failed");
  assert.equal(nothing.file, undefined);
  const directory = path.join(under.folders.studio, "asset-exports");
  assert.deepEqual(readdirSync(directory), [`${id}.zip`], "nothing half-made is left");
});

test("more exports than anybody needs are refused", async (t) => {
  const under = await openAssets(t);
  const asset = await uploaded(under, "a.txt", "one");
  assert.throws(
    () => {
      for (let index = 0; index < 20; index += 1) under.assets.exports.add([asset], undefined, "");
    },
    { code: "TOO_MANY_TASKS", status: 429 },
  );
});
