import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonFloat, type JsonObject } from "@hearth/protocol";
import { checkManifest } from "../manifest/read-manifest.ts";
import { nodeInfo } from "../test-support.ts";
import { PlaceholderError } from "./placeholders.ts";
import { assembleStatic } from "./static.ts";

function assemble(
  inputs: object[],
  prompt: JsonObject,
  values: JsonObject,
): Record<string, { inputs: JsonObject }> {
  const before = structuredClone(prompt);
  const manifest = checkManifest({ id: "w", name: "w", inputs }, "w");
  const made = assembleStatic(manifest, prompt, values, nodeInfo);
  assert.deepEqual(prompt, before, "the workflow itself stays as it is");
  return made as unknown as Record<string, { inputs: JsonObject }>;
}

const node = (class_type: string, inputs: JsonObject): JsonObject => ({ class_type, inputs });

test("values go to node_id and field, and to every target, in the type that the class declares", () => {
  const made = assemble(
    [
      {
        id: "width",
        type: "float",
        node_id: 1,
        field: "width",
        targets: { other: { node_id: "2", field: "width" } },
      },
      { id: "label", type: "int", node_id: "3", field: "filename_prefix" },
      { id: "unset", type: "image", node_id: "1", field: "height" },
    ],
    {
      "1": node("EmptyImage", { width: 1, height: 2 }),
      "2": node("EmptyImage", { width: 1 }),
      "3": node("SaveImage", { images: ["1", 0], filename_prefix: "" }),
    },
    { width: new JsonFloat(64), label: 5, unset: null },
  );
  assert.deepEqual(made["1"]?.inputs, { width: 64, height: 2 });
  assert.equal(made["2"]?.inputs["width"], 64);
  assert.equal(made["3"]?.inputs["filename_prefix"], "5");
});

test("a placeholder alone keeps its type, within a text it becomes text, and is never looked into again", () => {
  const made = assemble(
    [
      { id: "size", type: "resolution" },
      { id: "word", type: "text" },
      { id: "on", type: "boolean" },
      { id: "none", type: "image" },
    ],
    {
      "1": node("EmptyImage", { width: "{{ size.width }}", height: "{{size.height}}", color: "{{none}}" }),
      "2": node("SaveImage", {
        images: ["1", 0],
        filename_prefix: "{{word}}-{{size.width}}-{{none}}-{{on}}",
      }),
    },
    { size: { width: 8, height: 16 }, word: "{{size.width}}", on: true, none: null },
  );
  assert.deepEqual(made["1"]?.inputs, { width: 8, height: 16 }, "what has no value is left to the node");
  assert.equal(made["2"]?.inputs["filename_prefix"], "{{size.width}}-8--true");
  assert.throws(
    () => assemble([], { "1": node("EmptyImage", { width: "{{size}}" }) }, {}),
    (error) => error instanceof PlaceholderError && /\{\{size\}\} names no input/.test(error.message),
  );
});

test("a resolution fills width and height of one node", () => {
  const made = assemble(
    [{ id: "size", type: "resolution", node_id: "1" }],
    { "1": node("EmptyImage", { width: 1, height: 1, batch_size: 1 }) },
    { size: { width: 320, height: 200 } },
  );
  assert.deepEqual(made["1"]?.inputs, { width: 320, height: 200, batch_size: 1 });
});

test("an input that goes to a node which is not there is the author's mistake", () => {
  assert.throws(
    () =>
      assemble(
        [{ id: "a", type: "int", node_id: "9", field: "x" }],
        { "1": node("EmptyImage", {}) },
        { a: 1 },
      ),
    /input 'a' goes to node 9/,
  );
});

const LOADER = {
  "1": node("CheckpointLoaderSimple", { ckpt_name: "c" }),
  "2": node("LoraLoader", {
    model: ["1", 0],
    clip: ["1", 1],
    lora_name: "",
    strength_model: 0,
    strength_clip: 0,
  }),
  "3": node("CLIPTextEncode", { clip: ["2", 1], text: "" }),
  "4": node("KSampler", { model: ["2", 0], positive: ["3", 0] }),
};
const LORAS = [{ id: "loras", type: "loras", node_id: "2" }];

test("several LoRAs become a chain of loaders", () => {
  const loras = ["a", "b", "c"].map((name, at) => ({ name, strength: (at + 1) / 4 }));
  const made = assemble(LORAS, LOADER, { loras });
  assert.deepEqual(made["2"]?.inputs, {
    model: ["1", 0],
    clip: ["1", 1],
    lora_name: "a",
    strength_model: 0.25,
    strength_clip: 0.25,
  });
  assert.deepEqual(made["2-2"]?.inputs["model"], ["2", 0]);
  assert.deepEqual(made["2-3"]?.inputs["clip"], ["2-2", 1]);
  assert.equal(made["2-3"]?.inputs["lora_name"], "c");
  assert.deepEqual(made["4"]?.inputs["model"], ["2-3", 0]);
  assert.deepEqual(made["3"]?.inputs["clip"], ["2-3", 1]);
});

test("without any LoRA the loader goes, and links lead past it", () => {
  const made = assemble(LORAS, LOADER, { loras: [] });
  assert.deepEqual(Object.keys(made), ["1", "3", "4"]);
  assert.deepEqual(made["4"]?.inputs["model"], ["1", 0]);
  assert.deepEqual(made["3"]?.inputs["clip"], ["1", 1]);
});

test("a pair of LoRAs goes to the loaders of the high and the low noise", () => {
  const pair = [{ id: "pair", type: "lora", targets: { high: { node_id: "2" }, low: { node_id: "6" } } }];
  const prompt = {
    "1": node("UNETLoader", { unet_name: "h" }),
    "2": node("LoraLoaderModelOnly", { model: ["1", 0], lora_name: "", strength_model: 0 }),
    "5": node("UNETLoader", { unet_name: "l" }),
    "6": node("LoraLoaderModelOnly", { model: ["5", 0], lora_name: "", strength_model: 0 }),
    "7": node("KSampler", { model: ["2", 0] }),
    "8": node("KSampler", { model: ["6", 0] }),
  };
  const made = assemble(pair, prompt, { pair: { high: "a", low: "b", strength: 0.5, strength_low: 0.75 } });
  assert.deepEqual([made["2"]?.inputs["lora_name"], made["2"]?.inputs["strength_model"]], ["a", 0.5]);
  assert.deepEqual([made["6"]?.inputs["lora_name"], made["6"]?.inputs["strength_model"]], ["b", 0.75]);
  const one = assemble(pair, prompt, { pair: { high: "a", low: null, strength: 0.5, strength_low: 0.5 } });
  assert.deepEqual(one["8"]?.inputs["model"], ["5", 0]);
  assert.ok(!("6" in one));
});
