/**
 * How long a claim takes while many jobs wait, in groups that need different models: `node bench/claim.ts [--jobs N]
 * [--groups N] [--claims N]`. The store alone, on a database of its own: from asking until the claim can be read by all.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Choose, type JobStore, openSqliteStore } from "@hearth/jobs";
import { smallPrompt } from "./prompts.ts";
import { report } from "./report.ts";
import { summary } from "./statistics.ts";

const BATCH = 500;
const OWNERS = [1, 10, 100];

const { values } = parseArgs({
  options: {
    jobs: { type: "string", default: "100000" },
    groups: { type: "string", default: "40" },
    claims: { type: "string", default: "1000" },
  },
});
const [jobs, groups, claims] = [values.jobs, values.groups, values.claims].map((text) =>
  Math.max(1, Math.min(1_000_000, Number(text) || 1)),
) as [number, number, number];

/** A worker that has the models of any group, of one group alone, and one that has none of them. */
const WORKERS: readonly (readonly [name: string, choose: Choose | undefined])[] = [
  ["in order", undefined],
  ["any group", (heads) => heads[0]],
  ["one group", (heads) => heads.find(({ needs }) => needs === needsOf(groups - 1))],
  ["no group", () => undefined],
];

function needsOf(group: number): string {
  return JSON.stringify({ classes: ["CheckpointLoaderSimple"], files: [`model-${group}.safetensors`] });
}

async function fill(store: JobStore, owners: number): Promise<void> {
  for (let begin = 0; begin < jobs; begin += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, jobs - begin) }, (_, index) => begin + index);
    await Promise.all(
      batch.map((index) =>
        store.accept({
          promptId: randomUUID(),
          prompt: JSON.stringify(smallPrompt()),
          extraData: "{}",
          sensitive: undefined,
          outputsToExecute: ["3"],
          number: undefined,
          front: false,
          clientId: undefined,
          owner: `owner-${index % owners}`,
          createdAt: Date.now(),
          workflowId: undefined,
          // Each owner has jobs of each group.
          needs: needsOf(Math.floor(index / owners) % groups),
        }),
      ),
    );
  }
}

async function measure(store: JobStore, name: string, choose: Choose | undefined): Promise<void> {
  const options = { leaseMs: 60_000, ...(choose === undefined ? {} : { choose }) };
  const times: number[] = [];
  for (let round = 0; round < claims; round += 1) {
    const started = performance.now();
    const job = await store.claim("bench", options);
    times.push(performance.now() - started);
    // What runs goes back, so that each claim finds as many jobs as the first one.
    if (job !== undefined) await store.handBack(job.id, job.attempt);
  }
  const { p50, p99 } = summary(times);
  report(`claim, ${name}, p50`, p50, "ms");
  report(`claim, ${name}, p99`, p99, "ms");
}

const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-bench-claim-"));
try {
  for (const owners of OWNERS) {
    const store = await openSqliteStore(path.join(folder, `${owners}.db`));
    try {
      await fill(store, owners);
      console.log(`${jobs} jobs wait, of ${owners} owner${owners === 1 ? "" : "s"}, in ${groups} groups`);
      for (const [name, choose] of WORKERS) await measure(store, name, choose);
    } finally {
      await store.close();
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
