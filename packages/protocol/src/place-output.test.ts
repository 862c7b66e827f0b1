import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import { makeFolders, resolveFolders, type Folders } from "./folders.ts";
import type { StoredFile } from "./link.ts";
import { OutputError, placeOutput } from "./place-output.ts";

function temporary(t: TestContext): Folders {
  const base = mkdtempSync(path.join(os.tmpdir(), "hearth-place-"));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const folders = resolveFolders({ base });
  makeFolders(folders);
  return folders;
}

const output = (filename: string, subfolder = ""): StoredFile => ({ filename, subfolder, type: "output" });
const content = (text: string): Readable => Readable.from([Buffer.from(text)]);

test("a name is kept, the same content is kept once, other content gets the next number", async (t) => {
  const folders = temporary(t);
  const place = async (name: string, text: string): Promise<string> =>
    (await placeOutput(folders, output(name), content(text))).filename;
  assert.equal(await place("a_00001_.png", "one"), "a_00001_.png");
  assert.equal(await place("a_00001_.png", "one"), "a_00001_.png");
  assert.equal(await place("a_00001_.png", "two"), "a_00002_.png");
  writeFileSync(path.join(folders.output, "a_00041_.webp"), "of a saver");
  assert.equal(await place("a_00001_.png", "six"), "a_00042_.png", "beyond all numbers of the prefix");
  assert.equal(await place("a_00042_.png", "six"), "a_00042_.png");
  assert.equal(readFileSync(path.join(folders.output, "a_00001_.png"), "utf8"), "one");
  assert.deepEqual(readdirSync(folders.output).sort(), [
    "a_00001_.png",
    "a_00002_.png",
    "a_00041_.webp",
    "a_00042_.png",
  ]);
});

test("names without a number get one in brackets", async (t) => {
  const folders = temporary(t);
  const names: string[] = [];
  for (const text of ["1", "2", "3", "2"]) {
    names.push((await placeOutput(folders, output("clip.mp4", "video"), content(text))).filename);
  }
  assert.deepEqual(names, ["clip.mp4", "clip (1).mp4", "clip (2).mp4", "clip (1).mp4"]);
  assert.deepEqual(await placeOutput(folders, output("x.png", "a\\b"), content("x")), output("x.png", "a/b"));
});

test("many at once never take one name", async (t) => {
  const folders = temporary(t);
  const placed = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      placeOutput(folders, output("n_00001_.png"), content(`${index}`)),
    ),
  );
  assert.equal(new Set(placed.map(({ filename }) => filename)).size, 20);
  assert.equal(readdirSync(folders.output).length, 20);
});

test("no name leads out, nothing is left of what failed", async (t) => {
  const folders = temporary(t);
  mkdirSync(path.join(folders.base, "elsewhere"));
  symlinkSync(path.join(folders.base, "elsewhere"), path.join(folders.output, "way-out"));
  writeFileSync(path.join(folders.output, "file"), "");
  for (const [filename, subfolder, error] of [
    ["x", "../input", /leaves/],
    ["x", "way-out", /leaves/],
    ["../x", "", OutputError],
    ["a\\b", "", OutputError],
    ["", "", OutputError],
    ["..", "", OutputError],
    ["x".repeat(256), "", OutputError],
    ["x", "file", OutputError],
  ] as const) {
    await assert.rejects(placeOutput(folders, output(filename, subfolder), content("x")), error, filename);
  }
  await assert.rejects(placeOutput(folders, output("big"), content("too large"), 3), { kind: "size" });
  const broken = Readable.from(
    (async function* () {
      yield Buffer.from("half");
      throw new Error("the connection broke");
    })(),
  );
  await assert.rejects(placeOutput(folders, output("half"), broken), /broke/);
  assert.deepEqual(readdirSync(folders.output).sort(), ["file", "way-out"]);
  assert.deepEqual(readdirSync(path.join(folders.base, "elsewhere")), []);
});
