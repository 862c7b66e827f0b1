import assert from "node:assert/strict";
import { test } from "node:test";
import { normalizedOutputs, summarizeOutputs } from "./outputs-summary.ts";

const file = (filename: string, type: string) => ({ filename, subfolder: "", type });

test("saved media are preferred to previews, media to text", () => {
  const outputs = {
    "1": { text: ["words"], images: [file("t.png", "temp")] },
    "2": { images: [file("o.png", "output"), null], animated: [true] },
  };
  const summary = summarizeOutputs(outputs);
  assert.equal(summary.outputsCount, 2);
  assert.equal(summary.previewableCount, 2);
  assert.deepEqual(summary.previewOutput, { ...file("o.png", "output"), nodeId: "2", mediaType: "images" });
});

test("a text alone is shown, cut after 1024 characters", () => {
  const summary = summarizeOutputs({ "1": { text: ["😀".repeat(2000)] } });
  assert.equal(summary.outputsCount, 0);
  assert.equal([...String(summary.previewOutput?.["content"])].length, 1024);
  assert.equal(summary.previewOutput?.["truncated"], true);
});

test("names of models count as items, and the detail shows them so", () => {
  const outputs = { "1": { result: ["a.glb", null, { camera: 1 }] } };
  assert.equal(summarizeOutputs(outputs).outputsCount, 2);
  assert.deepEqual(normalizedOutputs(outputs), {
    "1": { result: [{ filename: "a.glb", type: "output", subfolder: "", mediaType: "3d" }, { camera: 1 }] },
  });
});
