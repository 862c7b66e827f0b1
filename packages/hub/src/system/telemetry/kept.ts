/** A value that is costly to read, kept for a while. Who asks while it is being read waits for the same reading. */
export class Kept<T> {
  readonly #keepMs: number;
  readonly #read: () => Promise<T>;
  #value: { readonly value: T; readonly at: number } | undefined;
  #reading: Promise<T> | undefined;

  constructor(keepMs: number, read: () => Promise<T>) {
    this.#keepMs = keepMs;
    this.#read = read;
  }

  /** The value, at most `keepMs` old. @throws what reading it throws */
  async get(): Promise<T> {
    const kept = this.#value;
    if (kept !== undefined && performance.now() - kept.at < this.#keepMs) return kept.value;
    this.#reading ??= this.#read()
      .then((value) => {
        this.#value = { value, at: performance.now() };
        return value;
      })
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  /** What was read last, at once; when it is old, the next one is read in the background. */
  latest(): T | undefined {
    this.get().catch(() => undefined);
    return this.#value?.value;
  }
}
