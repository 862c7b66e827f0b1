/**
 * The link: the one protocol between hub and worker. The worker dials the hub's WebSocket (`/link`: on a Unix socket on
 * the same machine, on the hub's own port from elsewhere) and says hello; everything after that is one of the messages
 * below, each a JSON text frame. A preview travels as a binary frame: u32 length of a JSON head, the head, the encoded
 * picture.
 *
 * Every report on a job carries its attempt. The hub ignores reports of an attempt that no longer holds the lease.
 *
 * Beside it, on the same server and with the same token as Bearer:
 * - `GET /link/files/<type>/<name>`: an input of a job, for workers without the hub's disk
 * - `PUT /link/files/<type>/<name>`: an output; answers the `StoredFile` that it became
 * - `/link/tunnels/<id>`: a WebSocket that the worker dials when the hub says `tunnel`; its binary frames are the bytes of
 *   one TCP connection to the ComfyUI that the worker drives
 */
import type { JsonObject, JsonValue } from "./json.ts";
import type { NodeProgress, RunMessage, RunResult } from "./messages.ts";
import type { NodeClassAnnouncement } from "./node-info.ts";

export const LINK_VERSION = 2;

export type WorkerEngineKind = "native" | "comfyui";

/** The folder of a file, in ComfyUI's words. */
export type FileType = "input" | "output" | "temp";

/** A file that a prompt names, as the hub has it. `name` may lead into sub-folders, with slashes. */
export interface InputFile {
  readonly type: FileType;
  readonly name: string;
  readonly size: number;
  /** UTC milliseconds; with the size it says whether a copy is still good */
  readonly modifiedMs: number;
}

/** Where a file of a job lies: what ui outputs name. */
export interface StoredFile {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: FileType;
}

/** Why an attempt ended without a result. */
export interface AttemptFailure {
  /**
   * - `refused`: the worker's own validation said no; another worker may take the prompt. `nodeErrors` as in a 400
   * - `unreachable`: nothing ran, the ComfyUI behind the worker does not answer
   * - `lost`: it ran, and whoever ran it does not know of it any more
   * - `files`: an input or an output could not be brought over
   */
  readonly kind: "refused" | "unreachable" | "lost" | "files";
  readonly text: string;
  readonly error?: JsonObject;
  readonly nodeErrors?: JsonObject;
}

/** Whether a worker can run anything at the moment, and on what. */
export interface WorkerState {
  readonly isAvailable: boolean;
  /** absent: none */
  readonly problem?: string;
  /** `devices` of `/system_stats`; absent: not known */
  readonly devices?: readonly JsonObject[];
  /** of the ComfyUI behind the worker */
  readonly comfyuiVersion?: string;
}

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
      /** of this process */
      readonly workerId: string;
      /** the same for every process that takes this worker's place */
      readonly name: string;
      readonly pid: number;
      readonly engine: WorkerEngineKind;
      /** jobs at once */
      readonly concurrency: number;
      readonly tags: readonly string[];
      /** `shared`: it reads and writes the hub's own folders */
      readonly files: "shared" | "link";
      /** of the ComfyUI that it drives, for people to read */
      readonly address?: string;
      readonly token: string;
      /** digest of what the worker was started with; a hub with other settings replaces it once it is idle */
      readonly settings: string;
      readonly held: readonly HeldAttempt[];
    }
  /** packs and classes; sent after every welcome, and when they change */
  | {
      readonly type: "nodes";
      readonly classes: readonly NodeClassAnnouncement[];
      readonly packs: readonly PackReport[];
      /** model files by folder, where the worker has models of its own */
      readonly models?: Readonly<Record<string, readonly string[]>>;
      /** paths of web extensions, as `GET /extensions` lists them */
      readonly extensions?: readonly string[];
    }
  /** sent after every welcome, and when it changes; without it a worker is available */
  | ({ readonly type: "state" } & WorkerState)
  | ({ readonly type: "messages"; readonly items: readonly RunMessage[] } & AttemptRef)
  | ({ readonly type: "finished"; readonly result: RunResult } & AttemptRef)
  | ({ readonly type: "gave-up"; readonly failure: AttemptFailure } & AttemptRef)
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
      /** files of the hub that the prompt names; only to workers that need them */
      readonly files?: readonly InputFile[];
      /** a process that is gone had this attempt: it is followed where it still runs, and never begun again */
      readonly resume?: true;
    } & AttemptRef)
  | ({ readonly type: "interrupt" } & AttemptRef)
  /** the result is durable: the worker may forget the attempt */
  | ({ readonly type: "taken" } & AttemptRef)
  /** the job is not the worker's any more: the attempt ends, and nobody wants its result */
  | ({ readonly type: "drop" } & AttemptRef)
  /** dial `/link/tunnels/<id>` and join it to a new connection to the ComfyUI */
  | { readonly type: "tunnel"; readonly id: string }
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
