/**
 * The hub is killed at different moments of retries: of raw prompts, which run again as they were stored, and of a
 * workflow's jobs, which the runner builds anew. What was answered is there, everything runs once, and says of what it
 * is the retry.
 */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { until } from "../support/server.ts";
import { saving, type Studio, startStudio } from "./studio-server.ts";

const ROUNDS = 6;
const AT_ONCE = 12;
/** So many answers come before the kill: none at all, a few, and the last kill comes after all of them. */
const ANSWERS = [0, 1, 3, 6, 9, AT_ONCE];

/** A workflow whose seed is in the name of its file. */
function writeWorkflow(base: string): void {
  const folder = path.join(base, "studio/workflows/drawing");
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    path.join(folder, "manifest.yaml"),
    JSON.stringify({ id: "drawing", name: "Drawing", inputs: [{ id: "seed", type: "seed" }] }),
  );
  writeFileSync(
    path.join(folder, "workflow.json"),
    JSON.stringify({
      "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color: 7 } },
      "2": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "drawn{{seed}}" } },
    }),
  );
}

async function firstDrawing({ server, key, ask }: Studio): Promise<any> {
  const body = new FormData();
  body.append("params", JSON.stringify({ seed: -1 }));
  const answer = await fetch(`${server.url}/api/run/drawing/execute`, {
    method: "POST",
    headers: { "x-api-key": key },
    body,
  });
  const { prompt_id: id } = (await answer.json()) as { prompt_id: string };
  await server.idle();
  return (await ask("GET", `/api/admin/history/${id}`)).body;
}

/** How often each job ended, as the event file tells it. */
function ends(base: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of readFileSync(path.join(base, "studio/events.jsonl"), "utf8").trim().split("\n")) {
    const { type, data } = JSON.parse(line) as { type: string; data: { prompt_id: string } };
    if (!/^job\.(completed|failed|stalled)$/.test(type)) continue;
    counts.set(data.prompt_id, (counts.get(data.prompt_id) ?? 0) + 1);
  }
  return counts;
}

test("S-66 killed in the middle of retries: nothing that was answered is lost, nothing is there twice", async (t) => {
  const studio = await startStudio(t);
  const { server, ask, queue, crash } = studio;
  const output = path.join(server.base, "output");
  writeWorkflow(server.base);
  const raw = await queue(saving("raw"));
  await server.idle();
  const drawing = await firstDrawing(studio);
  assert.equal(drawing.status, "completed");

  /** prompt id → what it is the retry of */
  const answered = new Map<string, string>();
  let asked = 2;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = answered.size;
    const requests = Array.from({ length: AT_ONCE }, (_, index) => {
      const [route, of] = index % 2 === 0 ? ["retry", drawing.prompt_id] : ["rerun", raw];
      return ask("POST", `/api/admin/history/${route}`, { prompt_id: of }).then(
        ({ status, body }) => {
          assert.deepEqual([status, body.retry_of], [200, of]);
          assert.equal(answered.has(body.prompt_id), false, "a new id each time");
          answered.set(body.prompt_id, of);
        },
        (error: unknown) => {
          // A connection that broke says nothing either way; an answer would have to be right.
          if (error instanceof assert.AssertionError) throw error;
        },
      );
    });
    const wanted = ANSWERS[round] ?? 0;
    await until(`${wanted} answers`, () => (answered.size - before >= wanted ? true : undefined));
    await crash();
    await Promise.all(requests);
    asked += AT_ONCE;
  }
  await server.idle();

  const records: any[] = (await ask("GET", "/api/admin/history")).body;
  const known = new Map(records.map((record) => [record.prompt_id, record]));
  assert.equal(known.size, records.length, "none is there twice");
  assert.ok(known.size <= asked, `${known.size} jobs of ${asked} requests`);
  for (const [id, of] of answered) assert.equal(known.get(id)?.retry_of, of, `${id} was answered`);
  const files = new Set<string>();
  for (const record of records) {
    assert.ok(["completed", "stalled"].includes(record.status), `${record.prompt_id} is ${record.status}`);
    if (record.retry_of === drawing.prompt_id) {
      assert.deepEqual([record.seeds, record.params], [drawing.seeds, drawing.params]);
      assert.notEqual(record.output_dir, drawing.output_dir);
    }
    if (record.status !== "completed") continue;
    const { subfolder, filename } = record.output;
    const file = path.join(subfolder, filename);
    // A raw prompt that runs again as it was may come out of the cache, and shows the file that is there.
    if (record.retry_of === drawing.prompt_id) assert.equal(files.has(file), false, `${file} is of two jobs`);
    files.add(file);
  }
  const onDisk = (): string[] => readdirSync(output, { recursive: true, encoding: "utf8" });
  const pictures = onDisk();
  assert.deepEqual(
    [...files].filter((file) => !pictures.includes(file)),
    [],
    "every completed job has its file",
  );
  await until("no mark of an ended job to be left", () =>
    onDisk().some((name) => path.basename(name) === ".incomplete") ? undefined : true,
  );
  assert.deepEqual((await ask("GET", `/api/admin/history/${drawing.prompt_id}`)).body, drawing);
  const counts = await until("the event file to tell of all ends", () => {
    const found = ends(server.base);
    return records.every(({ prompt_id: id }) => found.has(id)) ? found : undefined;
  });
  for (const record of records) assert.equal(counts.get(record.prompt_id), 1, `ends of ${record.prompt_id}`);
});
