import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@hearth/protocol";
import { pino } from "pino";
import { FileNames, ObjectInfo } from "../files/file-lists.ts";
import { defaultModelFolders } from "../files/model-folders.ts";
import { temporaryFolders } from "../http/test-server.ts";
import { NodeCatalog } from "../nodes/catalog.ts";
import type { SocketHub } from "../sockets/socket-hub.ts";
import { readNeeds } from "../workers/needs.ts";
import { nodeClass, testFleet } from "../workers/test-support.ts";
import { QueueCount } from "./queue-count.ts";
import { submitParts } from "./submit-parts.ts";
import { submitPrompt } from "./submit.ts";

const LOADER = nodeClass("Loader", { ckpt: [["a.safetensors"], {}] });
const SAVE = nodeClass("Save", { images: ["IMAGE"] }, { isOutput: true });

function prompt(ckpt: string): JsonObject {
  return {
    "1": { class_type: "Loader", inputs: { ckpt } },
    "2": { class_type: "Save", inputs: { images: ["1", 0] } },
  };
}

test("what a worker must have is kept with the job; what nobody has is refused at once, and counted", async (t) => {
  const { fleet, store, join } = await testFleet(t);
  const folders = temporaryFolders(t);
  const catalog = new NodeCatalog(fleet);
  const parts = submitParts({
    ...{ store, fleet, catalog, folders, queue: new QueueCount(0, 0), log: pino({ level: "silent" }) },
    objectInfo: new ObjectInfo(catalog, new FileNames(folders, defaultModelFolders(folders))),
    sockets: { broadcastStatus: () => undefined } as unknown as SocketHub,
  });
  const submit = (ckpt: string) => submitPrompt(parts, { body: { prompt: prompt(ckpt) }, owner: "a" });
  await join({ name: "gpu-1", engine: "comfyui" }, [LOADER, SAVE]);
  // It can be chosen, since a worker has it that lacks the other class.
  await join({ name: "gpu-2", engine: "comfyui" }, [nodeClass("Loader", { ckpt: [["b.safetensors"], {}] })]);
  const taken = await submit("a.safetensors");
  assert.equal(taken.status, 200);
  const job = await store.getByPromptId(String(taken.body["prompt_id"]));
  assert.deepEqual(readNeeds(job?.needs ?? "").models, ["a.safetensors"]);
  const refused = await submit("b.safetensors");
  assert.equal(refused.status, 400);
  assert.deepEqual(refused.body["node_errors"], {});
  const error = refused.body["error"] as JsonObject;
  assert.deepEqual(
    [error["type"], error["message"]],
    ["no_eligible_worker", "No worker can run this prompt"],
  );
  assert.equal(
    error["details"],
    "gpu-1: does not have 'b.safetensors' (Loader, ckpt); gpu-2: does not know the node class 'Save'",
  );
  // A name that no worker has is no choice at all.
  const unknown = await submit("c.safetensors");
  assert.equal((unknown.body["error"] as JsonObject)["type"], "prompt_outputs_failed_validation");
  const next = await submit("a.safetensors");
  assert.equal(Number(next.body["number"]) - Number(taken.body["number"]), 3, "refused prompts count too");
});
