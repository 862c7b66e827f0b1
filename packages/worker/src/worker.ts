/**
 * A worker: speaks the link for its engine and keeps what no hub has heard yet. It goes on with its jobs when the hub
 * dies, and ends when none comes back.
 */
import {
  type AttemptRef,
  type HubToWorker,
  LINK_VERSION,
  packPreview,
  parseJson,
  type Preview,
  printJson,
  type WorkerState,
  type WorkerToHub,
} from "@hearth/protocol";
import { AttemptLog, sameAttempt } from "./attempts.ts";
import type { Announcement, WorkerEngine } from "./engine-port.ts";
import { LinkClient } from "./link-client.ts";
import { settingsDigest, type WorkerSettings } from "./settings.ts";

const HEARTBEAT_MS = 2_000;

export interface WorkerParts {
  readonly settings: WorkerSettings;
  readonly engine: WorkerEngine;
  readonly exit: (code: number) => void;
}

export class Worker {
  readonly #parts: WorkerParts;
  readonly #link: LinkClient;
  /** attempts that a hub has not taken yet, by job */
  readonly #logs = new Map<string, AttemptLog>();
  /** absent: the engine does not know yet what it can run */
  #announcement: Announcement | undefined;
  #state: WorkerState | undefined;
  #welcomed = false;
  #stopping = false;
  #flushing = false;
  #orphanTimer: NodeJS.Timeout | undefined;
  #orphanExpired = false;

  /** Starts the engine; the hub is dialled once it can run prompts. */
  static start(parts: WorkerParts): Worker {
    const worker = new Worker(parts);
    worker.#startOrphanTimer();
    setInterval(() => worker.#heartbeat(), HEARTBEAT_MS);
    return worker;
  }

  private constructor(parts: WorkerParts) {
    this.#parts = parts;
    const { hub, token } = parts.settings;
    this.#link = new LinkClient("url" in hub ? { ...hub, token } : hub, {
      opened: () => this.#hello(),
      message: (text) => this.#fromHub(parseJson(text) as unknown as HubToWorker),
      closed: () => this.#hubAway(),
    });
    parts.engine.start({
      ready: () => this.#link.dial(),
      announced: (announcement) => {
        this.#announcement = announcement;
        if (this.#welcomed) this.#announce();
      },
      stateChanged: (state) => {
        this.#state = state;
        if (this.#welcomed) this.#send({ type: "state", ...state });
      },
      said: (attempt, text) => this.#open(attempt)?.say(text),
      previewed: (attempt, text, preview) => this.#preview(attempt, text, preview),
      finished: (attempt, text) => this.#ended(attempt, (log) => log.finish(text)),
      gaveUp: (attempt, failure) => this.#ended(attempt, (log) => log.giveUp(failure)),
      died: (reason) => {
        console.error(`the engine died: ${reason}`);
        parts.exit(1);
      },
    });
  }

  /** Says goodbye: the hub gives what runs here to others. */
  leave(): void {
    this.#link.stop();
  }

  #hello(): void {
    const { settings, engine } = this.#parts;
    this.#send({
      type: "hello",
      version: LINK_VERSION,
      workerId: settings.workerId,
      name: settings.name,
      pid: process.pid,
      engine: settings.engine.kind,
      concurrency: engine.concurrency,
      tags: settings.tags,
      files: settings.files,
      ...(settings.engine.kind === "comfyui" ? { address: withoutSecrets(settings.engine.url) } : {}),
      token: settings.token,
      settings: settingsDigest(settings),
      held: [...this.#logs.values()].map((log) => log.held),
    });
  }

  #fromHub(message: HubToWorker): void {
    const { engine } = this.#parts;
    switch (message.type) {
      case "welcome":
        return this.#taken(message.drop);
      case "assign": {
        const { jobId, promptId, attempt } = message;
        this.#logs.set(jobId, new AttemptLog({ jobId, promptId, attempt }));
        return engine.run(message);
      }
      case "interrupt": {
        const log = this.#logs.get(message.jobId);
        if (log !== undefined && !log.isOver && sameAttempt(log.ref, message)) engine.interrupt(log.ref);
        return;
      }
      case "taken":
        return this.#forget(message);
      case "drop":
        return this.#drop(message);
      case "free":
        return engine.free(message);
      case "validate":
        void this.#validate(message);
        return;
      case "tunnel":
        return this.#tunnel(message.id);
      case "stop":
        this.#stopping = true;
        this.#exitWhenIdle();
        return;
    }
  }

  /** The hub has taken the worker (back): say what it can do, then what happened meanwhile. */
  #taken(drop: readonly AttemptRef[]): void {
    clearTimeout(this.#orphanTimer);
    this.#orphanTimer = undefined;
    this.#orphanExpired = false;
    this.#announce();
    if (this.#state !== undefined) this.#send({ type: "state", ...this.#state });
    for (const ref of drop) this.#drop(ref);
    for (const log of this.#logs.values()) log.linkedAgain();
    this.#welcomed = true;
    this.#flush();
  }

  #announce(): void {
    if (this.#announcement !== undefined) this.#send({ type: "nodes", ...this.#announcement });
  }

  #drop(ref: AttemptRef): void {
    const log = this.#logs.get(ref.jobId);
    if (log === undefined || !sameAttempt(log.ref, ref)) return;
    if (!log.isOver) this.#parts.engine.interrupt(log.ref);
    this.#forget(ref);
  }

  async #validate(message: Extract<HubToWorker, { type: "validate" }>): Promise<void> {
    const { request, className } = message;
    const outcome = await this.#parts.engine.validate?.(className, message.arguments);
    if (outcome !== undefined) this.#send({ type: "validated", request, outcome });
  }

  #tunnel(id: string): void {
    const { tunnelTarget } = this.#parts.engine;
    if (tunnelTarget !== undefined) this.#link.openTunnel(id, tunnelTarget);
  }

  /** The log of an attempt that still runs. What was dropped may go on talking while it winds down. */
  #open(attempt: AttemptRef): AttemptLog | undefined {
    const log = this.#logs.get(attempt.jobId);
    if (log === undefined || log.isOver || !sameAttempt(log.ref, attempt)) return undefined;
    this.#flushSoon();
    return log;
  }

  #preview(attempt: AttemptRef, text: string, { bytes, ...ids }: Preview): void {
    if (!this.#welcomed || this.#open(attempt) === undefined) return;
    this.#flush();
    const { jobId, promptId, attempt: number } = attempt;
    const ref = JSON.stringify({ jobId, promptId, attempt: number });
    this.#link.send(
      packPreview(`{"attempt":${ref},"message":${text},"preview":${JSON.stringify(ids)}}`, bytes),
    );
  }

  #ended(attempt: AttemptRef, end: (log: AttemptLog) => void): void {
    const log = this.#open(attempt);
    if (log === undefined) return;
    end(log);
    this.#exitWhenIdle();
  }

  /** Messages of one turn of the event loop travel in one frame. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (!this.#welcomed) return;
    for (const log of this.#logs.values()) {
      for (const frame of log.drain()) this.#link.send(frame);
    }
  }

  #forget(ref: AttemptRef): void {
    const log = this.#logs.get(ref.jobId);
    if (log === undefined || !sameAttempt(log.ref, ref)) return;
    this.#logs.delete(ref.jobId);
    this.#exitWhenIdle();
  }

  #heartbeat(): void {
    if (!this.#welcomed) return;
    const cpu = process.cpuUsage();
    this.#send({
      type: "heartbeat",
      stats: { rssBytes: process.memoryUsage.rss(), cpuSeconds: (cpu.user + cpu.system) / 1e6 },
      running: [...this.#logs.values()].map((log) => log.ref),
    });
  }

  #send(message: WorkerToHub): void {
    this.#link.send(printJson(message, "compact"));
  }

  #hubAway(): void {
    if (this.#welcomed) console.error("hub is away; going on");
    this.#welcomed = false;
    this.#startOrphanTimer();
  }

  #startOrphanTimer(): void {
    this.#orphanTimer ??= setTimeout(() => {
      this.#orphanExpired = true;
      this.#exitWhenIdle();
    }, this.#parts.settings.orphanMs);
  }

  /** Ends when told to, or when no hub came; never with a prompt running. */
  #exitWhenIdle(): void {
    const logs = [...this.#logs.values()];
    if (logs.some((log) => !log.isOver)) return;
    const isOrphan = this.#orphanExpired && !this.#welcomed;
    if (!isOrphan && !(this.#stopping && logs.length === 0)) return;
    this.#link.stop();
    void this.#parts.engine.close().finally(() => this.#parts.exit(0));
  }
}

/** A URL as others may see it. */
function withoutSecrets(url: string): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  shown.search = "";
  return shown.href;
}
