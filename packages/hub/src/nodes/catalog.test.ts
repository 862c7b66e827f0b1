import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { InputDeclaration, JsonObject, NodeClassAnnouncement, NodeInfo } from "@hearth/protocol";
import { recordedClasses } from "../catalogue/test-support.ts";
import { FileNames, fillLists, ObjectInfo } from "../files/file-lists.ts";
import { defaultModelFolders } from "../files/model-folders.ts";
import { temporaryFolders } from "../http/test-server.ts";
import { nodeClass, testFleet } from "../workers/test-support.ts";
import { NodeCatalog } from "./catalog.ts";

function options(info: NodeInfo | undefined, name: string): unknown {
  const [type, more] = info?.input.required?.[name] ?? [];
  return Array.isArray(type) ? type : more?.["options"];
}

/** A loader with a list of files in either spelling. */
function loader(...files: string[]): NodeClassAnnouncement {
  return nodeClass("Loader", { ckpt: [files, {}], other: ["COMBO", { options: files }] });
}

test("one native worker's answer is byte for byte what its own classes print", async (t) => {
  const { fleet, join } = await testFleet(t);
  const folders = temporaryFolders(t);
  const names = new FileNames(folders, defaultModelFolders(folders));
  const classes = recordedClasses();
  const catalog = new NodeCatalog(fleet);
  assert.equal(catalog.version, 0);
  await join({ name: "native" }, classes);
  await catalog.whenKnown();
  const { text } = new ObjectInfo(catalog, names).current();
  assert.ok(text.equals(fillLists(classes, names).text));
  assert.equal(
    catalog.get("KSampler"),
    classes.find(({ info }) => info.name === "KSampler"),
  );
  // The same beside a worker that is disabled.
  const { version } = catalog;
  await join({ name: "gpu-1", engine: "comfyui" }, [loader("x.ckpt")]);
  assert.ok(catalog.version > version);
  assert.deepEqual(catalog.whereKnown("Loader"), ["gpu-1"]);
  await fleet.configure("gpu-1", { mode: "disabled" });
  assert.ok(new ObjectInfo(catalog, names).current().text.equals(text));
  assert.deepEqual(catalog.whereKnown("Loader"), []);
});

test("choices of the same input are united, in both spellings", async (t) => {
  const { fleet, join } = await testFleet(t);
  const catalog = new NodeCatalog(fleet);
  await join({ name: "gpu-2", engine: "comfyui" }, [loader("b", "c"), nodeClass("OnlyTwo")]);
  await join({ name: "gpu-1", engine: "comfyui" }, [loader("a", "b")]);
  const info = catalog.get("Loader")?.info;
  assert.deepEqual(options(info, "ckpt"), ["a", "b", "c"]);
  assert.deepEqual(options(info, "other"), ["a", "b", "c"]);
  assert.deepEqual(catalog.whereKnown("Loader"), ["gpu-1", "gpu-2"]);
  assert.deepEqual(
    [...catalog.announcements].map(({ info: { name } }) => name),
    ["Loader", "OnlyTwo"],
  );
  assert.equal(catalog.get("toString"), undefined);
});

test("a worker that went away counts; its version changes only with what can be run", async (t) => {
  const { fleet, join } = await testFleet(t);
  const catalog = new NodeCatalog(fleet);
  const link = await join({ name: "gpu-1", engine: "comfyui" }, [loader("a")]);
  const { version } = catalog;
  fleet.stateChanged(link, { isAvailable: false, problem: "down" });
  await fleet.configure("gpu-1", { mode: "paused" });
  fleet.lost(link);
  assert.equal(catalog.version, version);
  assert.deepEqual(options(catalog.get("Loader")?.info, "ckpt"), ["a"]);
});

test("choices behind a dynamic combo are united under the same key, and keys that are missing come with their inputs", async (t) => {
  const dynamic = (...keys: [string, string[]][]): NodeClassAnnouncement =>
    nodeClass("Dynamic", {
      how: [
        "COMFY_DYNAMICCOMBO_V3",
        {
          options: keys.map(([key, values]): JsonObject => ({
            key,
            inputs: { required: { file: ["COMBO", { options: values }] } },
          })),
        },
      ],
    });
  const { fleet, join } = await testFleet(t);
  const catalog = new NodeCatalog(fleet);
  await join({ name: "a", engine: "comfyui" }, [dynamic(["one", ["x"]], ["two", ["y"]])]);
  await join({ name: "b", engine: "comfyui" }, [dynamic(["two", ["z"]], ["three", ["w"]])]);
  assert.deepEqual(
    catalog.get("Dynamic")?.info.input,
    dynamic(["one", ["x"]], ["two", ["y", "z"]], ["three", ["w"]]).info.input,
  );
});

test("a native list gets the names that others have after the hub's own files", async (t) => {
  const { fleet, join } = await testFleet(t);
  const folders = temporaryFolders(t);
  const names = new FileNames(folders, defaultModelFolders(folders));
  const image: InputDeclaration = [[], { image_upload: true }];
  const native = nodeClass(
    "LoadImage",
    { image },
    {
      lists: [{ path: ["input", "required", "image", 0], folder: "input", media: ["image"] }],
    },
  );
  writeFileSync(path.join(folders.input, "own.png"), "");
  const catalog = new NodeCatalog(fleet);
  await join({ name: "gpu-1", engine: "comfyui" }, [
    nodeClass("LoadImage", { image: [["own.png", "theirs.png"], { image_upload: true }] }),
  ]);
  const objectInfo = new ObjectInfo(catalog, names);
  const alone = objectInfo.current().byClass.get("LoadImage");
  assert.deepEqual(options(alone, "image"), ["own.png", "theirs.png"], "without a native worker too");
  assert.deepEqual(catalog.get("LoadImage")?.validates, ["image"]);
  await join({ name: "native" }, [native]);
  writeFileSync(path.join(folders.input, "second.png"), "");
  const both = objectInfo.current().byClass.get("LoadImage");
  assert.deepEqual(options(both, "image"), ["own.png", "second.png", "theirs.png"]);
  assert.equal(catalog.get("LoadImage")?.validates, undefined, "the native class is the base");
});

test("a native worker on another machine offers the models of that machine", async (t) => {
  const { fleet, join } = await testFleet(t);
  const folders = temporaryFolders(t);
  const names = new FileNames(folders, defaultModelFolders(folders));
  const catalog = new NodeCatalog(fleet);
  const path = ["input", "required", "vae_name", 1, "options"];
  await join(
    { name: "far", files: "link" },
    [
      nodeClass(
        "VAELoader",
        { vae_name: ["COMBO", { options: [] }] },
        {
          lists: [{ path, folder: "vae", fixed: ["pixel_space"] }],
        },
      ),
    ],
    { models: { vae: ["far.safetensors"] } },
  );
  const info = new ObjectInfo(catalog, names).current().byClass.get("VAELoader");
  assert.deepEqual(options(info, "vae_name"), ["pixel_space", "far.safetensors"]);
});

test("who asks before any worker has come waits for one, but not for ever", async (t) => {
  const { fleet, join } = await testFleet(t);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const hopeless = new NodeCatalog(fleet);
  let isKnown = false;
  const asked = hopeless.whenKnown().then(() => (isKnown = true));
  t.mock.timers.tick(59_999);
  await Promise.resolve();
  assert.equal(isKnown, false);
  t.mock.timers.tick(1);
  await asked;
  assert.equal(hopeless.version, 0);
  const catalog = new NodeCatalog(fleet);
  const known = catalog.whenKnown();
  await join({ name: "native" }, [nodeClass("A")]);
  await known;
  assert.equal(catalog.version, 1);
});
