/** What the parts of the suite share. */
import assert from "node:assert/strict";
import type { Finish, NewJob } from "../job.ts";
import type { JobStore } from "../store.ts";

export interface StoreUnderTest {
  readonly store: JobStore;
  /** closes the store and opens it again on the same data */
  reopen(): Promise<JobStore>;
  destroy(): Promise<void>;
}

/** Registers one promise as a test on a store of its own. */
export type Check = (title: string, body: (store: JobStore, under: StoreUnderTest) => Promise<void>) => void;

export const LEASE = { leaseMs: 60_000 };

/** Why an attempt ends when its worker died with it. */
export const LOST = { kind: "worker_lost", text: "the worker is gone", isStop: true };

export function newJob(promptId: string, more: Partial<NewJob> = {}): NewJob {
  return {
    promptId,
    prompt: '{"1": {"class_type": "X", "inputs": {"seed": 18446744073709551615, "scale": 1.0}}}',
    extraData: '{"create_time": 1}',
    sensitive: undefined,
    outputsToExecute: ["1"],
    number: undefined,
    front: false,
    clientId: undefined,
    owner: "anonymous",
    createdAt: 1,
    workflowId: undefined,
    ...more,
  };
}

export function finished(more: Partial<Finish> = {}): Finish {
  return {
    state: "completed",
    outputs: '{"1": {"images": []}}',
    status: '{"status_str": "success"}',
    meta: "{}",
    error: undefined,
    nodeTimes: "{}",
    outputsCount: 0,
    previewableCount: 0,
    previewOutput: undefined,
    startedAt: 10,
    endedAt: 20,
    ...more,
  };
}

/** Runs a queued job to its end. */
export async function runNext(store: JobStore, more: Partial<Finish> = {}): Promise<string> {
  const job = await store.claim("w", LEASE);
  assert.ok(job, "a job waits");
  assert.equal(await store.finish(job.id, job.attempt, finished(more)), true);
  return job.promptId;
}
