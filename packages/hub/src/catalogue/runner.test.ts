import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { type JsonObject } from "@hearth/protocol";
import { MASTER } from "../auth/identity.ts";
import { Catalogue } from "./catalogue.ts";
import { ParamsError, UnknownWorkflowError, WorkflowError } from "./errors.ts";
import { rebuilder, Runner } from "./runner.ts";
import { nodeInfo, temporaryFolder, writeWorkflow } from "./test-support.ts";

const PROMPT = {
  "1": { class_type: "LoadImage", inputs: { image: "{{picture}}" } },
  "2": { class_type: "RandomNoise", inputs: { noise_seed: "{{seed}}" } },
  "3": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "x" } },
};
const MANIFEST = {
  id: "one",
  name: "The one",
  inputs: [
    { id: "picture", type: "image", required: true },
    { id: "seed", type: "seed" },
  ],
};

function setUp(t: TestContext): { folder: string; runner: Runner } {
  const folder = temporaryFolder(t);
  writeWorkflow(folder, MANIFEST, { "workflow.json": PROMPT });
  const runner = new Runner({
    catalogue: new Catalogue(folder),
    nodeInfo,
    whenNodesKnown: () => Promise.resolve(),
    zone: "UTC",
  });
  return { folder, runner };
}

const seedIn = (prompt: JsonObject): unknown => (prompt["2"] as { inputs: JsonObject }).inputs["noise_seed"];

test("a run has a directory of its own, what was sent, and what the seeds became", async (t) => {
  const { runner } = setUp(t);
  const { prompt, details } = await runner.prepare("one", {
    params: { seed: -1, note: "kept", _existing_input_image: "a.png" },
    inputImage: "a.png",
  });
  assert.match(details.output_dir ?? "", /^\d{8}_\d{6}_[0-9a-f]{6}$/);
  assert.deepEqual(
    { ...details, output_dir: "", seeds: {} },
    {
      workflow_id: "one",
      workflow_name: "The one",
      output_dir: "",
      input_image: "a.png",
      params: { seed: -1, note: "kept" },
      seeds: {},
      retry_of: null,
    },
  );
  assert.equal(seedIn(prompt), details.seeds["seed"]);
  const again = await runner.prepare("one", { params: {}, inputImage: "a.png" });
  assert.notEqual(again.details.output_dir, details.output_dir);
  assert.notEqual(seedIn(again.prompt), seedIn(prompt));
});

test("S-67 a retry has the same seeds although the parameters still say -1", async (t) => {
  const { runner } = setUp(t);
  const { prompt, details } = await runner.prepare("one", { params: { seed: -1 }, inputImage: "a.png" });
  const retried = await rebuilder(runner)(details, MASTER);
  assert.ok("prompt" in retried);
  assert.equal(seedIn(retried.prompt), seedIn(prompt));
  assert.deepEqual(retried.details.params, { seed: -1 });
  assert.deepEqual(retried.details.seeds, details.seeds);
  assert.equal(retried.details.input_image, "a.png");
  assert.notEqual(retried.details.output_dir, details.output_dir);
});

test("S-67 batch and scene seeds are restored too", async (t) => {
  const { folder, runner } = setUp(t);
  writeWorkflow(
    folder,
    {
      id: "batch",
      type: "dynamic",
      inputs: [
        { id: "seed", type: "seed" },
        { id: "n", type: "int" },
      ],
      pipeline: [{ block: "noise", repeat: "n" }],
    },
    {
      "blocks/noise.json": {
        nodes: { "2": { class_type: "RandomNoise", inputs: { noise_seed: "{{seed}}" } } },
      },
    },
  );
  const { details, prompt } = await runner.prepare("batch", { params: { n: 3 } });
  assert.deepEqual(Object.keys(details.seeds), ["seed", "batch_1", "batch_2", "batch_3"]);
  const retried = await rebuilder(runner)(details, MASTER);
  assert.ok("prompt" in retried);
  assert.deepEqual(retried.prompt, prompt);
  assert.deepEqual(retried.details.seeds, details.seeds);
});

test("S-68 a retry takes the workflow as it is now, and says when it is gone", async (t) => {
  const { folder, runner } = setUp(t);
  const { details } = await runner.prepare("one", { params: { seed: 5 }, inputImage: "a.png" });
  writeWorkflow(
    folder,
    { ...MANIFEST, name: "Newer" },
    {
      "workflow.json": { ...PROMPT, "4": { class_type: "EmptyImage", inputs: {} } },
    },
  );
  const newer = await rebuilder(runner)(details, MASTER);
  assert.ok("prompt" in newer && "4" in newer.prompt);
  assert.equal(newer.details.workflow_name, "Newer");
  const gone = await rebuilder(runner)({ ...details, workflow_id: "vanished" }, MASTER);
  assert.deepEqual(gone, { status: 500, detail: "workflow error: there is no workflow 'vanished'" });
});

test("what is wrong with a workflow or its parameters is said", async (t) => {
  const { folder, runner } = setUp(t);
  await assert.rejects(runner.prepare("none", { params: {} }), UnknownWorkflowError);
  await assert.rejects(runner.prepare("../one", { params: {} }), UnknownWorkflowError);
  await assert.rejects(
    runner.prepare("one", { params: {} }),
    (error) => error instanceof ParamsError && error.message === "picture is required",
  );
  const broken = (id: string, manifest: object, files: Record<string, unknown>): void =>
    writeWorkflow(folder, { id, ...manifest }, files);
  broken("empty", {}, {});
  broken("text", {}, { "workflow.json": "{" });
  broken("outside", { workflow_file: "../one/workflow.json" }, {});
  broken(
    "placeholder",
    {},
    { "workflow.json": { "1": { class_type: "EmptyImage", inputs: { width: "{{w}}" } } } },
  );
  for (const [id, words] of [
    ["empty", /'empty': it has no file workflow\.json/],
    ["text", /workflow\.json is not JSON/],
    ["outside", /lies outside its folder/],
    ["placeholder", /\{\{w\}\} names no input/],
  ] as const) {
    await assert.rejects(
      runner.prepare(id, { params: {} }),
      (error) => error instanceof WorkflowError && words.test(error.message),
    );
  }
  const listed = await new Catalogue(folder).list();
  assert.deepEqual(
    listed.map((entry) => ("error" in entry ? `${entry.id}!` : entry.manifest.id)),
    ["empty!", "one", "outside!", "placeholder", "text!"],
  );
});
