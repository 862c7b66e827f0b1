/** The pure parts of the engine: addresses, submissions, names of files. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type JsonObject, parseJson } from "@hearth/protocol";
import type { Assignment } from "../engine-port.ts";
import { comfyAddress } from "./address.ts";
import { renameInPrompt } from "./inputs.ts";
import { filesIn } from "../files/mentioned-files.ts";
import { resultOf } from "./run-result.ts";
import { comfyIdOf, submissionBody, submitOutcome } from "./submission.ts";

test("a URL with TLS, a prefix and a password", () => {
  const address = comfyAddress("https://ann:p%40ss@gpu.example/comfy/", { "x-key": "k" });
  assert.equal(address.shown, "https://gpu.example/comfy");
  assert.equal(address.http("/queue"), "https://gpu.example/comfy/queue");
  assert.equal(address.webSocket("a b"), "wss://gpu.example/comfy/ws?clientId=a%20b");
  const authorization = `Basic ${Buffer.from("ann:p@ss").toString("base64")}`;
  assert.deepEqual(address.headers, { authorization, "x-key": "k" });
  assert.deepEqual(address.target, { host: "gpu.example", port: 443, isTls: true });
  assert.deepEqual(comfyAddress("http://[::1]:8188").target, { host: "::1", port: 8188, isTls: false });
  assert.throws(() => comfyAddress("127.0.0.1:8188"), /127\.0\.0\.1:8188/);
  assert.throws(() => comfyAddress("ftp://x"), /neither http/);
});

test("a job's own id where a ComfyUI takes it, else always the same one", () => {
  const promptId = "11111111-2222-4333-8444-000000000001";
  assert.equal(comfyIdOf({ jobId: "j", promptId }), promptId);
  const made = comfyIdOf({ jobId: "j", promptId: "My Prompt" });
  assert.match(made, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(made, comfyIdOf({ jobId: "j", promptId: "My Prompt" }));
  assert.notEqual(made, comfyIdOf({ jobId: "k", promptId: "My Prompt" }));
});

const PROMPT =
  '{"2": {"class_type": "Out", "inputs": {"seed": 18446744073709551615, "x": 1.0}}, "10": {"class_type": "Out"}}';
const submission = (outputs: string[]): JsonObject => {
  const assignment: Assignment = {
    type: "assign",
    jobId: "j",
    promptId: "p",
    attempt: 3,
    prompt: PROMPT,
    extraData: '{"extra_pnginfo": {"workflow": {"v": 0.40}}, "hearth": 1}',
    outputs,
  };
  const isOutputClass = (name: string): boolean => name === "Out";
  const text = submissionBody({ assignment, prompt: PROMPT, comfyId: "c", clientId: "s", isOutputClass });
  assert.ok(text.includes(PROMPT), "the prompt travels as it was sent");
  return parseJson(text) as JsonObject;
};

test("a submission is marked, and names its outputs when others are to be left out", () => {
  const all = submission(["10", "2"]);
  assert.deepEqual([all["prompt_id"], all["client_id"]], ["c", "s"]);
  const extra = all["extra_data"] as JsonObject;
  assert.deepEqual(extra["hearth"], { job: "j", attempt: 3 });
  assert.equal("partial_execution_targets" in all, false);
  assert.deepEqual(submission(["2"])["partial_execution_targets"], ["2"]);
});

test("what an answer to a submit means", () => {
  const outcome = (status: number, text: string): unknown =>
    submitOutcome({ status, text, headers: {} }, "http://c");
  assert.deepEqual(outcome(200, '{"prompt_id": "x", "number": 1, "node_errors": {}}'), { comfyId: "x" });
  const error = { type: "prompt_no_outputs", message: "Prompt has no outputs" };
  assert.deepEqual(outcome(400, JSON.stringify({ error, node_errors: { "1": {} } })), {
    failure: {
      kind: "refused",
      text: "http://c refuses the prompt: Prompt has no outputs",
      error,
      nodeErrors: { "1": {} },
    },
  });
  for (const [status, text] of [
    [401, ""],
    [404, "404: Not Found"],
    [200, "<html>"],
  ] as const) {
    const { failure } = outcome(status, text) as { failure: { kind: string; text: string } };
    assert.equal(failure.kind, "unreachable");
    assert.match(failure.text, new RegExp(`http://c .*${status}`));
  }
});

test("only whole values of inputs are renamed; links and all else stay as they are", () => {
  const text =
    '{"b.png":{"class_type":"b.png","inputs":{"image":"b.png","note":"see b.png","from":["b.png",0],' +
    '"list":[{"file":"b.png [output]"},"b.png"],"seed":18446744073709551615,"x":1.0},"_meta":{"title":"b.png"}}}';
  const renamed = new Map([
    ["b.png", "b (1).png"],
    ["b.png [output]", "c.png [output]"],
  ]);
  assert.equal(
    renameInPrompt(text, renamed),
    text
      .replace('"image":"b.png"', '"image":"b (1).png"')
      .replace('"b.png [output]"', '"c.png [output]"')
      .replace('},"b.png"]', '},"b (1).png"]'),
  );
});

test("files are found wherever a node shows them", () => {
  const shown = parseJson(
    '{"images": [{"filename": "a.png", "subfolder": "s", "type": "output"}], "text": ["a.png"],' +
      '"gifs": [{"inner": {"filename": "b.mp4", "type": "temp"}}], "bad": [{"filename": "c", "type": "elsewhere"}]}',
  );
  assert.deepEqual(
    filesIn(shown).map(({ filename, subfolder, type }) => [filename, subfolder, type]),
    [
      ["a.png", "s", "output"],
      ["b.mp4", undefined, "temp"],
    ],
  );
});

test("how a history entry ended", () => {
  const status = (status_str: string, ...types: string[]): JsonObject => ({
    outputs: { "1": {} },
    status: { status_str, messages: types.map((type) => [type, {}]) },
  });
  assert.equal(resultOf(status("success", "execution_success"), {}).status, "success");
  assert.equal(resultOf(status("error", "execution_start", "execution_error"), {}).status, "error");
  assert.equal(resultOf(status("error", "execution_interrupted"), {}).status, "interrupted");
  // A version that kept no status kept only what went well.
  assert.equal(resultOf({ outputs: {} }, {}).status, "success");
});
