/** What was answered with a prompt id is there after any death. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { kill, TestServer, until } from "../support/server.ts";
import { RunnerClient } from "./client.ts";
import { plain, RED } from "./pictures.ts";

const ROUNDS = 3;
const RUNS = 12;

test("a hub killed while runs come in keeps every run that it answered, with its picture", async (t) => {
  const server = await TestServer.start();
  t.after(() => server.stop());
  const client = new RunnerClient(server);
  const picture = await plain(32, 32, RED);
  const answered: string[] = [];
  const execute = async (): Promise<void> => {
    const form = new FormData();
    form.append("params", JSON.stringify({ with_tint: false }));
    form.append("input_image", new Blob([new Uint8Array(picture)]), "red.png");
    const { prompt_id: id } = await client.json<{ prompt_id: string }>("/api/run/colour-grade/execute", {
      method: "POST",
      body: form,
    });
    answered.push(id);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = answered.length;
    const runs = Array.from({ length: RUNS }, () => execute().catch(() => undefined));
    await until("the first answers", () => (answered.length > before ? true : undefined));
    kill(server.ids().hub);
    await Promise.all(runs);
    await server.terminate();
    await server.launch();
  }
  assert.ok(answered.length >= ROUNDS);
  await server.idle();
  for (const id of answered) {
    const result = await client.result(id);
    assert.ok(["completed", "stalled"].includes(result.status), `${id} is ${result.status}: ${result.error}`);
    if (result.status !== "completed") continue;
    assert.equal(result.outputs.length, 1);
    assert.ok(existsSync(path.join(server.base, "output", result.output_dir, "final", "final_00001_.png")));
  }
  const directories = readdirSync(path.join(server.base, "output"));
  const marked = directories.filter((name) =>
    existsSync(path.join(server.base, "output", name, ".incomplete")),
  );
  assert.deepEqual(marked, [], "no mark of an ended job is left");
});
