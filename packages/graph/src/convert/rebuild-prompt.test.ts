import assert from "node:assert/strict";
import { it } from "node:test";
import { lookUp } from "./fixtures.ts";
import { ConvertError, isPrompt, isWorkflow, promptOf } from "./index.ts";

it("completes a prompt and drops what its classes do not have", () => {
  const given = {
    "1": { class_type: "Source", inputs: { size: 3, extra: true }, _meta: { title: "Mine" } },
    "2": { class_type: "Filter", inputs: { image: ["1", 0], mask: ["gone", 0] } },
  };
  assert.deepEqual(promptOf(given, lookUp), {
    "1": { inputs: { size: 3, name: "s" }, class_type: "Source", _meta: { title: "Mine" } },
    "2": { inputs: { image: ["1", 0] }, class_type: "Filter", _meta: { title: "Filter" } },
  });
});

it("names nodes of unknown classes, and what is neither prompt nor workflow", () => {
  assert.throws(
    () => promptOf({ "7": { class_type: "Nope", inputs: {} } }, lookUp),
    new ConvertError([{ nodeId: "7", classType: "Nope", reason: "there is no node class 'Nope'" }]),
  );
  assert.throws(() => promptOf([], lookUp), /neither a workflow .* nor a prompt/);
});

it("tells workflows and prompts apart", () => {
  const workflow = { nodes: [], links: [] };
  const prompt = { "1": { class_type: "A", inputs: {} } };
  assert.deepEqual([isWorkflow(workflow), isPrompt(workflow)], [true, false]);
  assert.deepEqual([isWorkflow(prompt), isPrompt(prompt)], [false, true]);
});
