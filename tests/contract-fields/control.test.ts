/** Every field of the Subscribe page of Control, on a started server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ControlClient, picture, startControl } from "../control/support.ts";
import { plain, RED } from "../studio-runner/pictures.ts";
import type { TestServer } from "../support/server.ts";

let server: TestServer;
let client: ControlClient;
before(async () => {
  server = await startControl();
  client = new ControlClient(server.url);
});
after(() => server?.stop());

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

test("subscribe: every field of a workflow that waits, runs and completes", async () => {
  const first = await client.create(picture({ seconds: 0.5, prefix: "first" }));
  await client.reach(first, "running");
  const id = await client.create(picture({ seconds: 0.5, prefix: "second", color: 3 }));
  await client.reach(id, "queued");
  const snapshots = (await client.events(id)).map(({ data }) => data);
  const at = (status: string): (typeof snapshots)[number] => {
    const found = snapshots.find((snapshot) => snapshot.status === status);
    assert.ok(found !== undefined, `${status}: ${JSON.stringify(snapshots)}`);
    assert.deepEqual(Object.keys(found), [
      "status",
      "prompt",
      "queue_number",
      "outputs",
      "cause",
      "started_at",
      "completed_at",
    ]);
    return found;
  };
  const queued = at("queued");
  assert.equal(queued.queue_number, 2);
  assert.deepEqual([queued.outputs, queued.cause], [[], null]);
  assert.deepEqual([queued.started_at, queued.completed_at], [null, null]);
  const running = at("running");
  assert.deepEqual(running.prompt, { prompt_id: id });
  assert.equal(running.queue_number, 1);
  assert.deepEqual([running.outputs, running.cause], [[], null]);
  assert.match(running.started_at ?? "", TIME);
  assert.equal(running.completed_at, null);
  const completed = at("completed");
  assert.deepEqual([completed.prompt, completed.queue_number], [{ prompt_id: id }, null]);
  assert.equal(completed.cause, null);
  assert.equal(completed.started_at, running.started_at);
  assert.match(completed.completed_at ?? "", TIME);
  assert.equal(completed.outputs.length, 1);
  const [output] = completed.outputs;
  assert.deepEqual(Object.keys(output ?? {}), ["id", "workflow_id", "src"]);
  assert.ok((output?.id.length ?? 0) > 0);
  assert.equal(output?.workflow_id, id);
  const file = await fetch(output?.src ?? "");
  assert.deepEqual([file.status, file.headers.get("content-type")], [200, "image/png"]);
});

test("subscribe: every field of a failure's cause", async () => {
  const failing = {
    ...picture(),
    "2": { class_type: "TestSyncError", inputs: { value: ["1", 0] } },
    "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "never" } },
  };
  const id = await client.create(failing);
  const { data } = (await client.events(id)).at(-1) ?? {};
  assert.equal(data?.status, "failed");
  assert.deepEqual(Object.keys(data?.cause ?? {}), ["node_type", "exception_type", "exception_message"]);
  assert.equal(data?.cause?.node_type, "TestSyncError");
  assert.match(data?.cause?.exception_type ?? "", /\w/);
  assert.match(data?.cause?.exception_message ?? "", /\w/);
  assert.match(data?.completed_at ?? "", TIME);
});

test("subscribe: accepted, uploaded, queued, running and completed come in this order; cancelled and invalid are ends", async () => {
  const graph = {
    "1": { class_type: "LoadImage", inputs: { image: "$file(photo)" } },
    "2": { class_type: "TestSleep", inputs: { value: ["1", 0], seconds: 0.4 } },
    "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "copy" } },
  };
  const photo = { blob: new Blob([new Uint8Array(await plain(16, 16, RED))]), filename: "photo.png" };
  const answer = await client.submit(graph, { $photo: photo });
  const { id, status } = (await answer.json()) as { id: string; status: string };
  assert.equal(status, "accepted");
  const words = ["accepted", "uploaded", "queued", "running", "completed"];
  const seen = (await client.events(id, "?push=1")).map((event) => event.data.status);
  assert.ok(
    seen.every((word) => words.includes(word)),
    seen.join(", "),
  );
  const places = seen.map((word) => words.indexOf(word));
  assert.deepEqual(
    places,
    places.toSorted((one, other) => one - other),
  );
  assert.equal(seen.at(-1), "completed");
  assert.ok(seen.includes("running"));
  // The first steps are over in milliseconds; the event log has them all.
  const log = await client.json<{ type: string; data: { prompt_id?: string } }[]>(
    "/api/admin/events?types=job.*",
  );
  assert.deepEqual(
    log.filter(({ data }) => data.prompt_id === id).map(({ type }) => type),
    ["job.accepted", "job.uploaded", "job.queued", "job.started", "job.completed"],
  );
  const invalid = await client.create({ "1": { class_type: "NoSuchClass", inputs: {} } });
  assert.equal((await client.events(invalid)).at(-1)?.data.status, "invalid");
  const cancelled = await client.create(picture({ seconds: 60 }));
  await client.reach(cancelled, "running");
  await client.ask("POST", `/v1/workflow/${cancelled}/cancel`);
  assert.equal((await client.events(cancelled)).at(-1)?.data.status, "cancelled");
});

test("subscribe: 401 without a token, 404 for a workflow that is not there", async () => {
  const route = `${server.url}/v1/workflow/ffffffff-ffff-4fff-8fff-ffffffffffff/subscribe`;
  const anonymous = await fetch(route);
  assert.deepEqual(
    [anonymous.status, await anonymous.json()],
    [401, { status: 401, message: "Not authenticated" }],
  );
  const unknown = await fetch(route, { headers: client.headers });
  assert.equal(unknown.status, 404);
  assert.equal(((await unknown.json()) as { status: number }).status, 404);
});
