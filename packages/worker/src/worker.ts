/**
 * A native worker: this main thread speaks the link, answers `validate` at once and keeps the attempt's log; the
 * engine thread runs prompts. It goes on with its job when the hub dies, and ends when none comes back.
 */
import {
  type AttemptRef,
  type HubToWorker,
  type JsonValue,
  LINK_VERSION,
  packPreview,
  type PackReport,
  parseJson,
  printJson,
  type ValidatorOutcome,
  type WorkerToHub,
} from "@hearth/protocol";
import { callValidator, type NodeRegistry } from "@hearth/engine";
import { AttemptLog, sameAttempt } from "./attempts.ts";
import type { FromEngine } from "./engine-messages.ts";
import { EngineHost } from "./engine-host.ts";
import { LinkClient } from "./link-client.ts";
import type { WorkerSettings } from "./settings.ts";

const HEARTBEAT_MS = 2_000;

export interface WorkerParts {
  readonly settings: WorkerSettings;
  /** digest of the settings, which the hub compares with its own */
  readonly settingsDigest: string;
  readonly registry: NodeRegistry;
  readonly packs: readonly PackReport[];
  readonly exit: (code: number) => void;
}

export class NativeWorker {
  readonly #parts: WorkerParts;
  readonly #link: LinkClient;
  readonly #engine: EngineHost;
  #log: AttemptLog | undefined;
  #welcomed = false;
  #stopping = false;
  #flushing = false;
  #orphanTimer: NodeJS.Timeout | undefined;
  #orphanExpired = false;

  /** Starts the engine thread, which dials the hub once it can run prompts. */
  static start(parts: WorkerParts): NativeWorker {
    const worker = new NativeWorker(parts);
    worker.#startOrphanTimer();
    setInterval(() => worker.#heartbeat(), HEARTBEAT_MS);
    return worker;
  }

  private constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.#engine = new EngineHost(
      (message) => this.#fromEngine(message),
      (reason) => {
        console.error(`engine thread lost: ${reason}`);
        parts.exit(1);
      },
    );
    this.#link = new LinkClient(parts.settings.socket, {
      opened: () => this.#hello(),
      message: (text) => this.#fromHub(parseJson(text) as unknown as HubToWorker),
      closed: () => this.#hubAway(),
    });
  }

  #hello(): void {
    this.#send({
      type: "hello",
      version: LINK_VERSION,
      workerId: this.#parts.settings.workerId,
      pid: process.pid,
      engine: "native",
      token: this.#parts.settings.token,
      settings: this.#parts.settingsDigest,
      held: this.#log === undefined ? [] : [this.#log.held],
    });
  }

  #fromHub(message: HubToWorker): void {
    switch (message.type) {
      case "welcome":
        return this.#taken(message.drop);
      case "assign":
        return this.#assign(message);
      case "interrupt":
        if (this.#log !== undefined && !this.#log.finished && sameAttempt(this.#log.ref, message)) {
          this.#engine.interrupt(message.promptId);
        }
        return;
      case "taken":
        if (this.#log !== undefined && sameAttempt(this.#log.ref, message)) this.#forget();
        return;
      case "drop":
        return this.#drop(message);
      case "free":
        return this.#engine.free(message.unloadModels, message.freeMemory);
      case "validate":
        void this.#validate(message);
        return;
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
    const { registry, packs } = this.#parts;
    this.#send({ type: "nodes", classes: registry.announcements(), packs });
    for (const ref of drop) this.#drop(ref);
    this.#welcomed = true;
    this.#flush();
  }

  #drop(ref: AttemptRef): void {
    const log = this.#log;
    if (log === undefined || !sameAttempt(log.ref, ref)) return;
    if (!log.finished) this.#engine.interrupt(log.ref.promptId);
    this.#forget();
  }

  #assign(message: Extract<HubToWorker, { type: "assign" }>): void {
    const ref = { jobId: message.jobId, promptId: message.promptId, attempt: message.attempt };
    this.#log = new AttemptLog(ref);
    this.#engine.run({
      attempt: ref,
      prompt: message.prompt,
      extraData: message.extraData,
      outputs: message.outputs,
    });
  }

  async #validate(message: Extract<HubToWorker, { type: "validate" }>): Promise<void> {
    const { inputs, inputTypes } = parseJson(message.arguments) as {
      inputs: Record<string, JsonValue>;
      inputTypes: Record<string, JsonValue>;
    };
    const outcome: ValidatorOutcome = await callValidator(
      this.#parts.registry.get(message.className),
      { inputs, inputTypes },
      this.#parts.settings,
    );
    this.#send({ type: "validated", request: message.request, outcome });
  }

  #fromEngine(message: FromEngine): void {
    if (message.type === "ready") {
      // Only now: what a hub assigns is to run at once, so that "running" is true.
      this.#link.dial();
      return;
    }
    const log = this.#log;
    // A dropped attempt may still be talking while it winds down.
    if (log === undefined || !sameAttempt(log.ref, message.attempt)) return;
    if (message.type === "preview") {
      if (!this.#welcomed) return;
      this.#flush();
      const { bytes, ...ids } = message.preview;
      this.#link.send(
        packPreview(
          `{"attempt":${JSON.stringify(message.attempt)},"message":${message.text},"preview":${JSON.stringify(ids)}}`,
          bytes,
        ),
      );
      return;
    }
    if (message.type === "message") log.say(message.text);
    else log.finish(message.text);
    this.#flushSoon();
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
    if (!this.#welcomed || this.#log === undefined) return;
    for (const frame of this.#log.drain()) this.#link.send(frame);
  }

  #forget(): void {
    this.#log = undefined;
    this.#exitWhenIdle();
  }

  #heartbeat(): void {
    if (!this.#welcomed) return;
    const cpu = process.cpuUsage();
    this.#send({
      type: "heartbeat",
      stats: { rssBytes: process.memoryUsage.rss(), cpuSeconds: (cpu.user + cpu.system) / 1e6 },
      running: this.#log === undefined ? [] : [this.#log.ref],
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
    const running = this.#log !== undefined && !this.#log.finished;
    if (running) return;
    if (this.#orphanExpired && !this.#welcomed) this.#parts.exit(0);
    if (this.#stopping && this.#log === undefined) {
      this.#link.stop();
      this.#parts.exit(0);
    }
  }
}
