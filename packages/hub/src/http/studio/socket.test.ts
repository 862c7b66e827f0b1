import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { json, jobsFixture, Page } from "./jobs-fixture.ts";

test("S-21 every event comes at once, in order, none twice and none lost, beyond the ring's 1000", async (t) => {
  const { port, parts, store, ask } = await jobsFixture(t);
  const page = await Page.open(t, port);
  await parts.events.emit("test.number", { n: -1 });
  await page.find((message) => message.data?.n === -1);
  for (let n = 0; n < 2_500; n += 1) void store.addEvent({ type: "test.number", data: { n } });
  await page.find((message) => message.data?.n === 2_499);
  assert.deepEqual(
    page.events.map((event) => event.data.n),
    Array.from({ length: 2_501 }, (_, index) => index - 1),
  );
  const listed = (await ask("GET", "/api/admin/events?limit=1")).body[0];
  assert.deepEqual(page.events.at(-1), listed, "the same object as the list has");
});

test("a page that comes back names its last event, and gets all that came after, also what has left memory", async (t) => {
  const { port, store, parts } = await jobsFixture(t);
  await parts.events.emit("test.first", {});
  await parts.events.pull();
  const last = parts.events.recent().at(-1)?.shown.id;
  await Promise.all(
    Array.from({ length: 2_200 }, (_, n) => store.addEvent({ type: "test.number", data: { n } })),
  );
  await parts.events.pull();
  const page = await Page.open(t, port, `token=secret-key&after=${last}`);
  await page.find((message) => message.data?.n === 2_199);
  await parts.events.emit("test.last", {});
  await page.find((message) => message.type === "test.last");
  assert.equal(page.events.length, 2_201);
  assert.ok(page.events.slice(0, -1).every((event, index) => event.data.n === index));
});

test("S-21 a client that does not read holds up nobody, and misses no event when it reads again", async (t) => {
  const { port, store } = await jobsFixture(t);
  const slow = await Page.open(t, port);
  const quick = await Page.open(t, port);
  slow.socket.pause();
  const filler = "x".repeat(4_000);
  for (let n = 0; n < 3_000; n += 1) void store.addEvent({ type: "test.number", data: { n, filler } });
  await quick.find((message) => message.data?.n === 2_999);
  assert.ok(slow.events.length < 3_000);
  slow.socket.resume();
  await slow.find((message) => message.data?.n === 2_999);
  assert.ok(slow.events.every((event, index) => event.data.n === index));
  assert.equal(slow.events.length, 3_000);
});

test("progress: at once for who comes, with every change, and complete at the end", async (t) => {
  const { port, submit, worker } = await jobsFixture(t);
  const early = await Page.open(t, port);
  const id = await submit({ details: { workflow_id: "flow", workflow_name: "Flow" } });
  const job = await worker.next();
  worker.say(job, json("executing", { node: "1", display_node: "1", prompt_id: id }));
  const shown = await early.find((message) => message.prompt_id === id && message.node_id === "1");
  assert.deepEqual(
    [shown.workflow_id, shown.workflow_name, shown.status, shown.node_title, shown.percent],
    ["flow", "Flow", "running", "Sampler", 0],
  );
  const late = await Page.open(t, port);
  assert.equal((await late.find((message) => message.prompt_id === id)).node_id, "1");
  worker.say(job, {
    kind: "progress",
    state: { prompt_id: id, nodes: {} },
    progress: { node: "1", value: 3, max: 10, prompt_id: id },
  });
  await late.find((message) => message.step === 3);
  worker.finish(job);
  for (const page of [early, late]) {
    const end = await page.find((message) => message.prompt_id === id && message.status === "completed");
    assert.deepEqual([end.percent, end.eta_seconds], [100, 0]);
    await page.find((message) => message.type === "job.completed");
  }
});

test("progress that has not changed is not sent again, also while two jobs run", async (t) => {
  const { port, submit, worker, parts } = await jobsFixture(t);
  const id = await submit();
  const job = await worker.next();
  const page = await Page.open(t, port);
  await page.find((message) => message.prompt_id === id);
  const before = page.progress.length;
  worker.say(job, { kind: "progress", state: { prompt_id: id, nodes: {} } });
  worker.say(job, { kind: "text", nodeId: "1", text: "x" });
  await parts.events.emit("test.last", {});
  await page.find((message) => message.type === "test.last");
  assert.equal(page.progress.length, before);
});

test("a preview is a picture right after the progress that it belongs to", async (t) => {
  const { port, submit, worker } = await jobsFixture(t);
  const page = await Page.open(t, port);
  const id = await submit();
  const job = await worker.next();
  const bytes = Buffer.from([0xff, 0xd8, 0xff, 1, 2, 3]);
  worker.say(job, {
    kind: "progress",
    state: { prompt_id: id, nodes: {} },
    preview: { format: "jpeg", bytes, nodeId: "1", displayNodeId: "1", parentNodeId: null, realNodeId: "1" },
  });
  await page.find((message) => Buffer.isBuffer(message));
  const at = page.heard.findIndex((message) => Buffer.isBuffer(message));
  assert.deepEqual(page.heard[at], bytes);
  assert.deepEqual([page.heard[at - 1].prompt_id, page.heard[at - 1].preview_seq], [id, 1]);
});

test("without a key the socket closes with 4001; another site's page is refused", async (t) => {
  const { port } = await jobsFixture(t);
  for (const query of ["", "token=wrong"]) {
    const page = new Page(port, query);
    const [code, reason] = (await once(page.socket, "close")) as [number, Buffer];
    assert.deepEqual([code, reason.toString()], [4001, "not authenticated"]);
    assert.deepEqual(page.heard, []);
  }
  const other = new Page(port, "token=secret-key", { headers: { origin: "https://evil.example" } });
  const [error] = (await once(other.socket, "error")) as [Error];
  assert.match(error.message, /403/);
});

test("a key hears of its own jobs alone", async (t) => {
  const { port, submit, worker, parts } = await jobsFixture(t);
  const alice = await Page.open(t, port, "token=alice");
  const bobs = await submit({ owner: "key:bob" });
  const job = await worker.next();
  worker.say(job, json("executing", { node: "1", display_node: "1", prompt_id: bobs }));
  worker.finish(job);
  const own = await submit({ owner: "key:alice" });
  worker.finish(await worker.next());
  await alice.find((message) => message.type === "job.completed");
  await parts.events.emit("system.updated", {});
  await alice.find((message) => message.type === "system.updated");
  const ids = alice.heard.map((message) => message.prompt_id ?? message.data?.prompt_id).filter(Boolean);
  assert.deepEqual([...new Set(ids)], [own]);
});
