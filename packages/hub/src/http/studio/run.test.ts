import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { Finish } from "@hearth/jobs";
import { type JsonObject, parseJson, printJson } from "@hearth/protocol";
import { readJobDetails } from "../../studio/job-details.ts";
import type { FormPart } from "../test-server.ts";
import { INVERT, PIXEL, putInput, type RunServer, startRunner } from "./run-test-server.ts";

async function start(t: TestContext): Promise<RunServer> {
  const server = await startRunner(t);
  server.write({ ...INVERT.manifest }, { ...INVERT.files });
  return server;
}

const params = (value: JsonObject): FormPart => ({ name: "params", content: printJson(value) });
const picture: FormPart = { name: "input_image", filename: "my cat.png", content: PIXEL };

test("an execution queues a job with its seeds, its parameters and its picture", async (t) => {
  const { ask, store, folders, kicks } = await start(t);
  const answer = await ask("POST", "/api/run/invert/execute", [params({ seed: -1, label: "x" }), picture]);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(Object.keys(answer.body), ["prompt_id", "client_id", "seeds"]);
  const record = await store.recordByPromptId(String(answer.body["prompt_id"]));
  assert.ok(record !== undefined && record.surface === "studio" && record.state === "queued");
  assert.equal(kicks(), 1);
  const details = readJobDetails(record.details);
  assert.match(details.input_image ?? "", /^\d{8}_\d{6}_[0-9a-f]{6}_my cat\.png$/);
  assert.deepEqual(details.params, { seed: -1, label: "x" });
  assert.deepEqual(details.seeds, answer.body["seeds"]);
  assert.deepEqual(readdirSync(folders.input), [details.input_image]);
  const job = await store.get(record.id);
  const prompt = parseJson(job?.prompt ?? "") as Record<string, { inputs: JsonObject }>;
  assert.equal(prompt["1"]?.inputs["image"], details.input_image);
  assert.equal(prompt["3"]?.inputs["filename_prefix"], `${details.output_dir}/final/final`);
});

test("a picture that is there already is used again by its name", async (t) => {
  const { ask, folders, store } = await start(t);
  putInput(folders, "old.png");
  const run = (name: string) =>
    ask("POST", "/api/run/invert/execute", [params({ _existing_input_image: name })]);
  const answer = await run("old.png");
  assert.equal(answer.status, 200, answer.text);
  const record = await store.recordByPromptId(String(answer.body["prompt_id"]));
  assert.equal(readJobDetails(record?.details).input_image, "old.png");
  assert.deepEqual(readJobDetails(record?.details).params, {}, "control values are not kept");
  for (const name of ["none.png", "../studio/hearth.db", "."]) {
    const refused = await run(name);
    assert.equal(refused.status, 400);
    assert.match(String(refused.body["detail"]), /no file/);
  }
});

test("parameters also come as JSON, or not at all", async (t) => {
  const { ask, folders, url } = await start(t);
  putInput(folders, "old.png");
  const json = await ask("POST", "/api/run/invert/execute", { params: { picture: "old.png", seed: 5 } });
  assert.deepEqual([json.status, json.body["seeds"]], [200, { seed: 5 }]);
  const large = await ask("POST", "/api/run/invert/execute", { params: { label: "x".repeat(1024 * 1024) } });
  assert.equal(large.status, 413);
  const wrong = await fetch(`${url}/api/run/invert/execute`, {
    method: "POST",
    headers: { "x-api-key": "secret-key", "content-type": "text/plain" },
    body: "hello",
  });
  assert.deepEqual([wrong.status, /neither a form nor JSON/.test(await wrong.text())], [422, true]);
  const none = await ask("POST", "/api/run/invert/execute");
  assert.deepEqual([none.status, none.body["detail"]], [400, "picture is required"]);
});

test("what is wrong is told with its status, and nothing is kept of it", async (t) => {
  const { ask, folders, store } = await start(t);
  const execute = (id: string, parts: FormPart[]) => ask("POST", `/api/run/${id}/execute`, parts);
  const cases: [string, FormPart[], number, RegExp][] = [
    ["none", [picture], 404, /no workflow 'none'/],
    ["..%2finvert", [picture], 404, /no workflow/],
    ["invert", [{ name: "params", content: "{" }, picture], 422, /params is not JSON/],
    ["invert", [{ name: "params", content: "[1]" }, picture], 422, /params must be a JSON object/],
    ["invert", [params({ seed: "x" }), picture], 400, /seed must be a whole number/],
    ["invert", [params({ picture: "gone.png" })], 400, /^\[LoadImage\] .*gone\.png/],
  ];
  for (const [id, parts, status, words] of cases) {
    const answer = await execute(id, parts);
    assert.equal(answer.status, status, answer.text);
    assert.match(String(answer.body["detail"]), words);
  }
  assert.deepEqual(readdirSync(folders.input), [], "no picture of a refused run is left");
  assert.equal((await store.counts()).pending, 0);
  const half = await fetch(`${(await start(t)).url}/api/run/invert/execute`, {
    method: "POST",
    headers: { "x-api-key": "secret-key", "content-type": "multipart/form-data; boundary=x" },
    body: "--x\r\nnothing",
  });
  assert.equal(half.status, 422);
});

test("a broken workflow is the server's fault, in words", async (t) => {
  const { ask, write } = await start(t);
  const inputs = [{ id: "a", type: "int", default: 1, node_id: "9", field: "x" }];
  write({ id: "broken", inputs }, { "workflow.json": { "1": { class_type: "EmptyImage", inputs: {} } } });
  const answer = await ask("POST", "/api/run/broken/execute", [params({})]);
  assert.equal(answer.status, 500);
  assert.match(String(answer.body["detail"]), /workflow 'broken': .*node 9/);
});

test("who has no key, or not the scope, makes no jobs", async (t) => {
  const { ask } = await start(t);
  assert.equal((await ask("POST", "/api/run/invert/execute", [params({}), picture], "")).status, 401);
  assert.equal((await ask("POST", "/api/run/invert/execute", [params({}), picture], "reader")).status, 403);
  assert.equal((await ask("GET", "/api/run/invert", undefined, "")).status, 401);
  assert.equal((await ask("GET", "/api/run/invert", undefined, "reader")).status, 200);
});

const FINISH: Finish = {
  state: "completed",
  outputs: printJson({
    "3": { images: [{ filename: "final_00001_.png", subfolder: "d/final", type: "output" }] },
    "4": { images: [{ filename: "p_00001_.png", subfolder: "d/preview", type: "output" }] },
    "5": { images: [{ filename: "v.mp4", subfolder: "d/intermediate", type: "output" }], animated: [true] },
    "6": { audio: [{ filename: "a.flac", subfolder: "d/final", type: "output" }] },
  }),
  status: "{}",
  meta: "{}",
  error: undefined,
  nodeTimes: "{}",
  outputsCount: 4,
  previewableCount: 4,
  previewOutput: undefined,
  startedAt: 1000,
  endedAt: 3000,
};

/** Runs a job in the database alone. */
async function finished(server: RunServer, finish: Finish, key?: string): Promise<string> {
  const { ask, store } = server;
  const made = await ask("POST", "/api/run/invert/execute", [params({}), picture], key);
  const claimed = await store.claim("w", { leaseMs: 60_000 });
  assert.ok(claimed !== undefined, made.text);
  await store.finish(claimed.id, claimed.attempt, finish);
  return claimed.promptId;
}

test("status and result tell the truth before and after", async (t) => {
  const server = await start(t);
  const { ask } = server;
  const made = await ask("POST", "/api/run/invert/execute", [params({ seed: 3 }), picture]);
  const waiting = String(made.body["prompt_id"]);
  const status = await ask("GET", `/api/run/status/${waiting}`);
  assert.deepEqual(
    [status.body["status"], status.body["percent"], status.body["workflow_id"], status.body["seeds"]],
    ["queued", 0, "invert", { seed: 3 }],
  );
  const early = await ask("GET", `/api/run/result/${waiting}`);
  assert.deepEqual([early.status, early.body["detail"]], [409, `Job ${waiting} has not ended: it is queued`]);
  assert.equal((await ask("GET", "/api/run/status/none")).status, 404);
  assert.equal((await ask("GET", "/api/run/result/none")).body["detail"], "Job not found");

  const claimed = await server.store.claim("w", { leaseMs: 60_000 });
  assert.equal((await ask("GET", `/api/run/status/${waiting}`)).body["status"], "running");
  await server.store.finish(claimed?.id ?? "", claimed?.attempt ?? 0, FINISH);
  const after = await ask("GET", `/api/run/status/${waiting}`);
  assert.deepEqual(
    [after.body["status"], after.body["percent"], after.body["eta_seconds"]],
    ["completed", 100, 0],
  );

  const result = await ask("GET", `/api/run/result/${waiting}`);
  assert.equal((result.body["output"] as JsonObject)["filename"], "final_00001_.png");
  const names = (result.body["outputs"] as JsonObject[]).map(({ filename }) => filename);
  assert.deepEqual(names, ["final_00001_.png", "a.flac", "p_00001_.png"], "intermediate files are no result");
  const audio = await ask("GET", `/api/run/result/${waiting}?output_type=audio`);
  assert.equal((audio.body["output"] as JsonObject)["filename"], "a.flac");
  assert.equal((await ask("GET", `/api/run/result/${waiting}?output_type=video`)).status, 404);
  assert.equal((await ask("GET", `/api/run/result/${waiting}?output_type=smell`)).status, 422);
});

test("a failed job says where and why", async (t) => {
  const server = await start(t);
  const error = printJson({ node_id: "3", node_type: "SaveImage", exception_message: "disk full" });
  const id = await finished(server, { ...FINISH, state: "failed", outputs: "{}", error });
  const status = await server.ask("GET", `/api/run/status/${id}`);
  assert.deepEqual([status.body["status"], status.body["error"]], ["error", "[Result] disk full"]);
  const result = await server.ask("GET", `/api/run/result/${id}`);
  assert.deepEqual([result.status, result.body["output"], result.body["outputs"]], [200, null, []]);
});

test("a key sees its own jobs, admin all", async (t) => {
  const server = await start(t);
  const id = await finished(server, FINISH, "runner");
  assert.equal((await server.ask("GET", `/api/run/status/${id}`, undefined, "runner")).status, 200);
  assert.equal((await server.ask("GET", `/api/run/status/${id}`, undefined, "other")).status, 404);
  assert.equal((await server.ask("GET", `/api/run/result/${id}`, undefined, "other")).status, 404);
  assert.equal((await server.ask("GET", `/api/run/result/${id}`)).status, 200);
});

test("an upload answers with the name that it got", async (t) => {
  const { ask, folders } = await start(t);
  const upload = (filename: string) =>
    ask("POST", "/api/run/upload-image", [{ name: "file", filename, content: PIXEL }]);
  const [first, second] = [await upload("../../a:b.png"), await upload("a.png")];
  assert.match(String(first.body["filename"]), /^\d{8}_\d{6}_[0-9a-f]{6}_a_b\.png$/);
  assert.deepEqual(
    readdirSync(folders.input).sort(),
    [first.body["filename"], second.body["filename"]].sort(),
  );
  const none = await ask("POST", "/api/run/upload-image", [params({})]);
  assert.deepEqual([none.status, none.body["detail"]], [422, "the form has no file in the field 'file'"]);
  const large = await ask("POST", "/api/run/upload-image", [
    { name: "file", filename: "a.png", content: Buffer.alloc(1024 * 1024 + 1) },
  ]);
  assert.equal(large.status, 413);
  assert.equal(readdirSync(folders.input).length, 2);
});

test("the form has a name for each input, and the files of now to pick from", async (t) => {
  const { ask, write, folders } = await start(t);
  write(
    {
      id: "models",
      inputs: [
        { id: "checkpoint", type: "checkpoint" },
        { id: "upscaler", type: "select", folder: "upscale_models", node_id: "1", field: "x" },
        { id: "loras", type: "loras", label: "Styles" },
      ],
      required_models: ["a.safetensors", "b.safetensors"],
      required_nodes: ["NoSuchNode"],
    },
    INVERT.files,
  );
  for (const name of ["checkpoints/a.safetensors", "upscale_models/up.pth", "loras/sub/l.safetensors"]) {
    mkdirSync(path.dirname(path.join(folders.models, name)), { recursive: true });
    writeFileSync(path.join(folders.models, name), "");
  }
  const { body } = await ask("GET", "/api/run/models");
  assert.deepEqual(body["inputs"], [
    { id: "checkpoint", type: "checkpoint", name: "checkpoint", options: ["a.safetensors"] },
    { id: "upscaler", type: "select", folder: "upscale_models", name: "upscaler", options: ["up.pth"] },
    { id: "loras", type: "loras", label: "Styles", name: "Styles", options: ["sub/l.safetensors"] },
  ]);
  assert.deepEqual(body["models_status"], { total: 2, present: 1, missing: ["b.safetensors"] });
  assert.deepEqual(body["nodes_status"], { total: 4, installed: 3, missing: ["NoSuchNode"] });
  assert.equal(body["ready"], false);
  assert.equal((await ask("GET", "/api/run/invert")).body["ready"], true);
  assert.equal((await ask("GET", "/api/run/none")).status, 404);
});

test("a build gives the graph to take away, for the API and for the editor", async (t) => {
  const { ask, folders } = await start(t);
  putInput(folders, "old.png");
  const api = await ask("POST", "/api/run/invert/build?format=api", {
    params: { picture: "old.png", seed: 4 },
  });
  const saved = (api.body as unknown as Record<string, { inputs: JsonObject }>)["3"];
  assert.equal(saved?.inputs["filename_prefix"], "a4", "nothing is led into a job's directory");
  const form = await ask("POST", "/api/run/invert/build", [params({ picture: "old.png", seed: 4 })]);
  assert.deepEqual(form.body, api.body);
  const ui = await ask("POST", "/api/run/invert/build?format=workflow", { picture: "old.png", seed: 4 });
  const nodes = ui.body["nodes"] as JsonObject[];
  assert.deepEqual(
    nodes.map(({ type }) => type),
    ["LoadImage", "ImageInvert", "SaveImage"],
  );
  assert.deepEqual(nodes[2]?.["widgets_values"], ["a4"]);
  assert.equal((await ask("POST", "/api/run/invert/build?format=xml", {})).status, 422);
});

test("a file of a job is shown in this contract too", async (t) => {
  const { ask, folders } = await start(t);
  mkdirSync(path.join(folders.output, "d/final"), { recursive: true });
  writeFileSync(path.join(folders.output, "d/final/x.png"), PIXEL);
  const view = (query: string, key?: string) => ask("GET", `/api/comfyui/view?${query}`, undefined, key);
  const shown = await view("filename=x.png&subfolder=d/final&type=output");
  assert.deepEqual([shown.status, shown.headers.get("content-type")], [200, "image/png"]);
  assert.equal((await view("filename=x.png&subfolder=d/final", "")).status, 401);
  assert.deepEqual(await view("filename=y.png").then(({ status, body }) => [status, body]), [
    404,
    { detail: "File not found" },
  ]);
  assert.equal((await view("type=output")).status, 422);
  assert.equal((await view("filename=x.png&type=secret")).status, 422);
  assert.equal((await view("filename=hearth.db&subfolder=../studio")).status, 403);
});
