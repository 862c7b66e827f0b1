/** The attempt that a worker holds, and what it has said that no hub has heard yet. */
import type { AttemptRef, HeldAttempt } from "@hearth/protocol";

/** Lifecycle messages kept for a hub that is away; of a chattier node the oldest are dropped. */
const KEPT_MESSAGES = 2_000;

export class AttemptLog {
  readonly ref: AttemptRef;
  #unsent: string[] = [];
  #result: string | undefined;

  constructor(ref: AttemptRef) {
    this.ref = ref;
  }

  get held(): HeldAttempt {
    return { ...this.ref, state: this.#result === undefined ? "running" : "finished" };
  }

  get finished(): boolean {
    return this.#result !== undefined;
  }

  /** A printed run message. */
  say(text: string): void {
    this.#unsent.push(text);
    if (this.#unsent.length > KEPT_MESSAGES) this.#unsent.shift();
  }

  /** The printed result; from now on the attempt is only kept until a hub has taken it. */
  finish(text: string): void {
    this.#result = text;
  }

  /** Link frames with everything that is unsent. A result is sent again to every hub until one takes it. */
  drain(): string[] {
    const head = JSON.stringify(this.ref).slice(1, -1);
    const frames: string[] = [];
    if (this.#unsent.length > 0) {
      frames.push(`{"type":"messages",${head},"items":[${this.#unsent.join(",")}]}`);
      this.#unsent = [];
    }
    if (this.#result !== undefined) frames.push(`{"type":"finished",${head},"result":${this.#result}}`);
    return frames;
  }
}

export function sameAttempt(a: AttemptRef, b: AttemptRef): boolean {
  return a.jobId === b.jobId && a.attempt === b.attempt;
}
