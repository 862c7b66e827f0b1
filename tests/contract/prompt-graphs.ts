/** Prompts that the cases run. */
import { randomUUID } from "node:crypto";
import { until } from "../support/server.ts";
import type { Session } from "./session.ts";

export type Graph = Record<string, { class_type: string; inputs: Record<string, unknown> }>;

export const EMPTY_IMAGE = { width: 32, height: 24, batch_size: 1, color: 255 };

/** Saves a picture. */
export function saving(prefix = "contract", color = 255): Graph {
  return {
    "1": { class_type: "EmptyImage", inputs: { ...EMPTY_IMAGE, color } },
    "2": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: prefix } },
  };
}

/** Sleeps with progress; `color` makes it a prompt that no cache knows. */
export function sleeping(seconds: number, color: number): Graph {
  return {
    "1": { class_type: "EmptyImage", inputs: { ...EMPTY_IMAGE, color } },
    "2": { class_type: "TestSleep", inputs: { value: ["1", 0], seconds } },
    "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
  };
}

/** Fails in its second node. */
export function failing(color: number): Graph {
  return {
    "1": { class_type: "EmptyImage", inputs: { ...EMPTY_IMAGE, color } },
    "2": { class_type: "TestSyncError", inputs: { value: ["1", 0] } },
    "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
  };
}

/** Submits and gives the id. */
export async function submit(session: Session, prompt: Graph, more: object = {}): Promise<string> {
  const id = randomUUID();
  await session.call("submitPrompt", 200, { json: { prompt, prompt_id: id, ...more } });
  return id;
}

interface Job {
  readonly id: string;
  readonly status: string;
}

/** Waits until a job has one of these states. */
export function untilJob(session: Session, id: string, ...states: readonly string[]): Promise<Job> {
  return until(`job ${id} to be ${states.join(" or ")}`, async () => {
    const job = await session.json<Job>("getJob", 200, { path: { job_id: id } });
    return states.includes(job.status) ? job : undefined;
  });
}
