/** A thread that is there only while somebody needs it: most hubs never make a thumbnail or hash a model. */
import { ThreadCalls } from "../assets/threads/calls.ts";

const IDLE_MS = 60_000;

export class OnDemandThread {
  readonly #module: URL;
  readonly #idleMs: number;
  #thread: ThreadCalls | undefined;
  #calls = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param module of the thread; it answers with `answerCalls`, and a method of its that throws has a bug */
  constructor(module: URL, options: { readonly idleMs?: number } = {}) {
    this.#module = module;
    this.#idleMs = options.idleMs ?? IDLE_MS;
  }

  /** True while there is a thread. */
  get isRunning(): boolean {
    return this.#thread !== undefined;
  }

  /** Calls a method of the thread, which is started first where there is none. */
  async call<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    if (this.#isClosed) throw new Error("the thread is closed");
    clearTimeout(this.#timer);
    const thread = (this.#thread ??= new ThreadCalls(this.#module, undefined));
    this.#calls += 1;
    try {
      return (await thread.call(method, ...args)) as T;
    } catch (error) {
      // A thread that died answers nobody any more: the next call starts another one.
      if (this.#thread === thread) this.#thread = undefined;
      void thread.close();
      throw error;
    } finally {
      this.#calls -= 1;
      if (this.#calls === 0) this.#endLater();
    }
  }

  /** Ends the thread; calls that run are refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#end();
  }

  #endLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#end(), this.#idleMs).unref();
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer);
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.close();
  }
}
