import assert from "node:assert/strict";
import { test } from "node:test";
import { validatePrompt } from "@hearth/graph";
import type { JsonObject } from "@hearth/protocol";
import { Catalogue } from "./catalogue.ts";
import { Runner } from "./runner.ts";
import { readinessOf } from "./readiness.ts";
import { SHIPPED_WORKFLOWS } from "./shipped.ts";
import { announcements, nodeInfo } from "./test-support.ts";
import { workflowOfPrompt } from "./ui-graph.ts";

const FILES = {
  input: ["a.png", "b.png", "v.mp4"],
  checkpoints: ["v1-5-pruned-emaonly-fp16.safetensors"],
  loras: ["style.safetensors", "light.safetensors"],
};
const PICTURES = [{ image: "a.png" }, { image: "b.png" }];

/** Parameters that use everything a workflow has, by its id. */
const PARAMS: Readonly<Record<string, JsonObject[]>> = {
  "batch-watermark": [
    { pictures: PICTURES, mark: "b.png" },
    { pictures: PICTURES, with_mark: false },
  ],
  collage: [{ pictures: PICTURES, caption: "a" }],
  "colour-grade": [{ image: "a.png", with_reference: true, reference: "b.png" }],
  "contact-sheet": [{ pictures: PICTURES }],
  "image-to-image": [{ image: "a.png", prompt: "a", loras: [{ name: "style.safetensors" }] }],
  "mask-composite": [{ background: "a.png", foreground: "b.png", mask: "a.png" }],
  "text-to-image": [
    { prompt: "a" },
    { prompt: "a", loras: ["style.safetensors", { name: "light.safetensors", strength: 0.5 }] },
  ],
  "video-frame-grid": [{ video: "v.mp4" }],
};

const catalogue = new Catalogue(SHIPPED_WORKFLOWS);
const runner = new Runner({ catalogue, nodeInfo, whenNodesKnown: () => Promise.resolve() });

test("every shipped workflow is tried here", async () => {
  assert.deepEqual(await catalogue.ids(), Object.keys(PARAMS).sort());
});

for (const [id, tries] of Object.entries(PARAMS)) {
  test(`${id}: its prompts are valid for ComfyUI's own classes, and open in its editor`, async () => {
    const classes = announcements(FILES);
    for (const params of tries) {
      const { prompt, details } = await runner.prepare(id, { params });
      const result = await validatePrompt(prompt, {
        classes,
        runValidator: () => Promise.resolve({ result: true }),
      });
      assert.ok(result.valid, JSON.stringify(result));
      assert.deepEqual(result.nodeErrors, {});
      const prefixes = Object.values(prompt).map(
        (node) => (node as { inputs: JsonObject }).inputs["filename_prefix"],
      );
      const led = prefixes.filter((prefix) => prefix !== undefined).map(String);
      assert.ok(led.length > 0 && led.every((prefix) => prefix.startsWith(`${details.output_dir}/`)));
      const built = await runner.build(id, { params });
      assert.equal(
        (workflowOfPrompt(built.prompt, nodeInfo)["nodes"] as unknown[]).length,
        Object.keys(prompt).length,
      );
    }
    const workflow = await catalogue.get(id);
    const models = new Set(FILES.checkpoints);
    const { ready, nodes_status } = readinessOf(workflow, models, nodeInfo);
    assert.ok(ready, nodes_status.missing.join(", "));
  });
}
