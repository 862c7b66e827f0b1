/** What the hub found at its start: jobs that were active when the last one stopped, and that nobody has any more. */
import type { JobStore } from "@hearth/jobs";
import type { JobWatcher } from "../jobs/watcher.ts";
import type { EventLog } from "./event-log.ts";

/** Jobs that stall one after the other within this time are told in one event. */
const GATHER_MS = 250;

/**
 * The policy `stall`: all that waited or ran when the last hub stopped is stalled, as the seed has it. To be called
 * before the dispatcher recovers anything; gives how many there were.
 */
export async function stallAtStartup(store: JobStore, events: EventLog): Promise<number> {
  const stalled = await store.stallAll();
  if (stalled > 0) await events.emit("system.startup", { stalled });
  return stalled;
}

/** Watches the jobs of the last hub: says how many of them are lost, once that is known. */
export class StartupFindings implements JobWatcher {
  readonly #events: Pick<EventLog, "emit">;
  readonly #open = new Set<string>();
  #stalled = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(events: Pick<EventLog, "emit">) {
    this.#events = events;
  }

  pickedUp: NonNullable<JobWatcher["pickedUp"]> = (job) => {
    this.#open.add(job.ref.jobId);
  };

  ended: NonNullable<JobWatcher["ended"]> = (job, finish) => {
    if (!this.#open.delete(job.ref.jobId) || finish.state !== "stalled") return;
    this.#stalled += 1;
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      const stalled = this.#stalled;
      this.#stalled = 0;
      this.#timer = undefined;
      void this.#events.emit("system.startup", { stalled });
    }, GATHER_MS);
  };
}
