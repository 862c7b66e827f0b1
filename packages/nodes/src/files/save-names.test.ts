import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { nextCounter, saveNumbered, saveTarget } from "./save-names.ts";

const root = mkdtempSync(path.join(tmpdir(), "hearth-names-"));
test.after(() => rmSync(root, { recursive: true, force: true }));
const png = (name: string, counter: string): string => `${name}_${counter}_.png`;

test("counters follow the largest number of the same name", () => {
  assert.equal(nextCounter([], "ab"), 1);
  assert.equal(nextCounter(["ab_00007_.png", "ab_junk_.png", "abc_00100_.png", "ab_00003.png"], "ab"), 8);
  assert.equal(nextCounter(["ab_123456_.png"], "ab"), 123_457);
  assert.equal(nextCounter(["ab_x_.png"], "ab"), 1);
});

test("prefixes are expanded, and stay inside their folder", async () => {
  const now = new Date(2026, 0, 2, 3, 4, 5);
  const target = await saveTarget(
    "%year%-%month%/%width%x%height%_%second%",
    root,
    { width: 8, height: 9 },
    now,
  );
  assert.deepEqual([target.subfolder, target.name, target.counter], ["2026-01", "8x9_05", 1]);
  for (const prefix of ["../x", "/etc/x", "a/../../x"]) {
    await assert.rejects(saveTarget(prefix, root), /outside the output folder/);
  }
});

test("two savers at once never share a number, and leave no temporary file", async () => {
  const write = (temporary: string): Promise<void> => writeFile(temporary, "x");
  const targets = await Promise.all([saveTarget("both/y", root), saveTarget("both/y", root)]);
  const names = await Promise.all(
    targets.flatMap((target) => [saveNumbered(target, png, write), saveNumbered(target, png, write)]),
  );
  assert.deepEqual(names.toSorted(), ["y_00001_.png", "y_00002_.png", "y_00003_.png", "y_00004_.png"]);
  await assert.rejects(
    saveNumbered(targets[0], png, () => Promise.reject(new Error("full"))),
    /full/,
  );
  assert.deepEqual(readdirSync(path.join(root, "both")).toSorted(), names.toSorted());
});

test("a folder of 10,000 files is no burden", async () => {
  const { folder } = await saveTarget("many/z", root);
  for (let i = 1; i <= 10_000; i++)
    writeFileSync(path.join(folder, png("z", String(i).padStart(5, "0"))), "");
  const start = performance.now();
  assert.equal((await saveTarget("many/z", root)).counter, 10_001);
  assert.ok(performance.now() - start < 500);
});
