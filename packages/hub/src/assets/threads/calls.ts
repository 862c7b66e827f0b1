/** Calls into a thread: one message each way per call, and events that the thread sends by itself. */
import { Worker } from "node:worker_threads";
import { AssetError } from "../errors.ts";

export interface CallMessage {
  readonly call: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

export interface FailureMessage {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** `code` of an error of the system */
  readonly systemCode: string | undefined;
  readonly asset:
    | {
        readonly code: string;
        readonly status: number;
        readonly details: Readonly<Record<string, unknown>>;
      }
    | undefined;
}

export type AnswerMessage =
  | { readonly call: number; readonly value: unknown }
  | { readonly call: number; readonly failure: FailureMessage }
  | { readonly event: string; readonly data: unknown };

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class ThreadCalls {
  readonly #thread: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #last = 0;
  #gone: Error | undefined;

  /**
   * Starts a thread that answers with `answerCalls`.
   * @param module of the thread
   * @param workerData what it is told at its start
   * @param heard is told of its events
   */
  constructor(module: URL, workerData: unknown, heard?: (event: string, data: unknown) => void) {
    this.#thread = new Worker(module, { workerData, execArgv: [], name: "assets" });
    this.#thread.on("message", (message: AnswerMessage) => {
      if ("event" in message) heard?.(message.event, message.data);
      else this.#answered(message);
    });
    this.#thread.on("error", (error) => this.#end(error as Error));
    this.#exited = new Promise((resolve) => {
      this.#thread.once("exit", () => {
        this.#end(new Error("the asset thread has ended"));
        resolve();
      });
    });
  }

  call(method: string, ...args: unknown[]): Promise<unknown> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      this.#last += 1;
      this.#waiting.set(this.#last, { resolve, reject });
      this.#thread.postMessage({ call: this.#last, method, args } satisfies CallMessage);
    });
  }

  /** Asks the thread to close what it holds, and waits for its end. */
  async close(): Promise<void> {
    await this.call("close").catch(() => undefined);
    await this.#thread.terminate();
    await this.#exited;
  }

  #answered(message: Exclude<AnswerMessage, { event: string }>): void {
    const waiting = this.#waiting.get(message.call);
    this.#waiting.delete(message.call);
    if ("failure" in message) waiting?.reject(errorOf(message.failure));
    else waiting?.resolve(message.value);
  }

  #end(error: Error): void {
    this.#gone ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    this.#waiting.clear();
  }
}

function errorOf(failure: FailureMessage): Error {
  const { asset, message, name, stack, systemCode } = failure;
  if (asset !== undefined) return new AssetError(asset.code, asset.status, message, asset.details);
  const error: NodeJS.ErrnoException = new Error(message);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  if (systemCode !== undefined) error.code = systemCode;
  return error;
}
