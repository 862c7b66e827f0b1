/** Places in the queue, found for everybody at once: the running jobs are first, the next is behind them. */
import type { JobStore } from "@hearth/jobs";

/** Finding the places of a long queue takes at most one part in so many of the hub's time. */
const SHARE = 10;

export class QueuePlaces {
  readonly #store: JobStore;
  #version = -1;
  #places: ReadonlyMap<string, number> = new Map();
  #finding: Promise<void> | undefined;
  #notBefore = 0;

  constructor(store: JobStore) {
    this.#store = store;
  }

  /** Place by job id, counted from 1; running jobs are all at 1. */
  async current(): Promise<ReadonlyMap<string, number>> {
    // A search that began before the change does not count.
    const wanted = this.#store.version;
    while (this.#version < wanted && performance.now() >= this.#notBefore) {
      this.#finding ??= this.#find().finally(() => (this.#finding = undefined));
      await this.#finding;
    }
    return this.#places;
  }

  async #find(): Promise<void> {
    const version = this.#store.version;
    const began = performance.now();
    const { jobs } = await this.#store.listRecords({ states: ["running", "queued"], order: "queue" });
    this.#places = new Map(jobs.map((job, index) => [job.id, job.state === "running" ? 1 : index + 1]));
    this.#version = version;
    const took = performance.now() - began;
    // A short queue is found again at every change.
    this.#notBefore = took < 2 ? 0 : began + took * SHARE;
  }
}
