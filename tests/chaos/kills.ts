/**
 * Kills processes at random moments of a stream of quick and slow jobs, and then asks for the truth about every job
 * that was ever accepted. The same seed makes the same kills.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import path from "node:path";
import { generator } from "../support/random.ts";
import { kill, PROJECT, TestServer, until } from "../support/server.ts";

export interface KillReport {
  readonly accepted: number;
  readonly completed: number;
  /** ended without a result, and saying so */
  readonly stalled: number;
  readonly kills: Record<string, number>;
  /** longest time from starting the server again to its first answer, in milliseconds */
  readonly slowestRestartMs: number;
}

function promptOf(number: number, slow: boolean): unknown {
  const image = { class_type: "EmptyImage", inputs: { width: 32, height: 32, batch_size: 1, color: number } };
  const sleep = { class_type: "TestSleep", inputs: { value: ["1", 0], seconds: 0.3 } };
  const save = {
    class_type: "SaveImage",
    inputs: { images: [slow ? "2" : "1", 0], filename_prefix: `job-${number}` },
  };
  return slow ? { "1": image, "2": sleep, "3": save } : { "1": image, "3": save };
}

/** Runs one seed. @throws when any promise is broken */
export async function runKills(seed: number, rounds: number): Promise<KillReport> {
  const random = generator(seed);
  const server = await TestServer.start([
    "--custom-nodes-directory",
    path.join(PROJECT, "examples/custom_nodes"),
  ]);
  const accepted: string[] = [];
  const kills: Record<string, number> = { hub: 0, worker: 0, starter: 0, all: 0 };
  let slowestRestartMs = 0;
  let sent = 0;
  try {
    await until("the first worker", () => server.ids().worker);
    for (let round = 0; round < rounds; round += 1) {
      const jobs = 1 + Math.floor(random() * 4);
      for (let index = 0; index < jobs; index += 1) {
        const id = promptId(seed, sent);
        if (await offer(server, id, promptOf(sent, random() < 0.3))) accepted.push(id);
        sent += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, random() * 250));
      const whom = (["hub", "worker", "starter", "all"] as const)[Math.floor(random() * 4)] ?? "hub";
      kills[whom] = (kills[whom] ?? 0) + 1;
      slowestRestartMs = Math.max(slowestRestartMs, await strike(server, whom));
    }
    await server.idle(60_000);
    const { completed, stalled } = await askForTheTruth(server, accepted);
    checkFiles(server.base);
    checkCompletions(server.base);
    return { accepted: accepted.length, completed, stalled, kills, slowestRestartMs };
  } finally {
    await server.stop();
  }
}

function promptId(seed: number, number: number): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  return `${hex(seed, 8)}-0000-4000-8000-${hex(number, 12)}`;
}

/** True when the server said yes. A lost answer is asked for again with the same id, as a careful client does. */
async function offer(server: TestServer, id: string, prompt: unknown): Promise<boolean> {
  return until("an answer to the prompt", async () => {
    try {
      const answer = await server.post("/prompt", { prompt, prompt_id: id });
      if (answer.status === 200) return true;
      throw new Error(`the prompt was refused: ${await answer.text()}`);
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  });
}

async function strike(server: TestServer, whom: "hub" | "worker" | "starter" | "all"): Promise<number> {
  const { hub, worker } = server.ids();
  const { starter } = server;
  if (whom === "worker") {
    if (worker !== undefined) kill(worker);
    return 0;
  }
  if (whom === "all" && worker !== undefined) kill(worker);
  kill(whom === "starter" ? starter : hub);
  if (whom === "all") kill(starter);
  const started = performance.now();
  await server.launch();
  return performance.now() - started;
}

async function askForTheTruth(
  server: TestServer,
  accepted: readonly string[],
): Promise<{ completed: number; stalled: number }> {
  let completed = 0;
  let stalled = 0;
  for (const id of accepted) {
    const job = await server.json<{ status?: string; execution_error?: { exception_type: string } }>(
      `/api/jobs/${id}`,
    );
    if (job.status === "completed") completed += 1;
    else {
      assert.equal(job.status, "failed", `job ${id} is ${JSON.stringify(job)}`);
      assert.equal(job.execution_error?.exception_type, "WorkerLost", `job ${id} says why`);
      stalled += 1;
    }
  }
  const unknown = await fetch(`${server.url}/api/jobs/ffffffff-0000-4000-8000-000000000000`);
  assert.equal(unknown.status, 404);
  return { completed, stalled };
}

/** Every file that can be fetched is whole. */
function checkFiles(base: string): void {
  for (const name of readdirSync(path.join(base, "output"))) {
    if (name.startsWith(".")) continue;
    const bytes = readFileSync(path.join(base, "output", name));
    assert.equal(bytes.subarray(-8, -4).toString("latin1"), "IEND", `${name} is a whole PNG`);
  }
}

/** No job ended twice: the event log says how often each did. */
function checkCompletions(base: string): void {
  const database = new DatabaseSync(path.join(base, "studio/hearth.db"), { readOnly: true });
  const twice = database
    .prepare(
      `SELECT job_id, COUNT(*) AS times FROM events WHERE type IN ('job.completed', 'job.failed', 'job.stalled')
       GROUP BY job_id HAVING times > 1`,
    )
    .all();
  database.close();
  assert.deepEqual(twice, [], "no job ended twice");
}
