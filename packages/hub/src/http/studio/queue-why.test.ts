import assert from "node:assert/strict";
import { test } from "node:test";
import type { NewJob } from "@hearth/jobs";
import { Decisions } from "../../workers/decisions.ts";
import { needsText } from "../../workers/needs.ts";
import { chooserFor } from "../../workers/scheduling.ts";
import { nodeClass, testFleet } from "../../workers/test-support.ts";
import { WarmWaits } from "../../workers/warm-waits.ts";
import { startServer } from "../test-server.ts";
import { registerQueueWhy } from "./queue-why.ts";

const ROUTE = "/api/admin/queue";

function job(promptId: string, owner: string, needs: string): NewJob {
  return {
    ...{ promptId, owner, needs, prompt: "{}", extraData: "{}", sensitive: undefined, outputsToExecute: [] },
    ...{ number: undefined, front: false, clientId: undefined, createdAt: 1, workflowId: undefined },
  };
}

test("why a job waits is told to its owner, with each worker's reasons and its place", async (t) => {
  const { fleet, store, join } = await testFleet(t);
  const decisions = new Decisions();
  const { url } = await startServer(t, {}, (app) => {
    registerQueueWhy(app, { store, fleet, decisions, zone: "UTC" });
    app.access.useNamedKeys({
      find: (text) => ({ owner: `key:${text}`, name: text, scopes: ["read"] }),
      byId: () => undefined,
    });
  });
  const ask = async (id: string, key: string): Promise<{ status: number; body: any }> => {
    const answer = await fetch(`${url}${ROUTE}/${id}/why`, {
      headers: key === "" ? {} : { "x-api-key": key },
    });
    return { status: answer.status, body: await answer.json() };
  };
  const link = await join({ name: "gpu-1", engine: "comfyui" }, [nodeClass("Save")]);
  const needs = (name: string): string =>
    needsText({ classes: [name], values: [], models: ["sd.ckpt"], tags: [] });
  await store.accept(job("runs", "key:ann", needs("Save")));
  await store.accept(job("waits", "key:ann", needs("Other")));
  const choose = chooserFor({
    ...{ fleet, link, decisions, waits: new WarmWaits(), now: 1_700_000_000_000 },
    untried: new Set(),
  });
  await store.claim(link.workerId, { leaseMs: 60_000, choose });
  fleet.jobStarted(link, "runs", needs("Save"));

  assert.equal((await ask("waits", "")).status, 401);
  assert.equal((await ask("waits", "ben")).status, 404, "it is somebody else's");
  assert.equal((await ask("nothing", "ann")).status, 404);
  assert.deepEqual((await ask("waits", "ann")).body, {
    prompt_id: "waits",
    status: "queued",
    place: 2,
    worker: null,
    because: null,
    needs: { models: ["sd.ckpt"], tags: [] },
    workers: [
      {
        worker: "gpu-1",
        eligible: false,
        reasons: ["does not know the node class 'Other'"],
        never: true,
        busy: true,
        running: 1,
        warm: true,
      },
    ],
    decisions: [],
    retries: [],
  });
  const running = (await ask("runs", "secret-key")).body;
  assert.deepEqual([running.status, running.place, running.worker], ["running", null, "gpu-1"]);
  assert.equal(running.because, "first in turn; idle");
  assert.deepEqual(running.workers, []);
  assert.deepEqual(running.decisions, [
    { at: "2023-11-14T22:13:20", worker: "gpu-1", text: "taken: first in turn; idle" },
  ]);
});
