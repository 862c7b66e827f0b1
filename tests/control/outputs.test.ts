/** Outputs and their signed URLs: C-15 to C-17, C-31. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import sharp from "sharp";
import type { TestServer } from "../support/server.ts";
import { ControlClient, picture, startControl } from "./support.ts";

let server: TestServer;
let client: ControlClient;
before(async () => {
  server = await startControl({ HEARTH_CONTROL_URL_SECONDS: "5" });
  client = new ControlClient(server.url);
});
after(() => server.stop());

interface Output {
  readonly id: string;
  readonly workflow_id: string;
  readonly src: string;
}

const outputsOf = (id: string): Promise<Output[]> => client.json<Output[]>(`/v1/workflow/${id}/outputs`);

async function completed(graph: unknown): Promise<string> {
  const id = await client.create(graph);
  const workflow = await client.ended(id);
  assert.equal(workflow.status, "completed", workflow.exception_message ?? "");
  return id;
}

test("C-15 outputs are all that was kept: no previews, and nothing before the end", async () => {
  const graph = {
    ...picture({ prefix: "a/kept" }),
    "4": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
    "5": { class_type: "EmptyImage", inputs: { width: 8, height: 8, batch_size: 2, color: 1 } },
    "6": { class_type: "SaveImage", inputs: { images: ["5", 0], filename_prefix: "two" } },
  };
  const id = await completed(graph);
  const names = (await outputsOf(id)).map(({ src }) => path.basename(new URL(src).pathname)).sort();
  assert.deepEqual(names, ["kept_00001_.png", "two_00001_.png", "two_00002_.png"]);
});

test("C-16 a signed URL opens its file without a token, whole or in part, with the right type", async () => {
  const [output] = await outputsOf(await completed(picture({ prefix: "signed" })));
  const src = output?.src ?? "";
  const whole = await fetch(src);
  assert.equal(whole.status, 200);
  assert.equal(whole.headers.get("content-type"), "image/png");
  assert.equal(whole.headers.get("accept-ranges"), "bytes");
  const bytes = Buffer.from(await whole.arrayBuffer());
  const { width, height } = await sharp(bytes).metadata();
  assert.deepEqual([width, height], [32, 24]);
  const part = await fetch(src, { headers: { range: "bytes=1-3" } });
  assert.deepEqual([part.status, await part.text()], [206, "PNG"]);
  assert.equal(part.headers.get("content-range"), `bytes 1-3/${bytes.length}`);
  const head = await fetch(src, { method: "HEAD" });
  assert.equal(head.headers.get("content-length"), String(bytes.length));
});

test("C-16 a signed URL cannot be altered to reach anything else, and expires", async () => {
  const first = await completed(picture({ prefix: "mine" }));
  const second = await completed(picture({ prefix: "other", color: 9 }));
  const [mine] = await outputsOf(first);
  const [other] = await outputsOf(second);
  const url = new URL(mine?.src ?? "");
  const altered = (change: (url: URL) => void): string => {
    const copy = new URL(url);
    change(copy);
    return copy.href;
  };
  for (const wrong of [
    altered((copy) => (copy.pathname = new URL(other?.src ?? "").pathname)),
    altered((copy) => (copy.pathname = copy.pathname.replace("mine", "other"))),
    altered((copy) => (copy.pathname = copy.pathname.replace(mine?.id ?? "", other?.id ?? ""))),
    altered((copy) => (copy.pathname += "/../x")),
    altered((copy) => copy.searchParams.set("expires", String(Date.now()))),
    altered((copy) => copy.searchParams.delete("signature")),
    altered((copy) => copy.searchParams.set("signature", "x")),
  ]) {
    const answer = await fetch(wrong);
    assert.ok([403, 404, 401].includes(answer.status), `${wrong}: ${answer.status}`);
    await answer.text();
  }
  const left = Number(url.searchParams.get("expires")) * 1000 - Date.now();
  await new Promise((resolve) => setTimeout(resolve, left + 50));
  const late = await fetch(url);
  assert.equal(late.status, 403);
  assert.match(((await late.json()) as { message: string }).message, /too old/);
  const [fresh] = await outputsOf(first);
  assert.notEqual(fresh?.src, mine?.src, "signed anew");
  assert.equal((await fetch(fresh?.src ?? "")).status, 200);
});

test("C-17 ids of outputs are stable, and name their workflow", async () => {
  const id = await completed(picture({ prefix: "stable" }));
  const streamed = (await client.events(id)).at(-1)?.data.outputs ?? [];
  const first = await outputsOf(id);
  const second = await outputsOf(id);
  assert.deepEqual(
    first.map((output) => output.id),
    second.map((output) => output.id),
  );
  assert.deepEqual(
    streamed.map((output) => output.id),
    first.map((output) => output.id),
  );
  assert.ok(first.every(({ workflow_id }) => workflow_id === id));
});

test("C-31 outputs are 404 until the workflow is completed, and a list then, also an empty one", async () => {
  const id = await client.create(picture({ seconds: 0.5 }));
  await client.reach(id, "running");
  const early = await client.ask("GET", `/v1/workflow/${id}/outputs`);
  assert.equal(early.status, 404);
  assert.match(((await early.json()) as { message: string }).message, /it is running/);
  await client.ended(id);
  assert.equal((await outputsOf(id)).length, 1);
  const none = { "1": picture()["1"], "2": { class_type: "PreviewImage", inputs: { images: ["1", 0] } } };
  assert.deepEqual(await outputsOf(await completed(none)), []);
});

test("a file that somebody removed is 404, and says so", async () => {
  const id = await completed(picture({ prefix: "removed" }));
  const [output] = await outputsOf(id);
  rmSync(path.join(server.base, "output", "removed_00001_.png"));
  const answer = await fetch(output?.src ?? "");
  assert.equal(answer.status, 404);
  assert.match(
    ((await answer.json()) as { message: string }).message,
    /removed_00001_\.png is not there any more/,
  );
});
