/** How an attempt waits: until a time has passed, something happened, or nobody wants it any more. */
import { Abandoned, Stopped } from "./gave-up.ts";

export class Waiting {
  #isStopWanted = false;
  #isAbandoned = false;
  #news = Promise.withResolvers<void>();
  /** settles once it is to be stopped or abandoned */
  readonly #unwanted = Promise.withResolvers<void>();
  readonly #abandoned = Promise.withResolvers<void>();

  get isStopWanted(): boolean {
    return this.#isStopWanted;
  }

  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** Somebody wants the attempt stopped. */
  stop(): void {
    this.#isStopWanted = true;
    this.#unwanted.resolve();
    this.wake();
  }

  /** Nobody wants to hear of it any more. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#unwanted.resolve();
    this.#abandoned.resolve();
    this.wake();
  }

  /** Something happened that a rest is to end for; one that has not begun yet ends at once. */
  wake(): void {
    this.#news.resolve();
  }

  /** Waits so long, or until something happened: then true. */
  async rest(milliseconds: number): Promise<boolean> {
    const isWoken = await withTimer(milliseconds, this.#news.promise);
    if (isWoken) this.#news = Promise.withResolvers<void>();
    return isWoken;
  }

  /** Waits so long. @throws Abandoned */
  async sleep(milliseconds: number): Promise<void> {
    await withTimer(milliseconds, this.#abandoned.promise);
    this.throwIfAbandoned();
  }

  /** What the work gives. @throws Stopped, Abandoned as soon as nobody waits for it any more */
  async whileWanted<T>(work: Promise<T>): Promise<T> {
    await Promise.race([work, this.#unwanted.promise]);
    this.throwIfStopped();
    return await work;
  }

  throwIfAbandoned(): void {
    if (this.#isAbandoned) throw new Abandoned();
  }

  throwIfStopped(): void {
    this.throwIfAbandoned();
    if (this.#isStopWanted) throw new Stopped();
  }
}

/** True when the promise settled before the time had passed. */
async function withTimer(milliseconds: number, promise: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const elapsed = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  const isFirst = await Promise.race([promise.then(() => true), elapsed]);
  clearTimeout(timer);
  return isFirst;
}
