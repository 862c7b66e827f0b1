import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { makeFolders, resolveFolders } from "@hearth/protocol";
import { filesOfPrompt } from "./prompt-files.ts";

test("names among the inputs become files, each once; what leads outside or is no file does not", async (t) => {
  const base = mkdtempSync(path.join(os.tmpdir(), "hearth-prompt-files-"));
  t.after(() => rmSync(base, { recursive: true }));
  const folders = resolveFolders({ base });
  makeFolders(folders);
  mkdirSync(path.join(folders.input, "sub.png"));
  writeFileSync(path.join(folders.input, "a.png"), "12345");
  writeFileSync(path.join(folders.input, "sub.png", "b.png"), "1");
  writeFileSync(path.join(folders.output, "c.png"), "12");
  writeFileSync(path.join(base, "secret.txt"), "no");
  symlinkSync(path.join(base, "secret.txt"), path.join(folders.input, "link.txt"));
  const prompt = {
    "1": { class_type: "LoadImage", inputs: { image: "a.png", text: "a cat. And a dog", link: ["9", 0] } },
    "2": { class_type: "Batch", inputs: { images: ["a.png", "sub.png/b.png"], folder: "sub.png" } },
    "3": { class_type: "LoadImage", inputs: { image: "c.png [output]", other: "c.png" } },
    "4": { class_type: "X", inputs: { a: "../secret.txt", b: "link.txt", c: "\u0000.png", d: 5 } },
  };
  const found = await filesOfPrompt(JSON.stringify(prompt), folders);
  assert.deepEqual(
    found.map(({ type, name, size }) => `${type} ${name} ${size}`),
    ["input a.png 5", "input sub.png/b.png 1", "output c.png 2"],
  );
  assert.ok(found.every(({ modifiedMs }) => Number.isSafeInteger(modifiedMs)));
});
