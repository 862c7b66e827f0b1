/** Making, listing, cancelling workflows: C-29, C-30, C-32; runners, templates, the user. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import sharp from "sharp";
import type { TestServer } from "../support/server.ts";
import { ControlClient, form, picture, startControl, type Workflow } from "./support.ts";

let server: TestServer;
let client: ControlClient;
before(async () => {
  server = await startControl();
  client = new ControlClient(server.url);
});
after(() => server.stop());

const UUID4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("C-29 create answers with the record, which list and get know too", async () => {
  const answer = await client.submit(picture(), { name: "my picture", tags: "fast, gpu ,fast" });
  assert.equal(answer.status, 201);
  const created = (await answer.json()) as Workflow;
  assert.deepEqual(Object.keys(created), [
    "id",
    "name",
    "status",
    "tags",
    "created_at",
    "updated_at",
    "started_at",
    "completed_at",
  ]);
  assert.match(created.id, UUID4);
  assert.deepEqual([created["name"], created["tags"]], ["my picture", ["fast", "gpu"]]);
  assert.ok(["accepted", "queued", "running"].includes(created.status));
  assert.equal(answer.headers.get("location"), `/v1/workflow/${created.id}`);
  const full = await client.ended(created.id);
  assert.equal(full.status, "completed");
  assert.deepEqual(full["workflow_json"], picture());
  assert.deepEqual(full["workflow_params"], []);
  assert.equal(full["prompt_id"], created.id);
  const { workflows, total } = await client.json<{ workflows: Workflow[]; total: number }>("/v1/workflow");
  assert.ok(total >= 1);
  assert.equal(workflows[0]?.id, created.id, "newest first");
});

test("C-29 the list comes in pages, and says what is wrong with a page", async () => {
  const ids: string[] = [];
  for (let index = 0; index < 3; index += 1) ids.push(await client.create(picture({ color: index })));
  const page = async (query: string): Promise<string[]> =>
    (await client.json<{ workflows: Workflow[] }>(`/v1/workflow${query}`)).workflows.map(({ id }) => id);
  assert.deepEqual(await page("?per_page=2"), [ids[2], ids[1]]);
  assert.equal((await page("?per_page=2&page=2"))[0], ids[0]);
  for (const id of ids) await client.ended(id);
  assert.ok((await page("?status=completed")).length >= 3);
  assert.deepEqual(await page("?status=invalid"), []);
  for (const [query, why] of [
    ["?page=0", /page/],
    ["?per_page=101", /per_page/],
    ["?page=x", /page/],
    ["?status=done", /status must be one of accepted, /],
  ] as const) {
    const answer = await client.ask("GET", `/v1/workflow${query}`);
    assert.equal(answer.status, 400);
    assert.match(((await answer.json()) as { message: string }).message, why);
  }
});

test("C-29 a graph that cannot run is invalid, and says which node is wrong", async () => {
  const wrong = {
    ...picture(),
    "1": { class_type: "EmptyImage", inputs: { width: 0, height: 8, batch_size: 1, color: 0 } },
  };
  const workflow = await client.ended(await client.create(wrong));
  assert.equal(workflow.status, "invalid");
  assert.deepEqual([workflow["error_node"], workflow.exception_type], ["1", "InvalidWorkflow"]);
  assert.match(workflow.exception_message ?? "", /node 1 \(EmptyImage\): .*width/s);
  const unknown = await client.ended(await client.create({ "7": { class_type: "NoSuchClass", inputs: {} } }));
  assert.match(unknown.exception_message ?? "", /NoSuchClass/);
});

test("C-30 cancel takes what waits from the queue, stops what runs, and refuses the rest", async () => {
  const cancel = (id: string): Promise<Response> => client.ask("POST", `/v1/workflow/${id}/cancel`);
  const running = await client.create(picture({ seconds: 30 }));
  await client.reach(running, "running");
  const waiting = await client.create(picture());
  const other = await client.create(picture({ color: 7 }));
  await client.reach(other, "queued");
  const dequeued = await cancel(waiting);
  assert.deepEqual([dequeued.status, await dequeued.text()], [200, ""]);
  assert.equal((await client.get(waiting)).status, "cancelled");
  assert.equal((await client.get(running)).status, "running", "that one alone");
  const stopped = await cancel(running);
  assert.deepEqual([stopped.status, await stopped.text()], [200, ""]);
  assert.equal((await client.ended(running)).status, "cancelled");
  assert.equal((await client.ended(other)).status, "completed", "the next one runs");
  const invalid = await client.create({ "1": { class_type: "NoSuchClass", inputs: {} } });
  await client.ended(invalid);
  for (const [id, word] of [
    [running, "cancelled"],
    [other, "completed"],
    [invalid, "invalid"],
  ] as const) {
    const again = await cancel(id);
    assert.equal(again.status, 400);
    assert.match(((await again.json()) as { message: string }).message, new RegExp(`it is ${word}`));
  }
  assert.equal((await cancel("ffffffff-ffff-4fff-8fff-ffffffffffff")).status, 404);
});

test("C-32 texts, choices, files, random numbers and the time take their places", async () => {
  const pixels = { width: 20, height: 10, channels: 3 as const, background: "#ff0000" };
  const photo = await sharp({ create: pixels }).png().toBuffer();
  const graph = {
    "1": { class_type: "LoadImage", inputs: { image: "$file(photo)" } },
    "2": {
      class_type: "ImageScale",
      inputs: {
        image: ["1", 0],
        upscale_method: "$choice(how, area, lanczos)",
        width: "$text(width)",
        height: 16,
        crop: "disabled",
      },
    },
    "3": {
      class_type: "SaveImage",
      inputs: { images: ["2", 0], filename_prefix: "$text(prefix, from-default)" },
    },
    "4": { class_type: "EmptyImage", inputs: { width: 8, height: 8, batch_size: 1, color: "$timestamp()" } },
  };
  const file = { blob: new Blob([new Uint8Array(photo)]), filename: "holiday.png" };
  const id = await client.create(graph, { $photo: file, $width: "32", "#how": "lanczos" });
  const workflow = await client.ended(id);
  assert.equal(workflow.status, "completed", workflow.exception_message ?? "");
  assert.deepEqual(workflow["workflow_json"], graph, "people see what they sent");
  assert.deepEqual(workflow["workflow_params"], [
    { key: "$width", value: "32" },
    { key: "#how", value: "lanczos" },
    { key: "$photo", value: "holiday.png" },
  ]);
  const [output] = await client.json<{ src: string }[]>(`/v1/workflow/${id}/outputs`);
  assert.match(output?.src ?? "", /from-default_\d+_\.png\?/);
  const saved = Buffer.from(await (await fetch(output?.src ?? "")).arrayBuffer());
  const { width, height } = await sharp(saved).metadata();
  assert.deepEqual([width, height], [32, 16]);
  const job = await server.json<{
    workflow: { prompt: Record<string, { inputs: Record<string, unknown> }> };
  }>(`/api/jobs/${id}`);
  const { prompt } = job.workflow;
  assert.deepEqual(
    [prompt["1"]?.inputs["image"], prompt["2"]?.inputs["upscale_method"]],
    [`control/${id}/photo.png`, "lanczos"],
  );
});

test("C-32 a value that is missing is 400 and names the placeholder", async () => {
  const graph = {
    ...picture(),
    "3": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "$text(prefix)" } },
  };
  const answer = await client.submit(graph);
  assert.equal(answer.status, 400);
  assert.deepEqual(await answer.json(), {
    status: 400,
    message: "$prefix is missing: the workflow wants a text of this name",
  });
});

test("an editor's workflow is converted, with placeholders in it", async () => {
  const workflow = {
    last_node_id: 2,
    last_link_id: 1,
    nodes: [
      {
        id: 1,
        type: "EmptyImage",
        pos: [0, 0],
        size: [9, 9],
        order: 0,
        mode: 0,
        inputs: [],
        outputs: [{ name: "IMAGE", type: "IMAGE", links: [1] }],
        widgets_values: [24, 16, 1, 255],
      },
      {
        id: 2,
        type: "SaveImage",
        pos: [9, 0],
        size: [9, 9],
        order: 1,
        mode: 0,
        inputs: [{ name: "images", type: "IMAGE", link: 1 }],
        outputs: [],
        widgets_values: ["$text(prefix)"],
      },
    ],
    links: [[1, 1, 0, 2, 0, "IMAGE"]],
    version: 0.4,
  };
  const id = await client.create(workflow, { $prefix: "from-editor" });
  const record = await client.ended(id);
  assert.equal(record.status, "completed", record.exception_message ?? "");
  assert.deepEqual(record["workflow_json"], workflow);
  const [output] = await client.json<{ src: string }[]>(`/v1/workflow/${id}/outputs`);
  assert.match(output?.src ?? "", /from-editor_/);
  const broken = structuredClone(workflow);
  (broken.nodes[1] as { type: string }).type = "NoSuchClass";
  const refused = await client.ended(await client.create(broken, { $prefix: "x" }));
  assert.equal(refused.status, "invalid");
  assert.match(refused.exception_message ?? "", /NoSuchClass/);
});

test("seeds of 64 bits stay exact, and $random() fills one", async () => {
  const graph = {
    ...picture(),
    "9": {
      class_type: "EmptyImage",
      inputs: { width: 8, height: 8, batch_size: 1, color: 1, seed: "$random()" },
    },
  };
  const text = JSON.stringify(graph).replace(
    '"seed":"$random()"',
    '"seed":"$random()","exact":18446744073709551615',
  );
  const id = await client.create(text);
  await client.ended(id);
  assert.match(await (await client.ask("GET", `/v1/workflow/${id}`)).text(), /"exact":18446744073709551615/);
});

test("a template is kept, changed, run and removed", async () => {
  const body = {
    ...picture(),
    "3": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "$text(prefix)" } },
  };
  const blob = (value: unknown): { blob: Blob; filename: string } => ({
    blob: new Blob([JSON.stringify(value)]),
    filename: "b.json",
  });
  const made = await client.ask("POST", "/v1/template", {
    body: form({ name: "card", description: "A card", body: blob(body) }),
  });
  assert.equal(made.status, 201, await made.clone().text());
  const { id } = (await made.json()) as { id: string };
  const changed = await client.ask("PUT", `/v1/template/${id}`, { body: form({ name: "card 2" }) });
  const template = (await changed.json()) as Record<string, unknown>;
  assert.deepEqual([template["name"], template["description"], template["body"]], ["card 2", "A card", body]);
  assert.deepEqual(template["placeholders"], [{ kind: "text", name: "prefix" }]);
  const { total } = await client.json<{ total: number }>("/v1/template");
  assert.equal(total, 1);
  const run = await client.ask("POST", "/v1/workflow", {
    body: form({ name: "from template", template_id: id, $prefix: "templated" }),
  });
  assert.equal(run.status, 201, await run.clone().text());
  assert.equal((await client.ended(((await run.json()) as Workflow).id)).status, "completed");
  for (const [fields, why] of [
    [{ name: "", description: "x", body: blob(body) }, /^name must/],
    [{ name: "x", description: "d".repeat(501), body: blob(body) }, /^description must/],
    [{ name: "x", description: "x" }, /^body is missing/],
    [
      {
        name: "x",
        description: "x",
        body: blob({ "1": { class_type: "X", inputs: { a: "$choice(b, c)" } } }),
      },
      /1 options/,
    ],
  ] as const) {
    const refused = await client.ask("POST", "/v1/template", { body: form(fields) });
    assert.equal(refused.status, 400);
    assert.match(((await refused.json()) as { message: string }).message, why);
  }
  assert.equal((await client.ask("DELETE", `/v1/template/${id}`)).status, 204);
  assert.equal((await client.ask("GET", `/v1/template/${id}`)).status, 404);
});

test("a runner is kept, changed, listed by its status and removed", async () => {
  const runner = {
    name: "box",
    endpoint: "http://10.0.0.5:8188",
    headers: { "X-Key": "s" },
    tags: ["gpu", "gpu"],
  };
  const made = await client.post("/v1/runner", runner);
  assert.equal(made.status, 201);
  const created = (await made.json()) as { id: string; status: string; tags: string[] };
  assert.deepEqual([created.status, created.tags], ["active", ["gpu"]]);
  const changed = await client.ask("PUT", `/v1/runner/${created.id}`, {
    body: JSON.stringify({ status: "disabled" }),
  });
  assert.equal(changed.status, 200);
  const list = async (query: string): Promise<number> =>
    (await client.json<{ total: number }>(`/v1/runner${query}`)).total;
  assert.deepEqual([await list(""), await list("?status=active"), await list("?status=disabled")], [1, 0, 1]);
  const shown = await client.json<Record<string, unknown>>(`/v1/runner/${created.id}`);
  assert.deepEqual(
    [shown["name"], shown["endpoint"], shown["headers"]],
    ["box", runner.endpoint, runner.headers],
  );
  for (const [wrong, why] of [
    [{ ...runner, name: "" }, /name/],
    [{ ...runner, endpoint: "nowhere" }, /endpoint 'nowhere'/],
    [{ ...runner, tags: Array.from({ length: 11 }, (_, index) => `t${index}`) }, /tags/],
    [{ ...runner, headers: { "a b": "x" } }, /headers: 'a b'/],
    [{ ...runner, status: "asleep" }, /status/],
  ] as const) {
    const refused = await client.post("/v1/runner", wrong);
    assert.equal(refused.status, 400);
    assert.match(((await refused.json()) as { message: string }).message, why);
  }
  assert.equal((await client.ask("DELETE", `/v1/runner/${created.id}`)).status, 204);
  assert.equal((await client.ask("GET", `/v1/runner/${created.id}`)).status, 404);
});

test("the user is whose key it is; unknown paths and methods are refused in the contract's shape", async () => {
  const user = await client.json<Record<string, unknown>>("/v1/user");
  assert.deepEqual([user["name"], user["deleted"]], ["API_KEY", false]);
  const unknown = await client.ask("GET", "/v1/nothing");
  assert.deepEqual([unknown.status, await unknown.json()], [404, { status: 404, message: "Not Found" }]);
  const wrong = await client.ask("PATCH", "/v1/user");
  assert.deepEqual([wrong.status, await wrong.json()], [405, { status: 405, message: "Method Not Allowed" }]);
});
