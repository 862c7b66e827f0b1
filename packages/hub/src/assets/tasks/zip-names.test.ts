import assert from "node:assert/strict";
import { test } from "node:test";
import { safeName, uniqueNames } from "./zip-names.ts";

test("no name leads anywhere or does harm", () => {
  const cases: Record<string, string> = {
    "a.png": "a.png",
    "../../etc/passwd": "passwd",
    "/etc/passwd": "passwd",
    "C:\\Windows\\evil.exe": "evil.exe",
    "..": "_",
    ".": "_",
    "": "file",
    "a/": "file",
    ".bashrc": "_bashrc",
    nul: "_nul",
    "COM1.txt": "_COM1.txt",
    "a\u0000b\nc.txt": "a_b_c.txt",
    "x\u202egnp.exe": "xgnp.exe",
    "trailing. . ": "trailing",
    "über größe.png": "über größe.png",
  };
  for (const [given, expected] of Object.entries(cases)) assert.equal(safeName(given), expected, given);
  const long = safeName(`${"ü".repeat(300)}.png`);
  assert.ok(Buffer.byteLength(long) <= 200 && long.endsWith(".png"));
  assert.equal(safeName("\ud800.png").isWellFormed(), true);
});

test("each name comes once, whatever its case", () => {
  assert.deepEqual(uniqueNames(["a.png", "A.png", "x/a.png", "a (1).png", "b"]), [
    "a.png",
    "A (1).png",
    "a (2).png",
    "a (1) (1).png",
    "b",
  ]);
});
