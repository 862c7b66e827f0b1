import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { isNewer, readVersionFile, readVersions } from "./versions.ts";

test("S-92 whole numbers are compared by size, dotted versions number by number", () => {
  assert.equal(isNewer(29, 28), true);
  assert.equal(isNewer(28, 28), false);
  assert.equal(isNewer(27, 28), false);
  assert.equal(isNewer("12.10.0", "12.9.9"), true);
  assert.equal(isNewer("12.9.9", "12.10.0"), false);
  assert.equal(isNewer("20.4", "20.4.0"), false);
  assert.equal(isNewer("20.4.0.1", "20.4"), true);
  assert.equal(isNewer("1.0.0-beta", "1.0.0"), false);
});

test("S-92 a version of another type is taken", () => {
  assert.equal(isNewer("1.0.0", 5), true);
  assert.equal(isNewer(1, "9.0.0"), true);
});

test("S-87 a missing or broken version.json says version 0 everywhere", async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-versions-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "version.json");
  for (const text of [undefined, "{broken", "[]", '{"components": 7, "app_version": 1}']) {
    if (text !== undefined) writeFileSync(file, text);
    const { appVersion, date, minRuntime, components } = await readVersionFile(file);
    assert.deepEqual([appVersion, date, minRuntime], ["0.0.0", "", 0]);
    assert.deepEqual(components.backend, { version: "0.0.0", date: "" });
    assert.deepEqual(components.workflows, { version: 0, date: "" });
  }
});

test("a document keeps what this version does not know", () => {
  const whole = { app_version: "1.2.3", further: { thing: 1 } };
  assert.deepEqual(readVersions(whole).whole, whole);
});
