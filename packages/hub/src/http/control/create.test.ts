import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import type { FormPart } from "../test-server.ts";
import { type ControlServer, GRAPH, graphPart, reach, startControlServer } from "./test-control.ts";

const NAME: FormPart = { name: "name", content: "test" };
const TEXT_GRAPH = { ...GRAPH, "1": { class_type: "Source", inputs: { text: "$text(prompt)" } } };
const FILE_GRAPH = { ...GRAPH, "1": { class_type: "Source", inputs: { text: "$file(photo)" } } };
const PHOTO: FormPart = { name: "$photo", filename: "my photo.PNG", content: Buffer.from("a picture") };

function folders(server: ControlServer): string[] {
  const parent = path.join(server.folders.input, "control");
  return existsSync(parent) ? readdirSync(parent) : [];
}

test("a request that is wrong is refused by name, and leaves nothing", async (t) => {
  const server = await startControlServer(t);
  const cases: [FormPart[], RegExp, number?][] = [
    [[graphPart(GRAPH)], /^name must have 1 to 200 characters/],
    [[{ name: "name", content: "n".repeat(201) }, graphPart(GRAPH)], /^name must/],
    [[NAME], /^workflow_json is missing/],
    [[NAME, graphPart("{")], /^workflow_json is not JSON: .*position 1/],
    [[NAME, graphPart([])], /^workflow_json is neither a prompt .* nor a workflow/],
    [[NAME, graphPart({})], /^workflow_json is neither/],
    [[NAME, { ...graphPart(""), content: Buffer.from([0xff, 0xfe]) }], /^workflow_json is not UTF-8/],
    [[NAME, graphPart(TEXT_GRAPH)], /^\$prompt is missing/],
    [[NAME, graphPart(FILE_GRAPH), { name: "$photo", content: "text" }], /^\$photo must be a file/],
    [[NAME, graphPart(GRAPH), { name: "promt", content: "x" }], /^'promt' is no field/],
    [[NAME, graphPart(GRAPH), { name: "photo", filename: "a.png", content: "x" }], /^'photo' is no field/],
    [[NAME, graphPart(GRAPH), PHOTO], /no placeholder for \$photo/],
    [[NAME, NAME, graphPart(GRAPH)], /^The field 'name' is there twice/],
    [
      [NAME, graphPart(GRAPH), { name: "tags", content: "1,2,3,4,5,6,7,8,9,10,11" }],
      /^tags: there may be 10/,
    ],
    [[NAME, graphPart(GRAPH), { name: "webhook_url", content: "nowhere" }], /^url 'nowhere' is no http/],
    [[NAME, graphPart(GRAPH), { name: "template_id", content: "x" }], /^workflow_json or template_id/],
    [[NAME, { name: "template_id", content: "x" }], /^There is no template x/, 404],
    [[NAME, { ...graphPart(""), content: Buffer.alloc(2 * 1024 * 1024) }], /^The body is larger than/, 413],
  ];
  for (const [parts, why, status = 400] of cases) {
    const answer = await server.submit(parts);
    const body = (await answer.json()) as { status: number; message: string };
    assert.match(body.message, why);
    assert.deepEqual([answer.status, body.status], [status, status], body.message);
  }
  const noForm = await server.ask("POST", "/v1/workflow", {
    body: "{}",
    headers: { "content-type": "application/json" },
  });
  assert.equal(noForm.status, 400);
  assert.match(((await noForm.json()) as { message: string }).message, /multipart form/);
  assert.deepEqual(folders(server), []);
  assert.equal((await server.store.listRecords({ surface: "control", order: "newest" })).total, 0);
});

test("files are stored under the job's id and their hash is kept", async (t) => {
  const server = await startControlServer(t);
  const answer = await server.submit([NAME, graphPart(FILE_GRAPH), PHOTO]);
  assert.equal(answer.status, 201);
  const { id } = (await answer.json()) as { id: string };
  await reach(server.store, id, "queued");
  const record = await server.store.recordByPromptId(id);
  const job = await server.store.get(record?.id ?? "");
  assert.match(job?.prompt ?? "", new RegExp(`"text": "control/${id}/photo.PNG"`));
  assert.equal(readFileSync(path.join(server.folders.input, `control/${id}/photo.PNG`), "utf8"), "a picture");
  const { files } = JSON.parse(record?.details ?? "") as {
    files: { hash: string; size: number; name: string }[];
  };
  assert.match(files[0]?.hash ?? "", /^blake3:[0-9a-f]{64}$/);
  assert.deepEqual([files[0]?.size, files[0]?.name], [9, "my photo.PNG"]);
  const events = (await server.store.events(0, 100)).map(({ type }) => type);
  assert.deepEqual(events, ["job.accepted", "job.uploaded", "job.queued"]);
});

test("what was left between two steps goes on with the next hub, and what is damaged says so", async (t) => {
  const whenNodesKnown = (): Promise<void> => new Promise(() => undefined);
  const first = await startControlServer(t, {}, { whenNodesKnown });
  const ids: string[] = [];
  for (let index = 0; index < 3; index += 1) {
    const answer = await first.submit([NAME, graphPart(FILE_GRAPH), PHOTO]);
    ids.push(((await answer.json()) as { id: string }).id);
  }
  const [whole = "", damaged = "", lost = ""] = ids;
  for (const id of ids) await reach(first.store, id, "uploaded");
  await first.stop();
  const fileOf = (id: string): string => path.join(first.folders.input, `control/${id}/photo.PNG`);
  writeFileSync(fileOf(damaged), "another picture");
  writeFileSync(fileOf(lost), "");
  // A request that was cut off by the end of the hub.
  const orphan = path.join(first.folders.input, "control", "00000000-0000-4000-8000-000000000000");
  mkdirSync(orphan);
  writeFileSync(path.join(orphan, ".upload-x"), "half");

  const second = await startControlServer(t, {}, { folders: first.folders });
  await reach(second.store, whole, "queued");
  for (const id of [damaged, lost]) {
    await reach(second.store, id, "invalid");
    const shown = (await (await second.ask("GET", `/v1/workflow/${id}`)).json()) as Record<string, string>;
    assert.equal(shown["exception_type"], "FileLost");
    assert.match(shown["exception_message"] ?? "", /'my photo\.PNG'\) is not what was sent/);
  }
  assert.equal(existsSync(orphan), false);
});

test("a request that breaks off leaves nothing", async (t) => {
  const server = await startControlServer(t);
  const { port } = new URL(server.url);
  const socket = net.connect(Number(port), "127.0.0.1");
  socket.write(
    "POST /v1/workflow HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret-key\r\nContent-Length: 100000\r\n" +
      'Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Disposition: form-data; name="$photo"; filename="a.png"\r\n\r\nhalf',
  );
  const arrives = async (count: number): Promise<void> => {
    while (folders(server).length !== count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await arrives(1);
  socket.destroy();
  await arrives(0);
});

test("the same Idempotency-Key with the same request gives the same job", async (t) => {
  const server = await startControlServer(t);
  const send = (parts: FormPart[], key = "key-1", who = "ann"): Promise<Response> =>
    server.submit(parts, { "idempotency-key": key }, who);
  const answers = await Promise.all([1, 2, 3].map(() => send([NAME, graphPart(FILE_GRAPH), PHOTO])));
  const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as { id: string }).id));
  assert.equal(new Set(ids).size, 1);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 201, 201],
  );
  assert.equal(answers.filter(({ headers }) => headers.get("idempotent-replayed") === "true").length, 2);
  assert.equal(folders(server).length, 1, "the files of repeats are gone");
  const other = await send([NAME, graphPart(GRAPH)]);
  assert.equal(other.status, 409);
  assert.match(((await other.json()) as { message: string }).message, /belongs to another request/);
  assert.equal(
    (await send([NAME, graphPart(GRAPH)], "key-1", "ben")).status,
    201,
    "keys belong to who sends them",
  );
  assert.equal((await send([graphPart(GRAPH)], "key-2")).status, 400);
  assert.equal(
    (await send([NAME, graphPart(GRAPH)], "key-2")).status,
    201,
    "a refused request leaves its key free",
  );
});

test("Prefer: wait waits for the end, and no longer than it was told", async (t) => {
  const server = await startControlServer(t);
  const send = (prefer: string): Promise<Response> => server.submit([NAME, graphPart(GRAPH)], { prefer });
  const waiting = send("respond-async, wait=30");
  let id: string | undefined;
  while (id === undefined) {
    const { jobs } = await server.store.listRecords({ states: ["queued"], order: "newest" });
    id = jobs[0]?.promptId;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await server.work();
  const answer = await waiting;
  assert.equal(answer.headers.get("preference-applied"), "wait=30");
  assert.equal(((await answer.json()) as { status: string }).status, "completed");
  const began = performance.now();
  const late = (await (await send("wait=1")).json()) as { status: string };
  assert.equal(late.status, "queued");
  assert.ok(performance.now() - began >= 990);
});
