/**
 * Sends a workflow, follows it until it ends, and saves its outputs in the current folder:
 *
 *   HEARTH_KEY=… node follow-workflow.ts URL WORKFLOW.json [NAME=VALUE …]
 *
 * `$name=text` gives a text, `$name=@file` a file, `#name=option` a choice.
 */
import { randomUUID } from "node:crypto";
import { openAsBlob } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";

interface Snapshot {
  readonly status: string;
  readonly queue_number: number | null;
  readonly outputs: readonly { readonly src: string }[];
  readonly cause: { readonly exception_message: string } | null;
}

const END = new Set(["completed", "failed", "cancelled", "invalid"]);

const [url = "", file = "", ...values] = process.argv.slice(2);
const headers = { authorization: `Bearer ${process.env["HEARTH_KEY"] ?? ""}` };

/** Makes the workflow. The key makes it safe to send the same again when the answer is lost. */
async function create(): Promise<string> {
  const form = new FormData();
  form.set("name", path.basename(file, ".json"));
  form.set("workflow_json", await openAsBlob(file), path.basename(file));
  for (const pair of values) {
    const at = pair.indexOf("=");
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    if (value.startsWith("@")) form.set(name, await openAsBlob(value.slice(1)), path.basename(value));
    else form.set(name, value);
  }
  const answer = await fetch(`${url}/v1/workflow`, {
    method: "POST",
    headers: { ...headers, "idempotency-key": randomUUID() },
    body: form,
  });
  const body = (await answer.json()) as { id: string; message?: string };
  if (!answer.ok) throw new Error(`${answer.status}: ${body.message}`);
  return body.id;
}

/** The snapshots of one stream. */
async function* snapshots(id: string): AsyncGenerator<Snapshot> {
  const answer = await fetch(`${url}/v1/workflow/${id}/subscribe?push=1`, { headers });
  if (!answer.ok || answer.body === null) throw new Error(`the stream answered ${answer.status}`);
  let text = "";
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: ")) yield JSON.parse(line.slice("data: ".length)) as Snapshot;
    }
  }
}

/** Follows the workflow over as many streams as it takes. */
async function follow(id: string): Promise<Snapshot> {
  let last = "";
  for (;;) {
    for await (const snapshot of snapshots(id)) {
      const place = snapshot.queue_number === null ? "" : ` (${snapshot.queue_number})`;
      if (snapshot.status !== last) console.log(`${snapshot.status}${place}`);
      last = snapshot.status;
      if (END.has(last)) return snapshot;
    }
  }
}

const end = await follow(await create());
if (end.status !== "completed") {
  console.error(end.cause?.exception_message ?? `the workflow is ${end.status}`);
  process.exitCode = 1;
}
for (const { src } of end.outputs) {
  const answer = await fetch(src);
  const name = decodeURIComponent(path.basename(new URL(src).pathname));
  await writeFile(name, Buffer.from(await answer.arrayBuffer()));
  console.log(`saved ${name}`);
}
