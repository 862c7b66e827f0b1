/**
 * The link: the one protocol between hub and worker. The worker dials the hub's WebSocket (a Unix socket on the same
 * machine) and says hello; everything after that is one of the messages below, each a JSON text frame. A preview
 * travels as a binary frame: u32 length of a JSON head, the head, the encoded picture.
 *
 * Every report on a job carries its attempt. The hub ignores reports of an attempt that no longer holds the lease.
 */
import type { JsonValue } from "./json.ts";
import type { NodeProgress, RunMessage, RunResult } from "./messages.ts";
import type { NodeClassAnnouncement } from "./node-info.ts";

export const LINK_VERSION = 1;

/** One try of a job on one worker. */
export interface AttemptRef {
  readonly jobId: string;
  readonly promptId: string;
  readonly attempt: number;
}

/** A try that the worker still holds: running, or finished with its result not yet taken by a hub. */
export interface HeldAttempt extends AttemptRef {
  readonly state: "running" | "finished";
}

export interface WorkerStats {
  readonly rssBytes: number;
  readonly cpuSeconds: number;
}

/** One custom node pack as it was found at start. */
export interface PackReport {
  readonly name: string;
  readonly folder: string;
  /** absent: loaded */
  readonly problem?: string;
  /** folder of files for web pages, relative to the pack's; absent: it has none */
  readonly web?: string;
}

export type WorkerToHub =
  | {
      readonly type: "hello";
      readonly version: number;
      readonly workerId: string;
      readonly pid: number;
      readonly engine: "native" | "comfyui";
      readonly token: string;
      /** digest of what the worker was started with; a hub with other settings replaces it once it is idle */
      readonly settings: string;
      readonly held: readonly HeldAttempt[];
    }
  /** packs and classes; sent after the first hello, and again to every hub that takes the worker over */
  | {
      readonly type: "nodes";
      readonly classes: readonly NodeClassAnnouncement[];
      readonly packs: readonly PackReport[];
    }
  | ({ readonly type: "messages"; readonly items: readonly RunMessage[] } & AttemptRef)
  | ({ readonly type: "finished"; readonly result: RunResult } & AttemptRef)
  | { readonly type: "validated"; readonly request: number; readonly outcome: ValidatorOutcome }
  | { readonly type: "heartbeat"; readonly stats: WorkerStats; readonly running: readonly AttemptRef[] };

export type HubToWorker =
  | { readonly type: "welcome"; readonly keep: readonly AttemptRef[]; readonly drop: readonly AttemptRef[] }
  | ({
      readonly type: "assign";
      /** JSON text, so that integers, floats and key order arrive as they were sent */
      readonly prompt: string;
      readonly extraData: string;
      readonly outputs: readonly string[];
    } & AttemptRef)
  | ({ readonly type: "interrupt" } & AttemptRef)
  /** the result is durable: the worker may forget the attempt */
  | ({ readonly type: "taken" } & AttemptRef)
  /** the job is not the worker's any more: the attempt ends, and nobody wants its result */
  | ({ readonly type: "drop" } & AttemptRef)
  | { readonly type: "free"; readonly unloadModels: boolean; readonly freeMemory: boolean }
  | {
      readonly type: "validate";
      readonly request: number;
      readonly className: string;
      /** JSON text of `{inputs, inputTypes}` */
      readonly arguments: string;
    }
  | { readonly type: "stop" };

/** What a class's own validator said: `true`, `false`, a text, or that it threw. */
export type ValidatorOutcome =
  | { readonly result: boolean | string }
  | { readonly exception: string; readonly exceptionType: string };

export type { JsonValue, NodeProgress };

/** A preview on the link: u32 length of the JSON head, the head (`AttemptRef`, the message, the preview's ids), the picture. */
export function packPreview(head: string, bytes: Uint8Array): Buffer {
  const text = Buffer.from(head);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length, 0);
  return Buffer.concat([length, text, bytes]);
}

/** The parts of a preview frame. @throws RangeError when the frame is cut short */
export function unpackPreview(frame: Buffer): { head: string; bytes: Buffer } {
  const length = frame.readUInt32BE(0);
  if (frame.length < 4 + length) throw new RangeError("preview frame is cut short");
  return { head: frame.toString("utf8", 4, 4 + length), bytes: frame.subarray(4 + length) };
}
