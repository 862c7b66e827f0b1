import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { JsonFloat, type JsonObject } from "@hearth/protocol";
import { recordedClasses } from "../catalogue/test-support.ts";
import { temporaryFolders } from "../http/test-server.ts";
import { NodeCatalog } from "../nodes/catalog.ts";
import { NeedInputs } from "./need-inputs.ts";
import { needsOf, needsText, readNeeds } from "./needs.ts";
import { nodeClass, testFleet } from "./test-support.ts";

const SAMPLERS = ["euler", "heun"];
const LOADER = nodeClass("Loader", { ckpt: [["a.safetensors", "b.safetensors"], {}] });
const SAMPLER = nodeClass("Sampler", { model: ["MODEL"], sampler: [SAMPLERS, {}], seed: ["INT", {}] });
const SAVE = nodeClass("Save", { images: ["IMAGE"], prefix: ["STRING", {}] }, { isOutput: true });
const IMAGE = nodeClass("LoadImage", { image: [["there.png"], { image_upload: true }] });

function prompt(more: { ckpt?: string; seed?: number; sampler?: string; id?: string } = {}): JsonObject {
  const id = more.id ?? "1";
  return {
    [id]: { class_type: "Loader", inputs: { ckpt: more.ckpt ?? "a.safetensors" } },
    "2": {
      class_type: "Sampler",
      inputs: { model: [id, 0], sampler: more.sampler ?? "euler", seed: more.seed ?? 1 },
    },
    "3": { class_type: "Save", inputs: { images: ["2", 0], prefix: "x.safetensors" } },
    "4": { class_type: "Unreached", inputs: {} },
  };
}

test("needs are classes and model files of what the outputs reach", async (t) => {
  const { fleet, join } = await testFleet(t);
  await join({ name: "gpu-1", engine: "comfyui" }, [LOADER, SAMPLER, SAVE]);
  const source = new NeedInputs(new NodeCatalog(fleet), temporaryFolders(t));
  assert.deepEqual(needsOf(prompt(), ["3"], source, ["gpu", "big"]), {
    classes: ["Loader", "Sampler", "Save"],
    values: [["Loader", "ckpt", "a.safetensors"]],
    models: ["a.safetensors"],
    tags: ["big", "gpu"],
  });
  const text = needsText(needsOf(prompt(), ["3"], source));
  // Another seed, sampler, title, node id: the same group. Another model: another one.
  for (const same of [{ seed: 2 }, { sampler: "heun" }, { id: "77" }]) {
    assert.equal(needsText(needsOf(prompt(same), ["3"], source)), text);
  }
  assert.notEqual(needsText(needsOf(prompt({ ckpt: "b.safetensors" }), ["3"], source)), text);
  assert.deepEqual(readNeeds(text), needsOf(prompt(), ["3"], source));
  assert.ok(text.length < 150, text);
});

test("a choice that some worker lacks is needed, one that all have is not", async (t) => {
  const { fleet, join } = await testFleet(t);
  await join({ name: "gpu-1", engine: "comfyui" }, [LOADER, SAMPLER, SAVE]);
  const more = nodeClass("Sampler", { model: ["MODEL"], sampler: [[...SAMPLERS, "new"], {}], seed: ["INT"] });
  await join({ name: "gpu-2", engine: "comfyui" }, [LOADER, more, SAVE]);
  const source = new NeedInputs(new NodeCatalog(fleet), temporaryFolders(t));
  assert.equal(needsOf(prompt(), ["3"], source).values.length, 1);
  assert.deepEqual(needsOf(prompt({ sampler: "new" }), ["3"], source).values, [
    ["Loader", "ckpt", "a.safetensors"],
    ["Sampler", "sampler", "new"],
  ]);
});

test("numbers, switches and several choices at once are compared as what they are", async (t) => {
  const { fleet, join } = await testFleet(t);
  const odd = (...sizes: (number | boolean | JsonFloat)[]) =>
    nodeClass("Odd", { size: ["COMBO", { options: sizes, multiselect: true }] }, { isOutput: true });
  await join({ name: "a", engine: "comfyui" }, [odd(1, 2, new JsonFloat(3))]);
  await join({ name: "b", engine: "comfyui" }, [odd(1, 3, true)]);
  const source = new NeedInputs(new NodeCatalog(fleet), temporaryFolders(t));
  const values = (size: unknown) =>
    needsOf({ "1": { class_type: "Odd", inputs: { size } } } as JsonObject, ["1"], source).values;
  assert.deepEqual(values(1), []);
  assert.deepEqual(values(3), []);
  assert.deepEqual(values([1, 2, true]), [
    ["Odd", "size", 2],
    ["Odd", "size", true],
  ]);
  assert.deepEqual(values(["1", 0]), [], "a link is no choice");
});

test("a picture that the hub has is no need, wherever it lies; one that only a worker has is", async (t) => {
  const { fleet, join } = await testFleet(t);
  const folders = temporaryFolders(t);
  await join({ name: "gpu-1", engine: "comfyui" }, [IMAGE, SAVE]);
  writeFileSync(path.join(folders.input, "mine.png"), "");
  writeFileSync(path.join(folders.output, "made.png"), "");
  const source = new NeedInputs(new NodeCatalog(fleet), folders);
  const values = (image: string) =>
    needsOf({ "1": { class_type: "LoadImage", inputs: { image } } }, ["1"], source).values;
  assert.deepEqual(values("mine.png"), []);
  assert.deepEqual(values("made.png [output]"), []);
  assert.deepEqual(values("there.png"), [["LoadImage", "image", "there.png"]]);
  assert.deepEqual(values("../output/made.png"), [["LoadImage", "image", "../output/made.png"]]);
});

test("lists of model folders name models, their fixed entries do not", async (t) => {
  const { fleet, join } = await testFleet(t);
  await join({ name: "native" }, recordedClasses());
  const source = new NeedInputs(new NodeCatalog(fleet), temporaryFolders(t));
  const vae = (vae_name: string) =>
    needsOf({ "1": { class_type: "VAELoader", inputs: { vae_name } } }, ["1"], source);
  assert.deepEqual(vae("my.safetensors").models, ["my.safetensors"]);
  const config = { "1": { class_type: "CheckpointLoader", inputs: { config_name: "v1.yaml" } } };
  assert.deepEqual(
    needsOf(config, ["1"], source).models,
    ["v1.yaml"],
    "of a model folder, whatever its ending",
  );
});

test("a chain of 20,000 nodes and links in a circle end", async (t) => {
  const { fleet, join } = await testFleet(t);
  await join({ name: "gpu-1", engine: "comfyui" }, [SAVE]);
  const source = new NeedInputs(new NodeCatalog(fleet), temporaryFolders(t));
  const nodes = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, index) => [
      String(index),
      { class_type: "Save", inputs: { images: [String((index + 1) % 20_000), 0] } },
    ]),
  );
  assert.deepEqual(needsOf(nodes, ["0"], source).classes, ["Save"]);
});
