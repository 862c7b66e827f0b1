import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { type JsonObject } from "@hearth/protocol";
import { readJobDetails } from "../../studio/job-details.ts";
import { INVERT, PIXEL, putInput, type RunServer, startRunner } from "./run-test-server.ts";

const PATH = "/api/admin/presets";
const PRESET: JsonObject = {
  name: "Cat or dog",
  workflow: {
    workflow_id: "invert",
    params: { label: "a [[animal:cat|dog]] called [[name]]", seed: -1, _existing_input_image: "x" },
  },
};

async function start(t: TestContext): Promise<RunServer> {
  const server = await startRunner(t);
  server.write({ ...INVERT.manifest }, { ...INVERT.files });
  return server;
}

test("a preset is made, listed, renamed and removed", async (t) => {
  const { ask } = await start(t);
  const made = await ask("POST", PATH, PRESET);
  assert.equal(made.status, 200, made.text);
  assert.deepEqual(made.body, {
    id: "cat-or-dog",
    name: "Cat or dog",
    description: "",
    private: false,
    workflow: {
      workflow_id: "invert",
      workflow_name: "Invert",
      params: { label: "a [[animal:cat|dog]] called [[name]]", seed: -1 },
    },
  });
  assert.deepEqual((await ask("GET", PATH)).body, [made.body]);
  assert.deepEqual((await ask("GET", `${PATH}/cat-or-dog`)).body, made.body);
  assert.equal((await ask("POST", PATH, PRESET)).status, 409);
  assert.equal((await ask("POST", PATH, { ...PRESET, id: "other" })).status, 200);
  assert.equal((await ask("PUT", `${PATH}/other/rename`, { new_id: "cat-or-dog" })).status, 409);
  assert.equal((await ask("PUT", `${PATH}/other/rename`, {})).status, 422);
  assert.equal((await ask("PUT", `${PATH}/none/rename`, { new_id: "x" })).status, 404);
  const renamed = await ask("PUT", `${PATH}/other/rename`, { name: "Brand new" });
  assert.deepEqual([renamed.body["id"], renamed.body["name"]], ["brand-new", "Brand new"]);
  assert.equal((await ask("GET", `${PATH}/other`)).status, 404);
  assert.equal((await ask("DELETE", `${PATH}/brand-new`)).status, 200);
  assert.equal((await ask("DELETE", `${PATH}/brand-new`)).status, 404);
});

test("what is no preset is refused in words, and only admin changes presets", async (t) => {
  const { ask } = await start(t);
  assert.match(String((await ask("POST", PATH, { name: "x" })).body["detail"]), /workflow/);
  const unknown = await ask("POST", PATH, { name: "x", workflow: { workflow_id: "none" } });
  assert.deepEqual([unknown.status, unknown.body["detail"]], [404, "there is no workflow 'none'"]);
  assert.equal((await ask("POST", PATH, { ...PRESET, id: "../x" })).status, 422);
  assert.equal((await ask("POST", PATH, PRESET, "runner")).status, 403);
  assert.equal((await ask("GET", PATH, undefined, "")).status, 401);
});

test("a preset travels from one installation to another", async (t) => {
  const { ask } = await start(t);
  await ask("POST", PATH, PRESET);
  const file = await ask("GET", `${PATH}/cat-or-dog/export`);
  assert.match(file.headers.get("content-disposition") ?? "", /attachment; filename="cat-or-dog\.json"/);
  assert.equal((await ask("POST", `${PATH}/import`, file.body)).status, 409);
  assert.equal((await ask("POST", `${PATH}/import?overwrite=true`, file.body)).status, 200);
  const foreign = { id: "foreign", name: "Foreign", workflow: { workflow_id: "theirs", params: {} } };
  const imported = await ask("POST", `${PATH}/import`, foreign);
  assert.deepEqual([imported.status, imported.body["workflow_present"]], [200, false]);
});

test("a preset asks its questions, and runs with the answers", async (t) => {
  const { ask, folders, store } = await start(t);
  putInput(folders, "old.png");
  await ask("POST", PATH, PRESET);
  assert.deepEqual((await ask("GET", `${PATH}/cat-or-dog/placeholders`)).body, [
    { question: "animal", choices: ["cat", "dog"], params: ["label"] },
    { question: "name", choices: null, params: ["label"] },
  ]);
  const answers = { animal: "dog", name: "Rex" };
  const run = await ask("POST", `${PATH}/cat-or-dog/run`, {
    answers,
    params: { picture: "old.png", seed: 9 },
  });
  assert.equal(run.status, 200, run.text);
  assert.deepEqual([run.body["preset_id"], run.body["seeds"]], ["cat-or-dog", { seed: 9 }]);
  const record = await store.recordByPromptId(String(run.body["prompt_id"]));
  assert.equal(readJobDetails(record?.details).params["label"], "a dog called Rex");

  const form = await ask("POST", `${PATH}/cat-or-dog/run`, [
    { name: "answers", content: JSON.stringify(answers) },
    { name: "input_image", filename: "a.png", content: PIXEL },
  ]);
  assert.equal(form.status, 200, form.text);
  const unanswered = await ask("POST", `${PATH}/cat-or-dog/run`, { answers: { animal: "cow" } });
  assert.deepEqual(
    [unanswered.status, unanswered.body["detail"]],
    [400, "the answer to 'animal' must be one of cat, dog; 'name' has no answer"],
  );
  assert.equal((await ask("POST", `${PATH}/none/run`, {})).status, 404);
  assert.equal((await ask("POST", `${PATH}/cat-or-dog/run`, { answers }, "reader")).status, 403);
});
