import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { defaultModelFolders } from "../files/model-folders.ts";
import { temporaryFolders } from "../http/test-server.ts";
import { destinationOf } from "./destination.ts";
import { assetRoots, isInside, locate } from "./roots.ts";

test("a file is in one root, and its tags follow from its place", (t) => {
  const folders = temporaryFolders(t);
  const roots = assetRoots(folders, defaultModelFolders(folders));
  const at = (...parts: string[]) => {
    const located = locate(roots, path.join(folders.base, ...parts));
    return located === undefined
      ? undefined
      : [located.file.root, located.file.loaderPath, located.file.displayPath, ...located.tags];
  };
  assert.deepEqual(at("input", "a.png"), ["input", "a.png", "a.png", "input"]);
  assert.deepEqual(at("input", "pasted", "a.png"), [
    "input",
    "pasted/a.png",
    "pasted/a.png",
    "input",
    "pasted",
  ]);
  assert.deepEqual(at("input", "pasted", "deep", "a.png")?.slice(3), ["input"]);
  assert.deepEqual(at("temp", "a.png")?.slice(3), ["temp"]);
  assert.deepEqual(at("models", "loras", "sub", "x.safetensors"), [
    "models",
    "sub/x.safetensors",
    "loras/sub/x.safetensors",
    "models",
    "model_type:loras",
  ]);
  assert.deepEqual(at("output", "checkpoints", "x.safetensors")?.slice(3), [
    "output",
    "models",
    "model_type:checkpoints",
  ]);
  assert.deepEqual(at("models", "loras", "notes.txt"), ["models", "notes.txt", "loras/notes.txt"]);
  for (const outside of [
    ["user", "x.png"],
    ["custom_nodes", "pack", "index.ts"],
    ["input", "..", "secret.png"],
    ["input"],
  ]) {
    assert.equal(at(...outside), undefined, outside.join("/"));
  }
});

test("a link that leads out of its folder is not inside", async (t) => {
  const folders = temporaryFolders(t);
  const roots = assetRoots(folders, defaultModelFolders(folders));
  const secret = path.join(folders.base, "secret.txt");
  writeFileSync(secret, "secret");
  writeFileSync(path.join(folders.input, "own.txt"), "own");
  mkdirSync(path.join(folders.models, "loras"));
  symlinkSync(secret, path.join(folders.input, "out.txt"));
  symlinkSync("own.txt", path.join(folders.input, "within.txt"));
  symlinkSync(secret, path.join(folders.models, "loras", "big.safetensors"));
  const isIn = async (...parts: string[]): Promise<boolean | undefined> => {
    const located = locate(roots, path.join(folders.base, ...parts));
    return located === undefined ? undefined : isInside(roots, located.file);
  };
  assert.equal(await isIn("input", "own.txt"), true);
  assert.equal(await isIn("input", "within.txt"), true);
  assert.equal(await isIn("input", "out.txt"), false);
  assert.equal(await isIn("input", "absent.txt"), false);
  assert.equal(await isIn("models", "loras", "big.safetensors"), true, "the operator's link");
});

test("the tags of an upload name one destination", (t) => {
  const folders = temporaryFolders(t);
  const roots = assetRoots(folders, defaultModelFolders(folders));
  const to = (...tags: string[]): string => destinationOf(roots, tags).directory;
  assert.equal(to("input", "x"), folders.input);
  assert.equal(to("output"), folders.output);
  assert.equal(to("model_type:vae", "models"), path.join(folders.models, "vae"));
  const refused = (message: RegExp, ...tags: string[]): void =>
    assert.throws(() => destinationOf(roots, tags), { message, code: "INVALID_BODY", status: 400 });
  refused(/^tags are required for new asset uploads$/);
  const one = /^uploads require exactly one destination role: input, models, or output$/;
  refused(one, "temp");
  refused(one, "input", "output");
  const type = /^models uploads require exactly one model_type:<folder_name> tag$/;
  refused(type, "models");
  refused(type, "models", "model_type:vae", "model_type:loras");
  for (const category of ["nope", "../input", "custom_nodes", "__proto__", ""]) {
    refused(/^unknown model category '.*'$/, "models", `model_type:${category}`);
  }
});
