import assert from "node:assert/strict";
import { test } from "node:test";
import { type JsonObject, type JsonValue } from "@hearth/protocol";
import { assembleStatic } from "../assemble/static.ts";
import { checkManifest, printManifest, readManifest } from "../manifest/read-manifest.ts";
import { announcements, nodeInfo } from "../test-support.ts";
import { readParams } from "../values/read-params.ts";
import { ImportError, importedPrompt } from "./import-document.ts";
import { proposeManifest } from "./propose.ts";

const PROMPT: JsonObject = {
  "1": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "sd15.safetensors" } },
  "2": {
    class_type: "LoraLoader",
    inputs: {
      model: ["1", 0],
      clip: ["1", 1],
      lora_name: "style.safetensors",
      strength_model: 0.8,
      strength_clip: 1,
    },
  },
  "3": { class_type: "CLIPTextEncode", inputs: { text: "bad", clip: ["2", 1] } },
  "4": { class_type: "CLIPTextEncode", inputs: { text: "good", clip: ["2", 1] }, _meta: { title: "Wish" } },
  "5": { class_type: "LoadImage", inputs: { image: "mine.png" } },
  "6": { class_type: "EmptyLatentImage", inputs: { width: 512, height: 768, batch_size: 1 } },
  "7": {
    class_type: "KSampler",
    inputs: {
      model: ["2", 0],
      positive: ["8", 0],
      negative: ["3", 0],
      latent_image: ["6", 0],
      seed: 18446744073709551615n,
      steps: 20,
      cfg: 7,
      sampler_name: "euler",
      scheduler: "normal",
      denoise: 1,
    },
  },
  "8": {
    class_type: "ControlNetApply",
    inputs: { conditioning: ["4", 0], control_net: ["9", 0], image: ["5", 0], strength: 0.5 },
  },
  "9": { class_type: "ControlNetLoader", inputs: { control_net_name: "canny.safetensors" } },
  "10": { class_type: "MysteryNode", inputs: { samples: ["7", 0] } },
};
const GIVEN = { id: "mine", name: "Mine", date: "2026-11-25" };

test("texts, seeds, sizes, pictures, models and strengths become inputs, in the order of a form", () => {
  const { manifest } = proposeManifest(PROMPT, announcements(), GIVEN);
  const listed = manifest.inputs.map(({ id, type, node_id, field }) => [id, type, node_id, field]);
  assert.deepEqual(listed, [
    ["prompt", "text", "4", "text"],
    ["negative", "text", "3", "text"],
    ["image", "image", "5", "image"],
    ["checkpoint", "checkpoint", "1", "ckpt_name"],
    ["loras", "loras", "2", undefined],
    ["control_net_name", "select", "9", "control_net_name"],
    ["size", "resolution", "6", undefined],
    ["batch_size", "int", "6", "batch_size"],
    ["steps", "int", "7", "steps"],
    ["cfg", "float", "7", "cfg"],
    ["denoise", "float", "7", "denoise"],
    ["strength", "float", "8", "strength"],
    ["seed", "seed", "7", "seed"],
  ]);
  const byId = new Map(manifest.inputs.map((input) => [input.id, input]));
  assert.equal(byId.get("prompt")?.name, "Wish");
  assert.deepEqual([byId.get("cfg")?.min, byId.get("cfg")?.max, byId.get("cfg")?.default], [0, 100, 7]);
  assert.equal(byId.get("control_net_name")?.folder, "controlnet");
  assert.deepEqual(manifest.required_models, ["sd15.safetensors", "style.safetensors", "canny.safetensors"]);
});

test("classes, models and files that are not here are named", () => {
  const { missing } = proposeManifest(PROMPT, announcements({ checkpoints: ["sd15.safetensors"] }), GIVEN);
  assert.deepEqual(missing, {
    classes: ["MysteryNode"],
    models: [
      { name: "style.safetensors", folder: "loras", node_id: "2" },
      { name: "canny.safetensors", folder: "controlnet", node_id: "9" },
    ],
    files: [{ name: "mine.png", node_id: "5" }],
  });
  const here = { input: ["mine.png"], loras: ["style.safetensors"], controlnet: ["canny.safetensors"] };
  const known = proposeManifest(PROMPT, announcements({ ...here, checkpoints: ["sd15.safetensors"] }), GIVEN);
  assert.deepEqual([known.missing.models, known.missing.files], [[], []]);
});

test("the proposal with its own defaults makes the prompt that it came from", () => {
  const { manifest } = proposeManifest(PROMPT, announcements(), GIVEN);
  const checked = checkManifest(manifest, "mine");
  const values = readParams(checked, { image: "mine.png" }, null);
  const made = assembleStatic(checked, PROMPT, values, nodeInfo);
  const sampler = (made["7"] as { inputs: JsonObject }).inputs;
  assert.equal(sampler["seed"], 18446744073709551615n);
  assert.deepEqual(made["6"], PROMPT["6"]);
  assert.equal((made["5"] as { inputs: JsonObject }).inputs["image"], "mine.png");
  assert.ok(readManifest(printManifest({ ...manifest, inputs: [] }), "mine"));
});

const embedded = (workflow: JsonValue | undefined, prompt?: JsonValue) => ({
  format: "JSON",
  workflow,
  prompt,
});

test("a workflow with classes that nobody has shows what can be read of it, and which they are", () => {
  const workflow = {
    version: 0.4,
    links: [[1, 1, 0, 2, 0, "IMAGE"]],
    nodes: [
      {
        id: 1,
        type: "EmptyImage",
        inputs: [],
        outputs: [{ name: "IMAGE", type: "IMAGE", links: [1] }],
        widgets_values: [64, 64, 1, 0],
      },
      { id: 2, type: "Mystery", inputs: [{ name: "image", type: "IMAGE", link: 1 }], outputs: [] },
    ],
  };
  const { prompt, unknownClasses } = importedPrompt(embedded(workflow), announcements());
  assert.deepEqual(unknownClasses, ["Mystery"]);
  assert.equal((prompt["1"] as JsonObject)["class_type"], "EmptyImage");
  const whole = importedPrompt(embedded(workflow, PROMPT), announcements());
  assert.deepEqual(whole, { prompt: PROMPT, unknownClasses: [] }, "the prompt beside it is whole");
});

test("what is neither a workflow nor a prompt is refused in words", () => {
  assert.throws(() => importedPrompt(embedded(undefined, { a: 1 }), announcements()), ImportError);
  assert.throws(
    () => importedPrompt(embedded(undefined, { "1": { class_type: 5 } }), announcements()),
    (error) => error instanceof ImportError && /node 1 has no class_type/.test(error.message),
  );
});
