import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { type NodeClassAnnouncement, type NodeInfo, parseJson } from "@hearth/protocol";
import { temporaryFolders } from "../http/test-server.ts";
import { FileNames, fillLists, ObjectInfo } from "./file-lists.ts";
import { defaultModelFolders } from "./model-folders.ts";

function info(name: string, required: NodeInfo["input"]["required"] = {}): NodeInfo {
  return {
    input: { required },
    input_order: { required: Object.keys(required) },
    is_input_list: false,
    output: ["IMAGE"],
    output_is_list: [false],
    output_name: ["IMAGE"],
    name,
    display_name: name,
    description: "",
    python_module: "nodes",
    category: "image",
    output_node: false,
    has_intermediate_output: false,
    search_aliases: null,
  };
}

const LOAD_IMAGE: NodeClassAnnouncement = {
  info: info("LoadImage", { image: [[], { image_upload: true }] }),
  lists: [{ path: ["input", "required", "image", 0], folder: "input", media: ["image"] }],
};
const LOAD_VAE: NodeClassAnnouncement = {
  info: info("VAELoader", { vae_name: ["COMBO", { options: [] }] }),
  lists: [{ path: ["input", "required", "vae_name", 1, "options"], folder: "vae", fixed: ["pixel_space"] }],
};

function options(filled: NodeInfo | undefined, name: string): unknown {
  const [type, more] = filled?.input.required?.[name] ?? [];
  return Array.isArray(type) ? type : more?.["options"];
}

test("lists are filled from folders, sorted, and only with their media", (t) => {
  const folders = temporaryFolders(t);
  for (const name of ["b.png", "a.PNG", "B.jpg", "text.txt", "clip.mp4", ".upload-1", "é.webp"]) {
    writeFileSync(path.join(folders.input, name), "");
  }
  mkdirSync(path.join(folders.input, "folder.png"));
  mkdirSync(path.join(folders.models, "vae/sub/.git"), { recursive: true });
  mkdirSync(path.join(folders.output, "vae"), { recursive: true });
  writeFileSync(path.join(folders.models, "vae/sub/x.safetensors"), "");
  writeFileSync(path.join(folders.models, "vae/sub/.git/y.safetensors"), "");
  writeFileSync(path.join(folders.models, "vae/notes.txt"), "");
  writeFileSync(path.join(folders.output, "vae/saved.SAFETENSORS"), "");
  symlinkSync("..", path.join(folders.models, "vae/sub/loop"));
  const names = new FileNames(folders, defaultModelFolders(folders));
  const { text, byClass } = fillLists([LOAD_IMAGE, LOAD_VAE, { info: info("Plain") }], names);
  assert.deepEqual(options(byClass.get("LoadImage"), "image"), ["B.jpg", "a.PNG", "b.png", "é.webp"]);
  assert.deepEqual(options(byClass.get("VAELoader"), "vae_name"), [
    "pixel_space",
    "saved.SAFETENSORS",
    "sub/x.safetensors",
  ]);
  assert.deepEqual(Object.keys(parseJson(text.toString()) as object), ["LoadImage", "VAELoader", "Plain"]);
  // What was announced stays as it was.
  assert.deepEqual(options(LOAD_IMAGE.info, "image"), []);
});

test("the text is kept until a folder or a class changes", (t) => {
  const folders = temporaryFolders(t);
  const names = new FileNames(folders, defaultModelFolders(folders));
  const source = { version: 1, announcements: [LOAD_IMAGE, LOAD_VAE] };
  const objectInfo = new ObjectInfo(source, names);
  const first = objectInfo.current();
  assert.equal(objectInfo.current(), first);
  const file = path.join(folders.input, "new.png");
  writeFileSync(file, "");
  const second = objectInfo.current();
  assert.notEqual(second, first);
  assert.deepEqual(options(second.byClass.get("LoadImage"), "image"), ["new.png"]);
  assert.equal(objectInfo.current(), second);
  rmSync(file);
  assert.deepEqual(options(objectInfo.current().byClass.get("LoadImage"), "image"), []);
  rmSync(folders.input, { recursive: true });
  assert.deepEqual(options(objectInfo.current().byClass.get("LoadImage"), "image"), []);
  mkdirSync(folders.input);
  writeFileSync(file, "");
  assert.deepEqual(options(objectInfo.current().byClass.get("LoadImage"), "image"), ["new.png"]);
  source.version = 2;
  source.announcements = [LOAD_VAE];
  assert.deepEqual([...objectInfo.current().byClass.keys()], ["VAELoader"]);
});

test("a directory that rests is not read again", (t) => {
  const folders = temporaryFolders(t);
  const names = new FileNames(folders, defaultModelFolders(folders));
  const old = new Date(Date.now() - 3_600_000);
  writeFileSync(path.join(folders.input, "a.png"), "");
  utimesSync(folders.input, old, old);
  const list = { path: [], folder: "input" };
  assert.deepEqual(names.entries(list), ["a.png"]);
  // A change behind the back of the modification time is what nobody sees.
  writeFileSync(path.join(folders.input, "b.png"), "");
  utimesSync(folders.input, old, old);
  assert.deepEqual(names.entries(list), ["a.png"]);
});

test("a list may want certain endings, in any case", (t) => {
  const folders = temporaryFolders(t);
  const names = new FileNames(folders, defaultModelFolders(folders));
  for (const name of ["a.latent", "b.LATENT", "c.png"]) writeFileSync(path.join(folders.input, name), "");
  assert.deepEqual(names.entries({ path: [], folder: "input", extensions: [".latent"] }), [
    "a.latent",
    "b.LATENT",
  ]);
});
