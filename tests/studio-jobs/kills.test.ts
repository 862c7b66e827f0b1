/** The hub is killed in the middle of what Studio asked for; the next one tells the truth and leaves nothing half-done. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync, truncateSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { until } from "../support/server.ts";
import { saving, startStudio } from "./studio-server.ts";

const COUNT = 150;

test("killed while it deletes: a job has its file and its record, or neither", async (t) => {
  const { server, ask, queue, crash } = await startStudio(t);
  const ids: string[] = [];
  for (let index = 0; index < COUNT; index += 1) ids.push(await queue(saving(`d${index}`, index)));
  await server.idle();
  const output = path.join(server.base, "output");
  assert.equal(readdirSync(output).filter((name) => name.startsWith("d")).length, COUNT);
  const asked = ask("POST", "/api/admin/history/delete", { prompt_ids: ids }).catch(() => undefined);
  await until("the first deletions", () => (readdirSync(output).length < COUNT - 20 ? true : undefined));
  await crash();
  await asked;
  const { body } = await ask("GET", "/api/admin/history");
  assert.ok(body.length > 0 && body.length < COUNT, `${body.length} left: it was killed in the middle`);
  const left = new Set<string>(body.map((record: any) => record.output.filename));
  const files = readdirSync(output).filter((name) => name.startsWith("d"));
  assert.deepEqual(new Set(files), left);
  const rest = body.map((record: any) => record.prompt_id);
  assert.deepEqual((await ask("POST", "/api/admin/history/delete", { prompt_ids: rest })).body.deleted, rest);
  assert.deepEqual(
    readdirSync(output).filter((name) => name.startsWith("d")),
    [],
  );
});

test("killed while it runs jobs again: what was answered exists, and everything runs once", async (t) => {
  const { server, ask, queue, crash } = await startStudio(t);
  const first = await queue(saving("first"));
  await server.idle();
  const answered: string[] = [];
  const asked = Array.from({ length: 60 }, () =>
    ask("POST", "/api/admin/history/rerun", { prompt_id: first }).then(
      ({ body }) => answered.push(body.prompt_id),
      () => undefined,
    ),
  );
  await until("a few answers", () => (answered.length >= 10 ? true : undefined));
  await crash();
  await Promise.all(asked);
  await server.idle();
  const { body } = await ask("GET", "/api/admin/history");
  const known = new Map<string, any>(body.map((record: any) => [record.prompt_id, record]));
  assert.equal(known.size, body.length, "none is there twice");
  for (const id of answered) assert.equal(known.get(id)?.retry_of, first);
  for (const record of body) {
    assert.ok(["completed", "stalled"].includes(record.status), record.status);
    if (record.status === "completed")
      assert.ok(existsSync(path.join(server.base, "output", record.output.filename)));
  }
});

test("killed while it streams a package: the client sees that it is broken, and the next one is whole", async (t) => {
  const { server, key, ask, queue, crash } = await startStudio(t);
  const id = await queue(saving("big"));
  await server.idle();
  const [record] = (await ask("GET", "/api/admin/history")).body;
  truncateSync(path.join(server.base, "output", record.output.filename), 400 * 1024 * 1024);
  const before = readdirSync(server.base).sort();
  const download = async (): Promise<number> => {
    const response = await fetch(`${server.url}/api/admin/history/${id}/package`, {
      headers: { "x-api-key": key },
    });
    let size = 0;
    for await (const chunk of response.body ?? []) size += (chunk as Uint8Array).length;
    return size;
  };
  const response = await fetch(`${server.url}/api/admin/history/${id}/package`, {
    headers: { "x-api-key": key },
  });
  const reader = response.body?.getReader();
  await reader?.read();
  await crash();
  await assert.rejects(async () => {
    for (;;) if ((await reader?.read())?.done === true) return;
  });
  assert.deepEqual(readdirSync(server.base).sort(), before);
  assert.ok((await download()) > statSync(path.join(server.base, "output", record.output.filename)).size);
});
