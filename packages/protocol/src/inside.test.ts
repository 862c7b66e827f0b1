import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { OutsideError, resolveInside, resolveInsideSync } from "./inside.ts";

test("nothing leads out, also not through links whose end does not exist yet", async (t) => {
  const base = mkdtempSync(path.join(os.tmpdir(), "hearth-inside-"));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const root = path.join(base, "root");
  mkdirSync(path.join(root, "sub"), { recursive: true });
  mkdirSync(path.join(base, "outside"));
  writeFileSync(path.join(root, "file"), "");
  symlinkSync(path.join(base, "outside"), path.join(root, "out"));
  symlinkSync("../outside/new", path.join(root, "dangling"));
  symlinkSync("dangling", path.join(root, "twice"));
  symlinkSync("loop", path.join(root, "loop"));
  symlinkSync("sub/new", path.join(root, "fine"));

  for (const good of ["", "file", "sub/../file", "new/deep/file", "fine", "fine/x", "..file"]) {
    const expected = path.resolve(root, good);
    assert.equal(await resolveInside(root, good), expected);
    assert.equal(resolveInsideSync(root, good), expected);
  }
  for (const bad of [
    "..",
    "../rootless",
    "/etc",
    "a\0b",
    "out",
    "out/x",
    "dangling",
    "dangling/x",
    "twice",
    "loop",
  ]) {
    await assert.rejects(resolveInside(root, bad), OutsideError, bad);
    assert.throws(() => resolveInsideSync(root, bad), OutsideError, bad);
  }
});
