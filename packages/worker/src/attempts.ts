/** An attempt that a worker holds, and what it has said that no hub has heard yet. */
import { type AttemptFailure, type AttemptRef, type HeldAttempt, printJson } from "@hearth/protocol";

/** Lifecycle messages kept for a hub that is away; of a chattier node the oldest are dropped. */
const KEPT_MESSAGES = 2_000;

export class AttemptLog {
  readonly ref: AttemptRef;
  #unsent: string[] = [];
  /** the frame that ends it, without its head */
  #end: { readonly type: "finished" | "gave-up"; readonly body: string } | undefined;
  #isEndSent = false;

  constructor(ref: AttemptRef) {
    this.ref = ref;
  }

  get held(): HeldAttempt {
    return { ...this.ref, state: this.isOver ? "finished" : "running" };
  }

  /** it runs no more, and is only kept until a hub has taken its end */
  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** A printed run message. */
  say(text: string): void {
    this.#unsent.push(text);
    if (this.#unsent.length > KEPT_MESSAGES) this.#unsent.shift();
  }

  /** `result`: a printed `RunResult`. */
  finish(result: string): void {
    this.#end = { type: "finished", body: `"result":${result}` };
  }

  giveUp(failure: AttemptFailure): void {
    this.#end = { type: "gave-up", body: `"failure":${printJson(failure, "compact")}` };
  }

  /** Another hub, or the same one again, hears how the attempt ended. */
  linkedAgain(): void {
    this.#isEndSent = false;
  }

  /** Link frames with everything that is unsent. */
  drain(): string[] {
    const head = JSON.stringify(this.ref).slice(1, -1);
    const frames: string[] = [];
    if (this.#unsent.length > 0) {
      frames.push(`{"type":"messages",${head},"items":[${this.#unsent.join(",")}]}`);
      this.#unsent = [];
    }
    if (this.#end !== undefined && !this.#isEndSent) {
      frames.push(`{"type":"${this.#end.type}",${head},${this.#end.body}}`);
      this.#isEndSent = true;
    }
    return frames;
  }
}

export function sameAttempt(a: AttemptRef, b: AttemptRef): boolean {
  return a.jobId === b.jobId && a.attempt === b.attempt;
}
