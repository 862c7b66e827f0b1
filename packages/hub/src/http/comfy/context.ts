/** What the routes of the ComfyUI contract share. */
import type { JobStore } from "@hearth/jobs";
import type { Dispatcher } from "../../jobs/dispatcher.ts";
import type { QueueCount } from "../../jobs/queue-count.ts";
import type { SubmitParts } from "../../jobs/submit.ts";
import type { WorkerLink } from "../../link/worker-link.ts";
import type { SocketHub } from "../../sockets/socket-hub.ts";

export interface ComfyContext {
  readonly store: JobStore;
  readonly queue: QueueCount;
  readonly dispatcher: Dispatcher;
  readonly submit: SubmitParts;
  readonly sockets: () => SocketHub;
  readonly workers: () => Iterable<WorkerLink>;
}
