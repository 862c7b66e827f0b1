import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { startControlServer } from "./test-control.ts";

/** Opens a stream, and gives its connection and what has come so far. */
function open(
  url: string,
  id: string,
  query = "",
): Promise<{ request: http.ClientRequest; text: () => string; ended: Promise<void> }> {
  return new Promise((resolve, reject) => {
    const request = http.get(
      `${url}/v1/workflow/${id}/subscribe${query}`,
      { headers: { authorization: "Bearer secret-key" } },
      (response) => {
        let text = "";
        const ended = new Promise<void>((done) => response.once("close", () => done()));
        response.on("error", () => undefined);
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString();
          resolve({ request, text: () => text, ended });
        });
      },
    );
    request.on("error", reject);
  });
}

test("C-21 a client that vanishes is freed", async (t) => {
  const { url, queued, control } = await startControlServer(t);
  const id = await queued();
  const streams = await Promise.all([open(url, id), open(url, id, "?push=1"), open(url, id, "?limit=0")]);
  assert.equal(control.streams(), 3);
  for (const { request } of streams) request.destroy();
  while (control.streams() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(control.watched(), 0);
});

test("C-26 a workflow that is deleted between two updates closes its stream", async (t) => {
  const { url, queued, work, store } = await startControlServer(t, { intervalMs: 300 });
  const id = await queued();
  const { text, ended } = await open(url, id);
  await work();
  const record = await store.recordByPromptId(id);
  assert.ok(await store.remove(record?.id ?? ""));
  await ended;
  assert.equal(text().match(/data: /g)?.length, 1, "only what was true when it was sent");
  assert.match(text(), /"status":"queued"/);
});

test("C-22 the store is asked once per change, however many streams look", async (t) => {
  const { url, queued, store } = await startControlServer(t, { intervalMs: 10 });
  const id = await queued();
  let reads = 0;
  const { recordByPromptId } = store;
  t.mock.method(store, "recordByPromptId", (promptId: string, owner?: string) => {
    reads += 1;
    return recordByPromptId.call(store, promptId, owner);
  });
  const streams = await Promise.all(Array.from({ length: 50 }, () => open(url, id)));
  // Each request looks once whether it may see the job; all its streams then share one more look.
  const opened = reads;
  assert.ok(opened <= 52, String(opened));
  while (streams.some(({ text }) => (text().match(/data: /g)?.length ?? 0) < 10)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(reads, opened, "nothing changed, so nothing was read");
  for (const { request } of streams) request.destroy();
});

test("a stream that ends after the server was told to stop is one that ends at once", async (t) => {
  const { url, queued, control } = await startControlServer(t, { intervalMs: 60_000 });
  const id = await queued();
  const { ended } = await open(url, id);
  await control.close();
  await ended;
  assert.equal(control.streams(), 0);
});
