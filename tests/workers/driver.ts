/** The ComfyUI engine on its own, with a hub that is two folders in memory of a test. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, mkdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import type { Readable } from "node:stream";
import type { TestContext } from "node:test";
import {
  type AttemptFailure,
  type AttemptRef,
  type InputFile,
  type JsonObject,
  parseJson,
  type Preview,
  printJson,
  type RunMessage,
  type RunResult,
  type StoredFile,
  type WorkerState,
} from "@hearth/protocol";
import { createComfyEngine } from "../../packages/worker/src/comfy/comfy-engine.ts";
import type { ComfyEngineSettings } from "../../packages/worker/src/comfy/settings.ts";
import type { Announcement, WorkerEngine } from "../../packages/worker/src/engine-port.ts";
import type { FileExchange } from "../../packages/worker/src/files/file-exchange.ts";
import { until } from "../support/server.ts";
import { ComfyPeer, type PeerOptions } from "./peer/peer.ts";

/** The hub's folders: inputs are real files, outputs are kept as they come. */
export class HubFolders implements FileExchange {
  readonly #root = mkdtempSync(path.join(os.tmpdir(), "hearth-driver-"));
  readonly outputs = new Map<string, Buffer>();
  /** names that belong to other content already */
  readonly taken = new Set<string>();
  /** set: no output can be kept */
  problem: string | undefined;

  /** Puts an input there; gives what an assignment says of it. */
  add(name: string, content: string | Buffer): InputFile {
    const file = this.#path("input", name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    const { size, mtimeMs } = statSync(file);
    return { type: "input", name, size, modifiedMs: Math.floor(mtimeMs) };
  }

  #path(type: string, name: string): string {
    return path.join(this.#root, type, name);
  }

  input(file: InputFile): Promise<{ path: string; hash: string }> {
    const place = this.#path(file.type, file.name);
    const hash = createHash("sha256").update(readFileSync(place)).digest("hex");
    return Promise.resolve({ path: place, hash });
  }

  async output(file: StoredFile, content: Readable): Promise<StoredFile> {
    const bytes = await buffer(content);
    if (this.problem !== undefined) throw new Error(this.problem);
    const dot = file.filename.lastIndexOf(".");
    const name = this.taken.has(file.filename)
      ? `${file.filename.slice(0, dot)} (1)${file.filename.slice(dot)}`
      : file.filename;
    this.outputs.set(`${file.type}/${file.subfolder}/${name}`, bytes);
    return { ...file, filename: name };
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

export interface Said {
  readonly message: RunMessage;
  /** output files that the hub had when it was told */
  readonly filesThen: readonly string[];
}

/** How an attempt ended. */
export type End =
  | { readonly kind: "finished"; readonly result: RunResult }
  | { readonly kind: "gave-up"; readonly failure: AttemptFailure };

/** Short times, so that tests need not wait; long enough for a busy machine. */
const QUICK: Partial<ComfyEngineSettings> = {
  silenceMs: 300,
  lostMs: 4_000,
  reachMs: 2_000,
  submitMs: 1_000,
  requestMs: 1_000,
  pingMs: 400,
  refreshMs: 1_000,
};

/** One process of a driver, in this process. */
export class Driver {
  readonly engine: WorkerEngine;
  readonly #said = new Map<string, Said[]>();
  readonly #ends = new Map<string, End[]>();
  readonly states: WorkerState[] = [];
  readonly announcements: Announcement[] = [];
  readonly deaths: string[] = [];

  constructor(url: string, hub: HubFolders, settings: Partial<ComfyEngineSettings> = {}) {
    this.engine = createComfyEngine({ url, workerName: "gpu-1", concurrency: 1, ...QUICK, ...settings }, hub);
    const say = (attempt: AttemptRef, text: string, preview?: Preview): void => {
      const message = parseJson(text) as unknown as RunMessage;
      const whole = preview === undefined ? message : ({ ...message, preview } as RunMessage);
      const list = this.#said.get(keyOf(attempt)) ?? [];
      list.push({ message: whole, filesThen: [...hub.outputs.keys()] });
      this.#said.set(keyOf(attempt), list);
    };
    this.engine.start({
      ready: () => undefined,
      announced: (announcement) => this.announcements.push(announcement),
      stateChanged: (state) => this.states.push(state),
      said: (attempt, text) => say(attempt, text),
      previewed: (attempt, text, preview) => say(attempt, text, preview),
      finished: (attempt, text) =>
        this.#end(attempt, { kind: "finished", result: parseJson(text) as unknown as RunResult }),
      gaveUp: (attempt, failure) => this.#end(attempt, { kind: "gave-up", failure }),
      died: (reason) => this.deaths.push(reason),
    });
  }

  #end(attempt: AttemptRef, end: End): void {
    const list = this.#ends.get(keyOf(attempt)) ?? [];
    list.push(end);
    this.#ends.set(keyOf(attempt), list);
  }

  /** Gives it an attempt; gives the attempt's name. */
  run(prompt: JsonObject, more: Partial<RunOptions> = {}): AttemptRef {
    const {
      jobId = "job_1",
      promptId = PROMPT_ID,
      attempt = 1,
      extraData = {},
      outputs,
      files,
      resume,
    } = more;
    const ref = { jobId, promptId, attempt };
    this.engine.run({
      type: "assign",
      ...ref,
      prompt: printJson(prompt),
      extraData: printJson(extraData),
      outputs: outputs ?? Object.keys(prompt).slice(-1),
      ...(files === undefined ? {} : { files }),
      ...(resume === undefined ? {} : { resume }),
    });
    return ref;
  }

  said(attempt: AttemptRef): readonly Said[] {
    return this.#said.get(keyOf(attempt)) ?? [];
  }

  /** Types of the messages that it said; `progress` stands for all of a bar. */
  types(attempt: AttemptRef): string[] {
    return this.said(attempt).map(({ message }) => (message.kind === "json" ? message.type : message.kind));
  }

  async end(attempt: AttemptRef, timeoutMs = 20_000): Promise<End> {
    const end = await until("the attempt's end", () => this.#ends.get(keyOf(attempt))?.[0], timeoutMs);
    return end;
  }

  async finished(attempt: AttemptRef, timeoutMs?: number): Promise<RunResult> {
    const end = await this.end(attempt, timeoutMs);
    if (end.kind === "gave-up") assert.fail(`gave up: ${JSON.stringify(end.failure)}`);
    return end.result;
  }

  async gaveUp(attempt: AttemptRef, timeoutMs?: number): Promise<AttemptFailure> {
    const end = await this.end(attempt, timeoutMs);
    if (end.kind === "finished") assert.fail(`finished: ${printJson(end.result)}`);
    return end.failure;
  }

  /** How often the attempt ended. */
  ends(attempt: AttemptRef): number {
    return this.#ends.get(keyOf(attempt))?.length ?? 0;
  }

  async available(): Promise<void> {
    await until("an available ComfyUI", () => this.states.at(-1)?.isAvailable || undefined);
  }
}

interface RunOptions {
  readonly jobId: string;
  readonly promptId: string;
  readonly attempt: number;
  readonly extraData: JsonObject;
  readonly outputs: readonly string[];
  readonly files: readonly InputFile[];
  readonly resume: true;
}

export const PROMPT_ID = "11111111-2222-4333-8444-000000000001";

const keyOf = ({ jobId, attempt }: AttemptRef): string => `${jobId}/${attempt}`;

/** A peer and a driver that is connected to it; both end with the test. */
export interface Pair {
  readonly peer: ComfyPeer;
  readonly hub: HubFolders;
  readonly driver: Driver;
  /** Takes the driver's place: the first one is gone, and its ends are nobody's. */
  readonly restartDriver: () => Promise<Driver>;
}

export async function startPair(
  t: TestContext,
  options: PeerOptions = {},
  settings: Partial<ComfyEngineSettings> = {},
): Promise<Pair> {
  const peer = await ComfyPeer.start({ classes: CLASSES, ...options });
  const hub = new HubFolders();
  const drivers = [new Driver(peer.url, hub, settings)];
  t.after(async () => {
    for (const driver of drivers) await driver.engine.close();
    await peer.stop();
    hub.remove();
  });
  const connected = async (driver: Driver): Promise<void> => {
    await driver.available();
    await until("a socket", () => (peer.sids.length > 0 ? true : undefined));
  };
  const first = drivers[0] as Driver;
  await connected(first);
  const restartDriver = async (): Promise<Driver> => {
    await drivers.at(-1)?.engine.close();
    const next = new Driver(peer.url, hub, settings);
    drivers.push(next);
    await connected(next);
    return next;
  };
  return { peer, hub, driver: first, restartDriver };
}

/** Enough classes for the graphs below; the whole announcement has a test of its own. */
const CLASSES = [
  ...["EmptyImage", "ImageInvert", "SaveImage", "PreviewImage", "LoadImage"],
  ...["StubImage", "TestSleep", "TestSyncError", "SaveImageWebsocket", "PrimitiveString", "PreviewAny"],
];

/** Graphs that were recorded. */
export const graphs = {
  save: (prefix = "t"): JsonObject => ({
    "1": { class_type: "EmptyImage", inputs: { width: 8, height: 8, batch_size: 1, color: 255 } },
    "2": { class_type: "ImageInvert", inputs: { image: ["1", 0] } },
    "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: prefix } },
  }),
  sleep: (seconds: number): JsonObject => ({
    "1": { class_type: "StubImage", inputs: { content: "BLACK", height: 8, width: 8, batch_size: 1 } },
    "2": { class_type: "TestSleep", inputs: { value: ["1", 0], seconds } },
    "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
  }),
  error: (): JsonObject => ({
    "1": { class_type: "StubImage", inputs: { content: "BLACK", height: 8, width: 8, batch_size: 1 } },
    "2": { class_type: "TestSyncError", inputs: { value: ["1", 0] } },
    "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
  }),
  load: (image: string): JsonObject => ({
    "1": { class_type: "LoadImage", inputs: { image } },
    "2": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "r" } },
  }),
  previews: (): JsonObject => ({
    "1": { class_type: "EmptyImage", inputs: { width: 16, height: 8, batch_size: 2, color: 8453888 } },
    "2": { class_type: "SaveImageWebsocket", inputs: { images: ["1", 0] } },
  }),
  text: (): JsonObject => ({
    "1": { class_type: "PrimitiveString", inputs: { value: "hällo" } },
    "2": { class_type: "PreviewAny", inputs: { source: ["1", 0] } },
  }),
};
