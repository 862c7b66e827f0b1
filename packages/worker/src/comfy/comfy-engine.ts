/** The engine that runs prompts on a ComfyUI: one socket, one HTTP client, and an `Attempt` per prompt. */
import { type AttemptRef, isJsonObject } from "@hearth/protocol";
import type { Assignment, EngineEvents, TunnelTarget, WorkerEngine } from "../engine-port.ts";
import type { FileExchange } from "../files/file-exchange.ts";
import { comfyAddress, type ComfyAddress } from "./address.ts";
import { AnnouncementReader } from "./announcement.ts";
import { Attempt } from "./attempt.ts";
import { ComfyClient } from "./comfy-client.ts";
import { ComfySocket } from "./comfy-socket.ts";
import { InputBringer } from "./inputs.ts";
import { OutputPuller } from "./outputs.ts";
import { Presence } from "./presence.ts";
import { type ComfyFrame, readFrame } from "./read-frames.ts";
import { Reconciler } from "./reconcile.ts";
import { type ComfyEngineSettings, type Timing, timingOf } from "./settings.ts";
import { SupervisedCommand } from "./supervised-command.ts";

/** Frames kept while a submit is under way whose answer may say that they are about it. */
const UNCLAIMED_FRAMES = 1_000;
/** A submit makes a ComfyUI tell every socket how long its queue is; one that hears nothing is deaf. */
const DEAF_MS = 2_000;
/** Said to every socket, about no run. */
const NOT_OF_A_RUN: ReadonlySet<string> = new Set(["status", "feature_flags", "logs"]);

/** @throws Error when the URL is none */
export function createComfyEngine(settings: ComfyEngineSettings, files: FileExchange): WorkerEngine {
  return new ComfyEngine(settings, files);
}

class ComfyEngine implements WorkerEngine {
  readonly concurrency: number;
  readonly #clientId: string;
  readonly #address: ComfyAddress;
  readonly #timing: Timing;
  readonly #files: FileExchange;
  readonly #client: ComfyClient;
  readonly #socket: ComfySocket;
  readonly #announcements: AnnouncementReader;
  readonly #presence: Presence;
  readonly #reconciler: Reconciler;
  readonly #inputs: InputBringer;
  readonly #command: SupervisedCommand | undefined;
  /** by job: a later attempt takes the place of an earlier one */
  readonly #attempts = new Map<string, Attempt>();
  readonly #ending = new Map<Attempt, Promise<void>>();
  #unclaimed: ComfyFrame[] = [];
  #events: EngineEvents | undefined;
  #namesPreviews = false;
  #heardAt = 0;
  #deafTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(settings: ComfyEngineSettings, files: FileExchange) {
    this.concurrency = settings.concurrency;
    // A driver that takes this one's place hears what its prompts say.
    this.#clientId = `hearth-${settings.workerName}`;
    this.#address = comfyAddress(settings.url, settings.headers);
    this.#timing = timingOf(settings);
    this.#files = files;
    this.#client = new ComfyClient(this.#address, this.#timing.requestMs);
    this.#reconciler = new Reconciler(this.#client);
    this.#inputs = new InputBringer(this.#client, files);
    this.#announcements = new AnnouncementReader(this.#client);
    this.#presence = new Presence({
      client: this.#client,
      announcements: this.#announcements,
      refreshMs: this.#timing.refreshMs,
      announced: (announcement) => this.#events?.announced(announcement),
      stateChanged: (state) => this.#events?.stateChanged(state),
      cameBack: () => {
        this.#socket.hurry();
        for (const attempt of this.#attempts.values()) attempt.socketChanged(true);
      },
    });
    this.#socket = new ComfySocket(this.#address, this.#clientId, this.#timing.pingMs, {
      opened: () => {
        this.#presence.look(true);
        for (const attempt of this.#attempts.values()) attempt.socketChanged(true);
      },
      frame: (data, isBinary) => this.#hear(data, isBinary),
      closed: () => {
        // It may be another version that answers next.
        this.#namesPreviews = false;
        this.#presence.look();
        for (const attempt of this.#attempts.values()) attempt.socketChanged(false);
      },
    });
    if (settings.command !== undefined) {
      this.#command = new SupervisedCommand(settings.command, () => this.#client.request("GET", "/prompt"));
    }
  }

  get tunnelTarget(): TunnelTarget {
    return this.#address.target;
  }

  start(events: EngineEvents): void {
    this.#events = events;
    // The hub is to know of this worker also while its ComfyUI is away.
    events.ready();
    this.#command?.start();
    this.#presence.look(true);
    this.#socket.dial();
  }

  run(assignment: Assignment): void {
    const earlier = this.#attempts.get(assignment.jobId);
    const attempt = this.#newAttempt(assignment);
    this.#attempts.set(assignment.jobId, attempt);
    // One that is being stopped would be found, and taken for one to go on with.
    const before = earlier?.isStopWanted === true ? this.#ending.get(earlier) : undefined;
    if (before === undefined) earlier?.abandon();
    const ended = (before ?? Promise.resolve())
      .then(() => attempt.run())
      .finally(() => {
        this.#ending.delete(attempt);
        if (this.#attempts.get(assignment.jobId) === attempt) this.#attempts.delete(assignment.jobId);
      });
    this.#ending.set(attempt, ended);
  }

  interrupt(ref: AttemptRef): void {
    const attempt = this.#attempts.get(ref.jobId);
    if (attempt?.ref.attempt === ref.attempt) attempt.interrupt();
  }

  free({ unloadModels, freeMemory }: { readonly unloadModels: boolean; readonly freeMemory: boolean }): void {
    const body = JSON.stringify({ unload_models: unloadModels, free_memory: freeMemory });
    this.#client.post("/free", body).catch((error: Error) => console.error(`free: ${error.message}`));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#deafTimer);
    this.#socket.close();
    for (const attempt of this.#ending.keys()) attempt.abandon();
    // Calls that wait for an answer end with their connections.
    this.#client.close();
    await Promise.all([this.#presence.close(), ...this.#ending.values(), this.#command?.close()]);
  }

  #newAttempt(assignment: Assignment): Attempt {
    const events = this.#events;
    if (events === undefined) throw new Error("the engine was not started");
    const attempt: Attempt = new Attempt(assignment, {
      client: this.#client,
      reconciler: this.#reconciler,
      inputs: this.#inputs,
      outputs: new OutputPuller(this.#client, this.#files),
      timing: this.#timing,
      clientId: this.#clientId,
      isSocketOpen: () => this.#socket.isOpen,
      namesPreviews: () => this.#namesPreviews,
      isOutputClass: (name) => this.#announcements.isOutputClass(name),
      events,
      doubt: () => this.#presence.look(),
      submitted: (since) => this.#submitted(attempt, since),
    });
    return attempt;
  }

  #hear(data: Buffer, isBinary: boolean): void {
    this.#heardAt = performance.now();
    const frame = readFrame(data, isBinary);
    if (frame === undefined) return;
    if (frame.kind === "json" && frame.promptId === undefined && NOT_OF_A_RUN.has(frame.type)) {
      if (frame.type === "feature_flags" && isJsonObject(frame.data)) {
        this.#namesPreviews = frame.data["supports_preview_metadata"] === true;
      }
      return;
    }
    // A socket that comes in the middle of a run is told where the run is; who follows it knows.
    if (frame.kind === "json" && frame.promptId === undefined && frame.type === "executing") return;
    const attempts = [...this.#attempts.values()];
    if (frame.promptId === undefined) {
      const running = attempts.filter((attempt) => attempt.isRunning);
      if (running.length === 1) running[0]?.hear(frame);
      return;
    }
    const attempt = attempts.find(({ comfyId }) => comfyId === frame.promptId);
    if (attempt !== undefined) attempt.hear(frame);
    else if (attempts.some(({ isSubmitting }) => isSubmitting)) {
      this.#unclaimed.push(frame);
      if (this.#unclaimed.length > UNCLAIMED_FRAMES) this.#unclaimed.shift();
    }
  }

  /** The id is known now; what the ComfyUI said of it before its answer came is heard late. */
  #submitted(attempt: Attempt, since: number): void {
    const kept = this.#unclaimed;
    const others = [...this.#attempts.values()].some((other) => other.isSubmitting);
    this.#unclaimed = others ? kept.filter(({ promptId }) => promptId !== attempt.comfyId) : [];
    for (const frame of kept) if (frame.promptId === attempt.comfyId) attempt.hear(frame);
    if (!this.#socket.isOpen || this.#deafTimer !== undefined) return;
    this.#deafTimer = setTimeout(() => {
      this.#deafTimer = undefined;
      if (!this.#isClosed && this.#heardAt < since) this.#socket.renew();
    }, DEAF_MS);
  }
}
