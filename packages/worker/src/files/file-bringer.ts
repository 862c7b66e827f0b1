/**
 * An engine that works on the folders of its own machine, for a hub on another: the inputs of a prompt are brought before
 * it runs, and its outputs are given to the hub before anybody hears of them.
 */
import { createReadStream } from "node:fs";
import { copyFile, mkdir, rename as move, rm, stat } from "node:fs/promises";
import path from "node:path";
import {
  type AttemptRef,
  type Folders,
  type InputFile,
  parseJson,
  printJson,
  resolveInside,
  type StoredFile,
  type ValidatorOutcome,
} from "@hearth/protocol";
import type { Assignment, EngineEvents, WorkerEngine } from "../engine-port.ts";
import type { FileExchange } from "./file-exchange.ts";
import { filesIn, rename } from "./mentioned-files.ts";

/** What became of so many files is kept in mind: an engine shows results of earlier prompts again. */
const MOST_FILES = 10_000;

type OwnFolders = Pick<Folders, "input" | "output" | "temp">;

interface Given {
  readonly stored: StoredFile;
  readonly stamp: string;
}

export class FileBringer implements WorkerEngine {
  readonly #engine: WorkerEngine;
  readonly #files: FileExchange;
  readonly #folders: OwnFolders;
  #events: EngineEvents | undefined;
  /** local file → what the hub made of it */
  readonly #given = new Map<string, Given>();
  /** what is still to be told of an attempt, in order; by job */
  readonly #telling = new Map<string, Promise<void>>();
  /** attempts whose inputs are being brought; true: to be interrupted */
  readonly #bringing = new Map<string, boolean>();
  /** local files to be removed when the attempt has ended, by job */
  readonly #spent = new Map<string, Set<string>>();
  readonly validate?: (className: string, given: string) => Promise<ValidatorOutcome>;

  constructor(engine: WorkerEngine, files: FileExchange, folders: OwnFolders) {
    this.#engine = engine;
    this.#files = files;
    this.#folders = folders;
    // Validators look for files, which are brought only when the prompt runs: then the engine has the last word.
    if (engine.validate !== undefined) this.validate = () => Promise.resolve({ result: true });
  }

  get concurrency(): number {
    return this.#engine.concurrency;
  }

  start(events: EngineEvents): void {
    this.#events = events;
    this.#engine.start({
      ...events,
      said: (attempt, message) => {
        const isShown = message.includes('"executed"');
        this.#tell(attempt, isShown, async () => events.said(attempt, await this.#atHub(attempt, message)));
      },
      previewed: (attempt, message, preview) =>
        this.#tell(attempt, false, () => events.previewed(attempt, message, preview)),
      finished: (attempt, result) =>
        this.#tell(attempt, true, async () => {
          events.finished(attempt, await this.#atHub(attempt, result));
          await this.#clean(attempt);
        }),
      gaveUp: (attempt, failure) => this.#tell(attempt, false, () => events.gaveUp(attempt, failure)),
    });
  }

  run(assignment: Assignment): void {
    const { jobId } = assignment;
    const files = assignment.files ?? [];
    if (files.length === 0) return this.#engine.run(assignment);
    this.#bringing.set(jobId, false);
    Promise.all(files.map((file) => this.#bring(file))).then(
      () => {
        const isInterrupted = this.#bringing.get(jobId);
        this.#bringing.delete(jobId);
        this.#engine.run(assignment);
        if (isInterrupted === true) this.#engine.interrupt(assignment);
      },
      (error: Error) => {
        this.#bringing.delete(jobId);
        this.#fail(assignment, error);
      },
    );
  }

  interrupt(attempt: AttemptRef): void {
    if (this.#bringing.has(attempt.jobId)) this.#bringing.set(attempt.jobId, true);
    else this.#engine.interrupt(attempt);
  }

  free(what: { readonly unloadModels: boolean; readonly freeMemory: boolean }): void {
    this.#engine.free(what);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  #fail({ jobId, promptId, attempt }: AttemptRef, error: Error): void {
    this.#events?.gaveUp({ jobId, promptId, attempt }, { kind: "files", text: error.message });
  }

  async #bring(file: InputFile): Promise<void> {
    const { path: source } = await this.#files.input(file);
    const target = await resolveInside(this.#folders[file.type], file.name);
    await mkdir(path.dirname(target), { recursive: true });
    const beside = `${target}.part-${process.pid}`;
    try {
      await copyFile(source, beside);
      await move(beside, target);
    } finally {
      await rm(beside, { force: true });
    }
  }

  /** Tells one thing after the other, and at once where nothing is to be waited for. */
  #tell({ jobId, promptId, attempt }: AttemptRef, mayWait: boolean, tell: () => void | Promise<void>): void {
    const before = this.#telling.get(jobId);
    if (before === undefined && !mayWait) return void tell();
    const told = (before ?? Promise.resolve())
      .then(tell)
      .catch((error: Error) => this.#fail({ jobId, promptId, attempt }, error))
      .finally(() => {
        if (this.#telling.get(jobId) === told) this.#telling.delete(jobId);
      });
    this.#telling.set(jobId, told);
  }

  /** The message or result with every file under the name that it has at the hub. */
  async #atHub({ jobId }: AttemptRef, text: string): Promise<string> {
    if (!text.includes('"filename"')) return text;
    const value = parseJson(text);
    const files = filesIn(value);
    for (const mention of files) {
      const { filename, subfolder = "", type } = mention;
      if (type !== "input") rename(mention, await this.#give(jobId, { filename, subfolder, type }));
    }
    return files.length === 0 ? text : printJson(value, "compact");
  }

  async #give(jobId: string, file: StoredFile): Promise<StoredFile> {
    const key = `${file.type}/${file.subfolder}/${file.filename}`;
    const local = await resolveInside(this.#folders[file.type], file.subfolder, file.filename);
    const known = this.#given.get(key);
    const found = await stat(local, { bigint: true }).catch(() => undefined);
    const stamp = found === undefined ? known?.stamp : `${found.size}-${found.mtimeNs}`;
    if (known !== undefined && known.stamp === stamp) return known.stored;
    if (found === undefined) throw new Error(`the node's file ${JSON.stringify(key)} is gone`);
    const stored = await this.#files.output(file, createReadStream(local));
    this.#given.delete(key);
    this.#given.set(key, { stored, stamp: stamp ?? "" });
    for (const oldest of this.#given.keys()) {
      if (this.#given.size <= MOST_FILES) break;
      this.#given.delete(oldest);
    }
    const spent = this.#spent.get(jobId) ?? new Set();
    this.#spent.set(jobId, spent.add(local));
    return stored;
  }

  /** What the hub has need not lie here too. */
  async #clean({ jobId }: AttemptRef): Promise<void> {
    const spent = this.#spent.get(jobId) ?? [];
    this.#spent.delete(jobId);
    for (const file of spent) await rm(file, { force: true });
  }
}
