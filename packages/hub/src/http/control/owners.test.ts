import assert from "node:assert/strict";
import { test } from "node:test";
import { BOUNDARY, formBody } from "../test-server.ts";
import { GRAPH, startControlServer } from "./test-control.ts";

test("C-2 what belongs to another key is not there", async (t) => {
  const { ask, queued, store } = await startControlServer(t);
  const id = await queued("ann");
  for (const [method, route] of [
    ["GET", `/v1/workflow/${id}`],
    ["GET", `/v1/workflow/${id}/subscribe`],
    ["GET", `/v1/workflow/${id}/outputs`],
    ["POST", `/v1/workflow/${id}/cancel`],
  ] as const) {
    const answer = await ask(method, route, { key: "ben" });
    assert.equal(answer.status, 404, route);
    const body = (await answer.json()) as { status: number; message: string };
    assert.deepEqual(body, { status: 404, message: `There is no workflow ${id}` });
  }
  assert.equal((await store.recordByPromptId(id))?.state, "queued", "nobody cancelled it");
  const seen = async (key: string): Promise<number> =>
    ((await (await ask("GET", "/v1/workflow", { key })).json()) as { total: number }).total;
  assert.deepEqual([await seen("ann"), await seen("ben"), await seen("secret-key")], [1, 0, 1]);
});

test("a key that only reads makes and stops nothing", async (t) => {
  const { ask, queued, submit } = await startControlServer(t);
  const id = await queued("ann");
  assert.equal((await submit([], {}, "reader")).status, 403);
  assert.equal((await ask("POST", `/v1/workflow/${id}/cancel`, { key: "reader" })).status, 403);
  assert.equal((await ask("POST", "/v1/runner", { key: "reader", body: "{}" })).status, 403);
  assert.equal((await ask("GET", "/v1/user", { key: "reader" })).status, 200);
});

test("runners, templates and webhooks belong to the key that made them", async (t) => {
  const { ask } = await startControlServer(t);
  const runner = { name: "mine", endpoint: "https://example.com" };
  const made = await ask("POST", "/v1/runner", { key: "ann", body: JSON.stringify(runner) });
  const { id } = (await made.json()) as { id: string };
  const hook = await ask("POST", "/v1/webhook", {
    key: "ann",
    body: JSON.stringify({ url: "https://example.com" }),
  });
  const { id: hookId } = (await hook.json()) as { id: string };
  const form = formBody([
    { name: "name", content: "mine" },
    { name: "description", content: "of ann" },
    { name: "body", filename: "body.json", content: JSON.stringify(GRAPH) },
  ]);
  const template = await ask("POST", "/v1/template", {
    key: "ann",
    headers: { "content-type": `multipart/form-data; boundary=${BOUNDARY}` },
    body: new Uint8Array(form),
  });
  const { id: templateId } = (await template.json()) as { id: string };
  for (const route of [`/v1/runner/${id}`, `/v1/webhook/${hookId}`, `/v1/template/${templateId}`]) {
    assert.equal((await ask("GET", route, { key: "ben" })).status, 404);
    assert.equal((await ask("DELETE", route, { key: "ben" })).status, 404);
    assert.equal((await ask("GET", route, { key: "ann" })).status, 200);
  }
  // A webhook that nothing was sent to yet has an empty list, and that too is its owner's alone.
  const deliveries = `/v1/webhook/${hookId}/deliveries`;
  assert.equal((await ask("GET", deliveries, { key: "ben" })).status, 404);
  assert.equal((await ask("GET", deliveries, { key: "ann" })).status, 200);
});
