import assert from "node:assert/strict";
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { temporaryFolders } from "../test-server.ts";
import { pruneThumbnails } from "./thumbnail-make.ts";

test("of too many thumbnails the oldest go", async (t) => {
  const folder = path.join(temporaryFolders(t).studio, "thumbnails");
  assert.equal(await pruneThumbnails(folder, 2), 0);
  for (const [index, name] of ["aa/old", "bb/new", "cc/older", "dd/newer"].entries()) {
    const file = path.join(folder, `${name}.webp`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, "");
    const at = [2_000, 3_000, 1_000, 4_000][index] ?? 0;
    utimesSync(file, at, at);
  }
  assert.equal(await pruneThumbnails(folder, 2), 2);
  const left = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".webp"),
  );
  assert.deepEqual(left.sort(), [path.join("bb", "new.webp"), path.join("dd", "newer.webp")]);
});
