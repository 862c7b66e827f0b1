import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { type JobStore, type NewJob, openSqliteStore } from "@hearth/jobs";
import { pino } from "pino";
import type { RunningView } from "../jobs/watcher.ts";
import { NO_DETAILS, printJobDetails } from "../studio/job-details.ts";
import { INCOMPLETE, IncompleteMarks } from "./incomplete-marks.ts";
import { temporaryFolder } from "./test-support.ts";

const DIRECTORY = "20260324_143052_a1b2c3";
const PROMPT = JSON.stringify({ "1": { inputs: { filename_prefix: `${DIRECTORY}/final/final` } } });

interface SetUp {
  readonly output: string;
  readonly store: JobStore;
  readonly marks: IncompleteMarks;
}

async function setUp(t: TestContext): Promise<SetUp> {
  const output = temporaryFolder(t);
  const store = await openSqliteStore(path.join(output, "jobs.db"));
  t.after(() => store.close());
  return { output, store, marks: new IncompleteMarks({ output, store, log: pino({ level: "silent" }) }) };
}

const view = (jobId: string): RunningView => ({
  ref: { jobId, promptId: "p", attempt: 1 },
  owner: "o",
  clientId: undefined,
  workerId: undefined,
});

function newJob(promptId: string, directory: string): NewJob {
  return {
    promptId,
    prompt: "{}",
    extraData: "{}",
    sensitive: undefined,
    outputsToExecute: [],
    number: undefined,
    front: false,
    clientId: undefined,
    owner: "o",
    createdAt: 1,
    workflowId: undefined,
    surface: "studio",
    details: printJobDetails({ ...NO_DETAILS, output_dir: directory }),
  };
}

test("a job's directory is marked while the job runs", async (t) => {
  const { output, marks } = await setUp(t);
  const mark = path.join(output, DIRECTORY, INCOMPLETE);
  marks.started(view("1"), PROMPT);
  await marks.settled();
  assert.ok(existsSync(mark));
  marks.ended(view("1"), undefined as never);
  await marks.settled();
  assert.ok(!existsSync(mark));
  marks.started(view("2"), PROMPT);
  marks.ended(view("2"), undefined as never);
  await marks.settled();
  assert.ok(!existsSync(mark), "a job that is over at once leaves no mark");
});

test("a prompt that goes anywhere else gets no mark", async (t) => {
  const { output, marks } = await setUp(t);
  marks.started(view("1"), '{"1": {"inputs": {"filename_prefix": "../x/final"}}}');
  await marks.settled();
  assert.ok(readdirSync(output).every((name) => name.startsWith("jobs.db")));
});

test("after a restart, marks of what still runs stay, and others go", async (t) => {
  const { output, store, marks } = await setUp(t);
  const running = "20260324_143053_000000";
  const { id } = await store.accept(newJob("p", running));
  await store.claim("w", { leaseMs: 1000 });
  for (const directory of [DIRECTORY, running, "mine"]) {
    mkdirSync(path.join(output, directory));
    writeFileSync(path.join(output, directory, INCOMPLETE), "");
  }
  await marks.begin();
  const isMarked = (directory: string): boolean => existsSync(path.join(output, directory, INCOMPLETE));
  assert.deepEqual([isMarked(DIRECTORY), isMarked(running), isMarked("mine")], [false, true, true]);
  marks.ended(view(id), undefined as never);
  await marks.settled();
  assert.ok(!isMarked(running));
});
