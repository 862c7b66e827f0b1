/** What the operations on Studio's jobs need from the rest of a hub. */
import type { JobStore } from "@hearth/jobs";
import type { Folders } from "@hearth/protocol";
import type { Logger } from "pino";
import type { EventLog } from "../../events/event-log.ts";
import type { Dispatcher } from "../../jobs/dispatcher.ts";
import type { QueueCount } from "../../jobs/queue-count.ts";
import type { SubmitParts } from "../../jobs/submit.ts";
import type { ProgressBook } from "../../progress/progress-book.ts";
import type { SocketHub } from "../../sockets/socket-hub.ts";
import type { RebuildJob } from "../../studio/job-details.ts";
import type { QueuePause } from "./queue-pause.ts";

export interface StudioJobParts {
  readonly store: JobStore;
  readonly submit: SubmitParts;
  readonly dispatcher: Pick<Dispatcher, "interrupt" | "kick">;
  readonly queue: QueueCount;
  readonly sockets: () => Pick<SocketHub, "broadcastStatus">;
  readonly folders: Pick<Folders, "input" | "output" | "temp">;
  readonly events: EventLog;
  readonly progress: ProgressBook;
  readonly pause: QueuePause;
  readonly rebuild: RebuildJob;
  readonly log: Logger;
  /** IANA zone of the printed times; default: Europe/Rome */
  readonly zone?: string | undefined;
}
