/** The hub's end of one worker's link. */
import type {
  AttemptRef,
  HeldAttempt,
  HubToWorker,
  JsonObject,
  ValidatorOutcome,
  WorkerEngineKind,
  WorkerStats,
  WorkerToHub,
} from "@hearth/protocol";
import { printJson } from "@hearth/protocol";
import type { WebSocket } from "ws";

/** Nobody waits longer for a class's own validator; the job is accepted then and the engine has the last word. */
const VALIDATE_MS = 5_000;

/** How a worker introduces itself. */
export type Hello = Omit<Extract<WorkerToHub, { type: "hello" }>, "type" | "version" | "token">;

export class WorkerLink {
  /** of the worker's process */
  readonly workerId: string;
  /** of the worker, whichever process it is */
  readonly name: string;
  readonly pid: number;
  readonly engine: WorkerEngineKind;
  readonly concurrency: number;
  readonly tags: readonly string[];
  readonly files: "shared" | "link";
  readonly address: string | undefined;
  readonly settings: string;
  readonly held: readonly HeldAttempt[];
  /** it dialled from elsewhere: its process id says nothing here */
  readonly isRemote: boolean;
  /** it said goodbye: its process ends because somebody wants that */
  hasLeft = false;
  stats: WorkerStats | undefined;
  /** when the worker was last heard, in milliseconds of `performance.now()` */
  heardAt = performance.now();
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (outcome: ValidatorOutcome | undefined) => void>();
  #requests = 0;

  constructor(socket: WebSocket, hello: Hello, isRemote = false) {
    this.#socket = socket;
    this.workerId = hello.workerId;
    this.name = hello.name;
    this.pid = hello.pid;
    this.engine = hello.engine;
    this.concurrency = hello.concurrency;
    this.tags = hello.tags;
    this.files = hello.files;
    this.address = hello.address;
    this.settings = hello.settings;
    this.held = hello.held;
    this.isRemote = isRemote;
  }

  send(message: HubToWorker): void {
    this.#socket.send(printJson(message, "compact"));
  }

  interrupt(ref: AttemptRef): void {
    this.send({ type: "interrupt", jobId: ref.jobId, promptId: ref.promptId, attempt: ref.attempt });
  }

  /** Asks the class's own code. `undefined` when it does not answer in time. */
  validate(className: string, given: JsonObject): Promise<ValidatorOutcome | undefined> {
    this.#requests += 1;
    const request = this.#requests;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.answered(request, undefined), VALIDATE_MS);
      this.#waiting.set(request, (outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      });
      this.send({ type: "validate", request, className, arguments: printJson(given, "compact") });
    });
  }

  answered(request: number, outcome: ValidatorOutcome | undefined): void {
    const resolve = this.#waiting.get(request);
    this.#waiting.delete(request);
    resolve?.(outcome);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** The connection is gone: nobody waits for it any more. */
  lost(): void {
    for (const request of [...this.#waiting.keys()]) this.answered(request, undefined);
  }
}
