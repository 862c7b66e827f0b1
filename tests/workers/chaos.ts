/**
 * Faults at random moments of a stream of jobs over three workers, and then the truth about every job that was ever
 * accepted. The same seed makes the same jobs and faults in the same order.
 */
import assert from "node:assert/strict";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { generator } from "../support/random.ts";
import { kill, until } from "../support/server.ts";
import { Fleet, type Third } from "./fleet.ts";

export interface ChaosOptions {
  readonly jobs: number;
  readonly faults: number;
  readonly third: Third;
}

export interface ChaosReport {
  readonly seed: number;
  readonly accepted: number;
  readonly completed: number;
  /** why jobs failed, and how many of each */
  readonly failed: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  /** outputs that were read and belong to their job */
  readonly outputs: number;
  readonly seconds: number;
}

/** What goes wrong; `ms` is how long, where it lasts. */
const FAULTS: Readonly<Record<string, (fleet: Fleet, ms: number) => Promise<void> | void>> = {
  "kill the native worker": (fleet) => {
    for (const { pid, name } of fleet.workers()) if (name === "native") kill(pid);
  },
  "kill a driver": (fleet) => fleet.killDriver(fleet.peers[0]),
  "kill the other driver": (fleet) => fleet.killDriver(fleet.peers[1]),
  "kill the hub": async (fleet) => {
    kill(fleet.hub.ids().hub);
    await fleet.relaunch();
  },
  "kill the hub and a worker": async (fleet) => {
    fleet.killDriver(fleet.peers[0]);
    kill(fleet.hub.ids().hub);
    await fleet.relaunch();
  },
  "stop and continue a worker": async (fleet, ms) => {
    const [worker] = fleet.workers();
    if (worker === undefined) return;
    signal(worker.pid, "SIGSTOP");
    await sleep(ms);
    signal(worker.pid, "SIGCONT");
  },
  "drop the sockets of a ComfyUI": (fleet) => fleet.peers[0].dropSockets(),
  "restart a ComfyUI": (fleet) => fleet.peers[1].restart(),
  "full disk": async (fleet, ms) => {
    fleet.setDisk("full");
    await sleep(ms);
    fleet.setDisk("");
  },
  "slow disk": async (fleet, ms) => {
    fleet.setDisk("slow 150");
    await sleep(ms);
    fleet.setDisk("");
  },
};

/** Those of the network to a worker elsewhere. */
const LINK_FAULTS: typeof FAULTS = {
  "drop the link": (fleet) => fleet.proxy.drop(),
  "stall the link": async (fleet, ms) => {
    fleet.proxy.stall();
    await sleep(ms);
    fleet.proxy.resume();
  },
};

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Its picture has a colour that no other job has. */
function promptOf(number: number, seconds: number): Record<string, unknown> {
  return {
    "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color: 1 + number } },
    "2": { class_type: "TestSleep", inputs: { value: ["1", 0], seconds } },
    "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: `job-${number}` } },
  };
}

function promptId(seed: number, number: number): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  return `${hex(seed, 8)}-0000-4000-8000-${hex(number, 12)}`;
}

/** Runs one seed. @throws when any promise is broken */
export async function runChaos(seed: number, { jobs, faults, third }: ChaosOptions): Promise<ChaosReport> {
  const random = generator(seed);
  const began = performance.now();
  const fleet = await Fleet.start(third);
  const struck: Record<string, number> = {};
  const accepted: string[] = [];
  try {
    await untilJoined(fleet);
    const possible = third === "remote" ? { ...FAULTS, ...LINK_FAULTS } : FAULTS;
    const names = Object.keys(possible);
    let sent = 0;
    for (let round = 0; round < faults; round += 1) {
      const until = Math.round(((round + 1) * jobs) / faults);
      for (; sent < until; sent += 1) {
        const id = promptId(seed, sent);
        const seconds = random() < 0.4 ? Math.round(random() * 40) / 100 : 0;
        await offer(fleet, id, promptOf(sent, seconds));
        accepted.push(id);
      }
      await sleep(random() * 250);
      const name = names[Math.floor(random() * names.length)] ?? "kill the hub";
      struck[name] = (struck[name] ?? 0) + 1;
      await possible[name]?.(fleet, 200 + random() * 800);
    }
    await untilIdle(fleet);
    const { completed, failed } = await askForTheTruth(fleet, accepted);
    const outputs = await checkOutputs(fleet, accepted);
    checkEnds(fleet, accepted);
    checkSubmits(fleet);
    assert.ok(completed >= accepted.length * 0.7, `most jobs come through: ${JSON.stringify(failed)}`);
    const seconds = Math.round((performance.now() - began) / 1000);
    return { seed, accepted: accepted.length, completed, failed, faults: struck, outputs, seconds };
  } catch (error) {
    throw new Error(`seed ${seed}, after ${JSON.stringify(struck)}: ${String(error)}\n${tail(fleet)}`, {
      cause: error,
    });
  } finally {
    await fleet.stop();
  }
}

/** The last lines that processes printed. */
function tail(fleet: Fleet): string {
  return [fleet.hub.output, fleet.remoteOutput].map((text) => text.slice(-2_000)).join("\n-- remote --\n");
}

/** Each of the three has run something. */
async function untilJoined(fleet: Fleet): Promise<void> {
  let probe = 0;
  await until(
    "three workers that run jobs",
    async () => {
      if (fleet.peers.every((peer) => peer.history.size > 0)) return true;
      for (let index = 0; index < 3; index += 1) {
        probe += 1;
        await fleet.hub.post("/prompt", { prompt: promptOf(0xf00000 + probe, 0.2) });
      }
      await fleet.hub.idle();
      return undefined;
    },
    60_000,
  );
}

/** A lost answer is asked for again with the same id, as a careful client does. */
async function offer(fleet: Fleet, id: string, prompt: unknown): Promise<void> {
  await until("an answer to the prompt", async () => {
    try {
      const answer = await fleet.hub.post("/prompt", { prompt, prompt_id: id });
      if (answer.status === 200) return true;
      throw new Error(`the prompt was refused: ${await answer.text()}`);
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  });
}

async function untilIdle(fleet: Fleet): Promise<void> {
  try {
    await fleet.hub.idle(120_000);
  } catch (error) {
    const queue = await (await fetch(`${fleet.hub.url}/queue`)).text();
    throw new Error(`the queue never empties: ${queue.slice(0, 2_000)}`, { cause: error });
  }
}

interface JobAnswer {
  readonly status?: string;
  readonly execution_error?: { readonly exception_type: string; readonly exception_message: string };
}

async function askForTheTruth(
  fleet: Fleet,
  accepted: readonly string[],
): Promise<{ completed: number; failed: Record<string, number> }> {
  const failed: Record<string, number> = {};
  let completed = 0;
  for (const id of accepted) {
    const job = await fleet.hub.json<JobAnswer>(`/api/jobs/${id}`);
    if (job.status === "completed") {
      completed += 1;
      continue;
    }
    assert.equal(job.status, "failed", `job ${id} is ${JSON.stringify(job)}`);
    const { exception_type: type = "", exception_message: text = "" } = job.execution_error ?? {};
    assert.ok(type !== "" && text !== "", `job ${id} says why: ${JSON.stringify(job)}`);
    const why = `${type}: ${text
      .trim()
      .replaceAll(/\d+|'[^']*'/g, "…")
      .slice(0, 80)}`;
    failed[why] = (failed[why] ?? 0) + 1;
  }
  const unknown = await fetch(`${fleet.hub.url}/api/jobs/ffffffff-0000-4000-8000-000000000000`);
  assert.equal(unknown.status, 404);
  return { completed, failed };
}

interface HistoryEntry {
  readonly status: { readonly completed: boolean };
  readonly prompt: readonly [number, string, Record<string, { inputs: { color?: number } }>];
  readonly outputs: Readonly<
    Record<string, { images?: readonly { filename: string; subfolder: string; type: string }[] }>
  >;
}

/** Every output of a completed job is there, whole, and its own. */
async function checkOutputs(fleet: Fleet, accepted: readonly string[]): Promise<number> {
  let read = 0;
  for (const id of accepted) {
    const entry = (await fleet.hub.json<Record<string, HistoryEntry>>(`/history/${id}`))[id];
    assert.ok(entry, `job ${id} is in history`);
    if (!entry.status.completed) continue;
    const images = entry.outputs["3"]?.images ?? [];
    assert.equal(images.length, 1, `job ${id} has its picture`);
    for (const image of images) {
      const answer = await fetch(`${fleet.hub.url}/view?${new URLSearchParams({ ...image })}`);
      assert.equal(answer.status, 200, `${image.filename} of job ${id} is there`);
      const bytes = Buffer.from(await answer.arrayBuffer());
      assert.equal(bytes.subarray(-8, -4).toString("latin1"), "IEND", `${image.filename} is whole`);
      const color = entry.prompt[2]["1"]?.inputs.color;
      assert.match(
        bytes.toString("latin1"),
        new RegExp(`"color": ?${color}[,}]`),
        `${image.filename} is of ${id}`,
      );
      read += 1;
    }
  }
  return read;
}

/** Every job ended exactly once: the event log says how often each did. */
function checkEnds(fleet: Fleet, accepted: readonly string[]): void {
  const database = new DatabaseSync(path.join(fleet.hub.base, "studio/hearth.db"), { readOnly: true });
  const rows = database
    .prepare(
      `SELECT json_extract(data, '$.prompt_id') AS id, COUNT(*) AS times FROM events
       WHERE type IN ('job.completed', 'job.failed', 'job.stalled', 'job.cancelled') GROUP BY id`,
    )
    .all() as { id: string; times: number }[];
  database.close();
  const times = new Map(rows.map((row) => [row.id, row.times]));
  for (const id of accepted) assert.equal(times.get(id), 1, `job ${id} ended once`);
}

/** No attempt was ever submitted twice to its ComfyUI. */
function checkSubmits(fleet: Fleet): void {
  for (const peer of fleet.peers) {
    const attempts = peer.accepted.map(({ extraData }) => JSON.stringify(extraData["hearth"]));
    assert.equal(new Set(attempts).size, attempts.length, "each attempt was submitted once");
  }
}
