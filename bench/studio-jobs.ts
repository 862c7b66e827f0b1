/**
 * Figures of Studio's jobs, one line each: pages, text search and events with many jobs; one running job in front of many
 * sockets; a big package. `node bench/studio-jobs.ts [jobs] [sockets] [package megabytes]`
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { WebSocket } from "ws";
import {
  finished,
  json,
  jobsFixture,
  type JobsFixture,
  KEY,
  newJob,
} from "../packages/hub/src/http/studio/jobs-fixture.ts";
import { NO_DETAILS, printJobDetails } from "../packages/hub/src/studio/job-details.ts";

const [jobs = 100_000, sockets = 1_000, megabytes = 2_048] = process.argv.slice(2).map(Number);
const endings: (() => unknown)[] = [];
const fixture = await jobsFixture({
  after: (end: () => unknown) => endings.push(end),
} as unknown as TestContext);

const milliseconds = (value: number): string => `${value.toFixed(1)} ms`;
const say = (name: string, value: string): void => console.log(`${name.padEnd(64)} ${value}`);

await fill(fixture);
await measure("history, first page of 50", "/api/admin/history?limit=50");
await measure("history, page of 50 in the middle", `/api/admin/history?limit=50&offset=${jobs / 2}`);
await measure("history of one workflow, page of 50", "/api/admin/history?limit=50&workflow_id=flow-3");
await measure("history, only errors, page of 50", "/api/admin/history?limit=50&status=error");
await measure("text search, a word of one job", "/api/admin/history?limit=50&q=unique77");
await measure("text search, a word of every tenth job", "/api/admin/history?limit=50&q=river");
await measure("text search, a word of every job", "/api/admin/history?limit=50&q=painting");
await measure("events, newest 100", "/api/admin/events");
await measure("events of one type, newest 1000", "/api/admin/events?types=job.completed&limit=1000");
await measure("history, all of it", "/api/admin/history", 2);
await measureSockets(fixture);
await measurePackage(fixture);
for (const end of endings.reverse()) await end();

async function fill({ store }: JobsFixture): Promise<void> {
  const began = performance.now();
  const words = [
    "river",
    "mountain",
    "forest",
    "harbour",
    "garden",
    "castle",
    "desert",
    "island",
    "market",
    "bridge",
  ];
  for (let at = 0; at < jobs; at += 500) {
    const batch = Array.from({ length: Math.min(500, jobs - at) }, (_, index) => at + index);
    await Promise.all(
      batch.map((n) =>
        store.accept(
          newJob(`job-${n}`, {
            surface: "studio",
            details: printJobDetails({
              ...NO_DETAILS,
              workflow_id: `flow-${n % 20}`,
              params: { text: `a painting of a ${words[n % 10]} unique${n}` },
              seeds: { seed: 1_000_000 + n },
            }),
          }),
        ),
      ),
    );
    const claimed = await Promise.all(batch.map(() => store.claim("w", { leaseMs: 60_000 })));
    await Promise.all(
      claimed.map((job, index) =>
        store.finish(
          job?.id ?? "",
          1,
          finished({ state: index % 50 === 0 ? "failed" : "completed", error: "{}" }),
        ),
      ),
    );
  }
  say(`${jobs} jobs accepted, claimed and finished`, `${((performance.now() - began) / 1000).toFixed(1)} s`);
  const indexing = performance.now();
  await store.listRecords({ order: "newest", text: "nothing", limit: 1 });
  say("rest of the text index", `${((performance.now() - indexing) / 1000).toFixed(1)} s`);
}

async function measure(name: string, target: string, times = 40): Promise<void> {
  const taken: number[] = [];
  for (let round = 0; round < times; round += 1) {
    const began = performance.now();
    const response = await fetch(fixture.url + target, { headers: KEY });
    await response.arrayBuffer();
    taken.push(performance.now() - began);
  }
  taken.sort((a, b) => a - b);
  const at = (part: number): string =>
    milliseconds(taken[Math.floor(part * (taken.length - 1))] ?? Number.NaN);
  say(name, `p50 ${at(0.5)}, p95 ${at(0.95)}`);
}

/** From what the worker says to the last of many clients, all in this one process. */
async function measureSockets({ port, submit, worker }: JobsFixture): Promise<void> {
  const all = Array.from(
    { length: sockets },
    () => new WebSocket(`ws://127.0.0.1:${port}/api/run/ws?token=secret-key`),
  );
  await Promise.all(all.map((socket) => once(socket, "open")));
  const id = await submit();
  const job = await worker.next();
  worker.say(job, json("executing", { node: "1", display_node: "1", prompt_id: id }));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const taken: number[] = [];
  for (let step = 1; step <= 20; step += 1) {
    const heard = Promise.all(all.map((socket) => once(socket, "message")));
    const began = performance.now();
    worker.say(job, {
      kind: "progress",
      state: { prompt_id: id, nodes: {} },
      progress: { node: "1", value: step, max: 20, prompt_id: id },
    });
    await heard;
    taken.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  taken.sort((a, b) => a - b);
  say(
    `one progress message to ${sockets} sockets`,
    `p50 ${milliseconds(taken[10] ?? 0)}, worst ${milliseconds(taken[19] ?? 0)}`,
  );
  for (const socket of all) socket.terminate();
  worker.finish(job);
}

async function measurePackage({ folders, ran, url }: JobsFixture): Promise<void> {
  const directory = "20260101_000000_aaaaaa";
  mkdirSync(path.join(folders.output, directory));
  const file = path.join(folders.output, directory, "big.mp4");
  writeFileSync(file, "");
  truncateSync(file, megabytes * 1024 * 1024);
  const id = await ran({ details: { workflow_id: "flow", output_dir: directory } });
  // The client is a process of its own: the memory is that of the server alone.
  const program = `
    const [target, key] = process.argv.slice(1);
    const response = await fetch(target, { headers: JSON.parse(key) });
    let size = 0;
    for await (const chunk of response.body) size += chunk.length;
    console.log(size);`;
  const target = `${url}/api/admin/history/${id}/package`;
  const before = process.memoryUsage.rss();
  let most = before;
  const watching = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 50);
  const began = performance.now();
  const client = spawn(
    process.execPath,
    ["--input-type=module", "--eval", program, target, JSON.stringify(KEY)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const size = Number(await text(client.stdout));
  clearInterval(watching);
  const seconds = (performance.now() - began) / 1000;
  say(
    `package of ${Math.round(size / 2 ** 20)} MB`,
    `${seconds.toFixed(1)} s, ${Math.round((most - before) / 2 ** 20)} MB more memory of the server at most`,
  );
}
