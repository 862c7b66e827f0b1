/**
 * One attempt of a job on a ComfyUI.
 *
 * ```
 *  looking ──not there──► bringing files ──► submitting ──► following ──► ending ──► finished
 *     │                                       │    ▲            ▲  │
 *     │                              outcome  │    │ not there  │  └─ not there, twice ──► gave up: lost
 *     │                              unknown  ▼    │            │
 *     │                                      asking after ──────┤
 *     ├── waits or runs there (adopted) ────────────────────────┘
 *     ├── ended there ──► ending
 *     └── to be resumed, and not there, twice ──► gave up: lost
 * ```
 *
 * - looking: an earlier attempt of the job, or this one before the driver died, may be there already.
 * - submitting: a ComfyUI that says no gives `refused`; one that cannot be reached is tried again for a while.
 * - asking after: what a submit came to is asked before anything is submitted again.
 * - following: the socket says what happens and hints when to look; the ComfyUI's queue and history decide.
 * - ending: files are pulled, what the socket missed is told from the history, then the result.
 *
 * A wish to stop ends an attempt that is not there at once; one that is, or may be, is stopped there first. One that is
 * lost meanwhile was stopped, too.
 */
import {
  type AttemptFailure,
  type AttemptRef,
  type JsonObject,
  printJson,
  type RunResult,
} from "@hearth/protocol";
import type { Assignment, EngineEvents } from "../engine-port.ts";
import { type Answer, type ComfyClient, Unanswered } from "./comfy-client.ts";
import { Abandoned, GaveUp, Stopped } from "./gave-up.ts";
import { FileTransferError, type InputBringer } from "./inputs.ts";
import type { OutputPuller } from "./outputs.ts";
import type { ComfyFrame } from "./read-frames.ts";
import type { Place, Reconciler, Wanted } from "./reconcile.ts";
import { resultOf, stoppedBeforeStart } from "./run-result.ts";
import type { Timing } from "./settings.ts";
import { comfyIdOf, submissionBody, submitOutcome } from "./submission.ts";
import { END_TYPES, Telling } from "./telling.ts";
import { Waiting } from "./waiting.ts";

/** Two looks that do not find a prompt count only when so much time lies between them. */
const LOOKS_APART_MS = 1_000;
/** History is written a moment after a run has said that it is over. */
const HISTORY_MS = 100;
/** How long the last frames of a run may still be on their way when its history is there. */
const LAST_FRAMES_MS = 250;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** A stop is asked for again while the prompt runs on: long nodes look for it seldom, and requests get lost. */
const STOP_AGAIN_MS = 2_000;
/** How often a submit that came to nothing is tried. */
const SUBMITS = 6;
export interface AttemptParts {
  readonly client: ComfyClient;
  readonly reconciler: Reconciler;
  readonly inputs: InputBringer;
  readonly outputs: OutputPuller;
  readonly timing: Timing;
  readonly clientId: string;
  readonly isSocketOpen: () => boolean;
  readonly namesPreviews: () => boolean;
  readonly isOutputClass: (className: string) => boolean | undefined;
  readonly events: Pick<EngineEvents, "said" | "previewed" | "finished" | "gaveUp">;
  /** the ComfyUI did not answer: somebody should find out whether it does */
  readonly doubt: () => void;
  /** the ComfyUI has taken the prompt, which was sent at `since`; frames about it may have come before its id was known */
  readonly submitted: (since: number) => void;
}

export class Attempt {
  readonly ref: AttemptRef;
  readonly #assignment: Assignment;
  readonly #parts: AttemptParts;
  #comfyId: string;
  /** the attempt whose prompt is followed: this one, or the one that was adopted */
  #comfyAttempt: number;
  #isThere = false;
  #isSubmitting = false;
  #isRunning = false;
  #isDeleted = false;
  readonly #waiting = new Waiting();
  readonly #telling: Telling;
  #endHint = false;
  #endTimer: NodeJS.Timeout | undefined;
  #heardAt = performance.now();
  #hadDisconnect = false;

  constructor(assignment: Assignment, parts: AttemptParts) {
    const { jobId, promptId, attempt } = assignment;
    this.ref = { jobId, promptId, attempt };
    this.#assignment = assignment;
    this.#parts = parts;
    this.#comfyId = comfyIdOf(assignment);
    this.#comfyAttempt = attempt;
    this.#telling = new Telling({ ...parts, ref: this.ref, waiting: this.#waiting }, this.#comfyId);
  }

  /** The prompt's id on the ComfyUI. */
  get comfyId(): string {
    return this.#comfyId;
  }

  get isSubmitting(): boolean {
    return this.#isSubmitting;
  }

  /** It runs on the ComfyUI, as far as is known. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  get isStopWanted(): boolean {
    return this.#waiting.isStopWanted;
  }

  get #wanted(): Wanted {
    return {
      jobId: this.ref.jobId,
      comfyId: this.#comfyId,
      // Once it is there, only its own end counts; before, also an earlier attempt that went well.
      isOwn: (found, entry) =>
        this.#isThere
          ? found === undefined || found === this.#comfyAttempt
          : found === this.ref.attempt || (found !== undefined && resultOf(entry, {}).status === "success"),
    };
  }

  /** Lives through all states; what comes of it is told through the events. */
  async run(): Promise<void> {
    try {
      const result = await this.#live();
      if (!this.#waiting.isAbandoned) this.#parts.events.finished(this.ref, printJson(result, "compact"));
    } catch (error) {
      if (error instanceof Abandoned || this.#waiting.isAbandoned) return;
      const failure: AttemptFailure =
        error instanceof GaveUp
          ? error.failure
          : { kind: this.#isThere ? "lost" : "unreachable", text: `the driver failed: ${String(error)}` };
      if (!(error instanceof GaveUp))
        console.error(`attempt ${this.ref.attempt} of ${this.ref.jobId}:`, error);
      this.#parts.events.gaveUp(this.ref, failure);
    } finally {
      clearTimeout(this.#endTimer);
      this.#isRunning = false;
    }
  }

  /** Stops it, wherever it is. */
  interrupt(): void {
    this.#waiting.stop();
  }

  /** Says nothing more of it; the ComfyUI goes on. */
  abandon(): void {
    this.#waiting.abandon();
  }

  /** The socket was lost, or is back: look what happened meanwhile. */
  socketChanged(isOpen: boolean): void {
    if (!isOpen) this.#hadDisconnect = true;
    if (this.#isThere) this.#waiting.wake();
  }

  /** A frame about this prompt, or without an id while it alone runs. */
  hear(frame: ComfyFrame): void {
    if (this.#waiting.isAbandoned) return;
    if (frame.promptId !== undefined) this.#heardAt = performance.now();
    this.#telling.hear(frame);
    if (frame.kind !== "json" || frame.promptId === undefined) return;
    if (frame.type === "execution_start") this.#isRunning = true;
    if (frame.type === "executing" && frame.data["node"] === null) this.#hintEnd(0);
    else if (END_TYPES.has(frame.type)) this.#hintEnd(HISTORY_MS);
  }

  #hintEnd(afterMs: number): void {
    clearTimeout(this.#endTimer);
    const hint = (): void => {
      this.#endHint = true;
      this.#waiting.wake();
    };
    if (afterMs === 0) hint();
    else this.#endTimer = setTimeout(hint, afterMs);
  }

  async #live(): Promise<RunResult> {
    try {
      const found =
        this.#assignment.resume === true
          ? await this.#resume()
          : await this.#patiently(() => this.#lookFirst(), { isStoppable: false });
      if (found.at === "ended") return await this.#end(found.entry);
      const place = found.at === "unknown" ? await this.#submit() : found;
      if (place !== undefined) {
        if (place.at === "ended") return await this.#end(place.entry);
        this.#adopt(place);
      }
      const entry = await this.#follow();
      if (entry !== undefined) return await this.#end(entry);
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    }
    return this.#stoppedBeforeStart();
  }

  /** A driver that is gone had it: it is followed or lost, and never begun again. */
  async #resume(): Promise<Exclude<Place, { at: "unknown" }>> {
    const { shown } = this.#parts.client;
    const place = await this.#askAfter("another process had the prompt");
    if (place.at !== "unknown") return place;
    this.#waiting.throwIfStopped();
    throw new GaveUp({
      kind: "lost",
      text: `${shown} does not know the prompt, which another process of the driver had before it died`,
    });
  }

  /** Whether an attempt of the job is there already. */
  async #lookFirst(): Promise<Place> {
    // Nobody has had the job before.
    if (this.ref.attempt === 1) return { at: "unknown" };
    const wanted = this.#wanted;
    const queued = await this.#parts.reconciler.inQueue(wanted);
    if (queued !== undefined) return queued;
    const entry = await this.#parts.reconciler.ended(wanted);
    if (entry !== undefined) return { at: "ended", comfyId: this.#comfyId, entry };
    const other = await this.#parts.reconciler.endedUnderAnyId(wanted);
    if (other === undefined) return { at: "unknown" };
    this.#nameThere(other.comfyId);
    return { at: "ended", ...other };
  }

  #adopt(place: Exclude<Place, { at: "ended" | "unknown" }>): void {
    this.#nameThere(place.comfyId);
    this.#comfyAttempt = place.attempt ?? this.#comfyAttempt;
    this.#isRunning = place.at === "running";
    this.#isThere = true;
  }

  /** Brings the files and submits. A place is where it was found when the outcome was unknown. */
  async #submit(): Promise<Exclude<Place, { at: "unknown" }> | undefined> {
    const { client, timing, clientId, isOutputClass } = this.#parts;
    const prompt = await this.#bringFiles();
    const assignment = this.#assignment;
    const body = submissionBody({ assignment, prompt, comfyId: this.#comfyId, clientId, isOutputClass });
    let why = "";
    let pause = FIRST_PAUSE_MS;
    for (let submits = 0; submits < SUBMITS; submits += 1) {
      if (submits > 0) {
        await this.#waiting.rest(pause);
        pause = Math.min(pause * 2, timing.reachMs / 3);
      }
      this.#waiting.throwIfStopped();
      const began = performance.now();
      this.#isSubmitting = true;
      let answer: Answer | Unanswered;
      try {
        answer = await client.request("POST", "/prompt", {
          ...{ body, deadlineMs: timing.submitMs },
          // On a kept one, a ComfyUI that went away looks as if it might have taken the prompt.
          isOnNewConnection: true,
        });
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        answer = error;
      }
      this.#isSubmitting = false;
      if (!(answer instanceof Unanswered) && answer.status < 500) {
        const outcome = submitOutcome(answer, client.shown);
        if ("failure" in outcome) throw new GaveUp(outcome.failure);
        this.#nameThere(outcome.comfyId);
        this.#isThere = true;
        this.#heardAt = began;
        this.#parts.submitted(began);
        return undefined;
      }
      why = answer instanceof Unanswered ? answer.message : `${client.shown} answered ${answer.status}`;
      if (answer instanceof Unanswered) this.#parts.doubt();
      // A 5xx may come from a proxy in front of a ComfyUI that took the prompt.
      if (!(answer instanceof Unanswered) || answer.wasSent) {
        const place = await this.#askAfter(why);
        if (place.at !== "unknown") return place;
      }
    }
    throw new GaveUp({ kind: "unreachable", text: why });
  }

  async #bringFiles(): Promise<string> {
    const { prompt, files } = this.#assignment;
    if (files === undefined || files.length === 0) return prompt;
    try {
      return await this.#patiently(() => this.#parts.inputs.bring(prompt, files), { isStoppable: true });
    } catch (error) {
      if (!(error instanceof FileTransferError)) throw error;
      throw new GaveUp({ kind: "files", text: error.message });
    }
  }

  /** What a submit came to: it is not there only when an answering ComfyUI says so twice. */
  async #askAfter(why: string): Promise<Place> {
    const deadline = performance.now() + this.#parts.timing.lostMs;
    let pause = FIRST_PAUSE_MS;
    let unknownSince: number | undefined;
    this.#comfyAttempt = this.ref.attempt;
    for (;;) {
      this.#waiting.throwIfAbandoned();
      try {
        const place = await this.#parts.reconciler.look(this.#wanted);
        if (place.at !== "unknown") return place;
        const other = await this.#parts.reconciler.endedUnderAnyId(this.#wanted);
        if (other !== undefined) {
          this.#nameThere(other.comfyId);
          return { at: "ended", ...other };
        }
        const now = performance.now();
        unknownSince ??= now;
        if (now - unknownSince >= LOOKS_APART_MS) return place;
        await this.#waiting.sleep(LOOKS_APART_MS - (now - unknownSince) + 5);
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        this.#parts.doubt();
        if (performance.now() > deadline) {
          this.#waiting.throwIfStopped();
          throw new GaveUp({
            // Nobody saw it run: that the ComfyUI is gone need not be the prompt's fault.
            kind: this.#assignment.resume === true ? "lost" : "unreachable",
            text: `${why}; whether it has the prompt is not known: ${error.message}`,
          });
        }
        await this.#waiting.sleep(pause);
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
    }
  }

  /** Follows it to its end; `undefined`: it was taken out of the queue before it began. */
  async #follow(): Promise<JsonObject | undefined> {
    let answeredAt = performance.now();
    let unknownSince: number | undefined;
    let failures = 0;
    let hints = 0;
    // What came while it was submitted may have been a hint already.
    let pause: number | undefined = this.#endHint || this.#waiting.isStopWanted ? 0 : undefined;
    let stopAskedAt: number | undefined;
    for (;;) {
      if (pause === undefined) await this.#untilSilent();
      else await this.#waiting.rest(pause);
      pause = undefined;
      this.#waiting.throwIfAbandoned();
      try {
        const place = await this.#lookNow();
        const now = performance.now();
        answeredAt = now;
        failures = 0;
        this.#heardAt = now;
        if (place.at === "ended") return place.entry;
        if (place.at === "unknown") {
          if (this.#isDeleted) return undefined;
          unknownSince ??= now;
          if (now - unknownSince >= LOOKS_APART_MS) {
            this.#waiting.throwIfStopped();
            throw new GaveUp(this.#lost());
          }
          pause = this.#endHint
            ? 20 * 2 ** Math.min((hints += 1), 5)
            : LOOKS_APART_MS - (now - unknownSince) + 5;
          continue;
        }
        unknownSince = undefined;
        this.#nameThere(place.comfyId);
        if (place.at === "running") this.#isRunning = true;
        if (this.#waiting.isStopWanted && (stopAskedAt === undefined || now - stopAskedAt >= STOP_AGAIN_MS)) {
          stopAskedAt = now;
          await this.#stopThere(place.at);
          pause = this.#isDeleted ? 0 : undefined;
        }
        // An error that is no end (a blocked node), or history that is late.
        if (this.#endHint && (hints += 1) < 8) pause = 20 * 2 ** hints;
        else this.#endHint = false;
        if (this.#waiting.isStopWanted) pause ??= STOP_AGAIN_MS;
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        this.#parts.doubt();
        const silentMs = performance.now() - Math.max(answeredAt, this.#heardAt);
        if (silentMs > this.#parts.timing.lostMs) {
          this.#waiting.throwIfStopped();
          const text = `${error.message}, for ${Math.round(silentMs / 1000)} s while it had the prompt`;
          throw new GaveUp({ kind: "lost", text });
        }
        pause = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
        failures += 1;
      }
    }
  }

  /** When its end was announced, the history is asked first: one request is enough then. */
  async #lookNow(): Promise<Place> {
    if (this.#endHint) {
      const entry = await this.#parts.reconciler.ended(this.#wanted);
      if (entry !== undefined) return { at: "ended", comfyId: this.#comfyId, entry };
    }
    return await this.#parts.reconciler.look(this.#wanted);
  }

  async #stopThere(at: "running" | "pending"): Promise<void> {
    if (at === "running") return this.#parts.reconciler.interrupt(this.#comfyId);
    await this.#parts.reconciler.deletePending(this.#comfyId);
    this.#isDeleted = true;
  }

  #lost(): AttemptFailure {
    const { shown } = this.#parts.client;
    const text = this.#hadDisconnect
      ? `${shown} was restarted while it had the prompt, and does not know it any more`
      : `${shown} does not know the prompt any more, though it took it`;
    return { kind: "lost", text };
  }

  async #end(entry: JsonObject): Promise<RunResult> {
    this.#isThere = true;
    const result = resultOf(entry, this.#telling.nodeTimes);
    const deadline = performance.now() + LAST_FRAMES_MS;
    while (!this.#telling.knowsAllOf(result) && this.#parts.isSocketOpen() && performance.now() < deadline) {
      await this.#waiting.sleep(10);
    }
    this.#isRunning = false;
    await this.#telling.complete(result);
    return result;
  }

  #stoppedBeforeStart(): RunResult {
    const result = stoppedBeforeStart(this.ref.promptId);
    this.#telling.tellLifecycle(result);
    return result;
  }

  /** Tries what comes before a submit again, for as long as the ComfyUI may take to answer. */
  async #patiently<T>(
    work: () => Promise<T>,
    { isStoppable }: { readonly isStoppable: boolean },
  ): Promise<T> {
    const deadline = performance.now() + this.#parts.timing.reachMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        // Nobody waits for an upload whose prompt is not wanted any more.
        return await (isStoppable ? this.#waiting.whileWanted(work()) : work());
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        this.#parts.doubt();
        this.#waiting.throwIfStopped();
        if (performance.now() + pause > deadline) {
          throw new GaveUp({ kind: "unreachable", text: error.message });
        }
      }
      await this.#waiting.rest(pause);
      this.#waiting.throwIfStopped();
    }
  }

  #nameThere(comfyId: string): void {
    if (comfyId === this.#comfyId) return;
    this.#comfyId = comfyId;
    this.#telling.nameThere(comfyId);
  }

  /** Waits until nothing was heard for so long that it must be asked after, or until something hints at news. */
  async #untilSilent(): Promise<void> {
    for (;;) {
      const { silenceMs } = this.#parts.timing;
      // Without a socket, asking is the only way to know.
      const limit = this.#parts.isSocketOpen() ? silenceMs : Math.min(silenceMs, LOOKS_APART_MS);
      const left = this.#heardAt + limit - performance.now();
      if (left <= 0 || (await this.#waiting.rest(left))) return;
    }
  }
}
