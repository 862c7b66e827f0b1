/**
 * What streams read: one feed per watched workflow, shared by all its streams. The database is read at most once per
 * change, however many look.
 */
import type { JobEvent, JobRecord, JobStore } from "@hearth/jobs";
import type { Logger } from "pino";
import { type EventFollower, promptIdOf } from "./event-follower.ts";
import type { QueuePlaces } from "./places.ts";
import type { SignedUrls } from "./signing.ts";
import { type Snapshot, snapshotOf } from "./snapshot.ts";
import { isTerminal } from "./status.ts";

export interface FeedParts {
  readonly store: JobStore;
  readonly places: QueuePlaces;
  readonly urls: SignedUrls;
  readonly follower: EventFollower;
  readonly log: Logger;
}

/** A workflow at one moment. */
export interface View {
  readonly snapshot: Snapshot;
  /** the snapshot as compact JSON */
  readonly text: string;
  /** nothing changes any more */
  readonly isLast: boolean;
  /** sequence number of an event that the snapshot surely knows of */
  readonly seq: number;
}

export class Feed {
  readonly promptId: string;
  readonly #parts: FeedParts;
  #record: JobRecord | undefined;
  #version = -1;
  #seq = 0;
  #reading: Promise<void> | undefined;
  /** views by the base of their links, of the second `#second` */
  readonly #views = new Map<string, View>();
  #second = 0;
  /** called when something may have changed */
  readonly listeners = new Set<() => void>();
  /** how many streams look */
  users = 0;

  constructor(promptId: string, parts: FeedParts) {
    this.promptId = promptId;
    this.#parts = parts;
  }

  get waits(): boolean {
    return this.#record?.state === "queued";
  }

  /** The workflow now, with links that begin with `base`; `undefined` when it is deleted. */
  async view(base: string): Promise<View | undefined> {
    const { store, places, urls } = this.#parts;
    // A read that began before the change does not count.
    for (const wanted = store.version; this.#version < wanted;) {
      this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
      await this.#reading;
    }
    const record = this.#record;
    if (record === undefined) return undefined;
    const place = record.state === "queued" ? (await places.current()).get(record.id) : undefined;
    // Links are signed anew for every snapshot; those of one second are the same.
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) this.#views.clear();
    this.#second = second;
    const known = this.#views.get(base);
    if (known !== undefined && known.snapshot.queue_number === (place ?? known.snapshot.queue_number)) {
      return known;
    }
    const snapshot = snapshotOf(record, place, (output) => urls.sign(base, this.promptId, output));
    const view = {
      snapshot,
      text: JSON.stringify(snapshot),
      isLast: isTerminal(record.state),
      seq: this.#seq,
    };
    this.#views.set(base, view);
    return view;
  }

  async #read(): Promise<void> {
    const { store } = this.#parts;
    const { version } = store;
    // First the events, then the record: it knows of all of them.
    const [newest] = await store.latestEvents({ limit: 1 });
    const record = await store.recordByPromptId(this.promptId);
    this.#seq = newest?.seq ?? 0;
    this.#views.clear();
    this.#record = record;
    this.#version = version;
  }
}

export class Feeds {
  readonly #parts: FeedParts;
  readonly #feeds = new Map<string, Feed>();
  #following: Promise<() => void> | undefined;
  #followers = 0;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** How many workflows are watched. */
  get size(): number {
    return this.#feeds.size;
  }

  /** The feed of a workflow. Whoever opens it leaves it again. */
  open(promptId: string): Feed {
    let feed = this.#feeds.get(promptId);
    if (feed === undefined) {
      feed = new Feed(promptId, this.#parts);
      this.#feeds.set(promptId, feed);
    }
    feed.users += 1;
    return feed;
  }

  leave(feed: Feed): void {
    feed.users -= 1;
    if (feed.users === 0) this.#feeds.delete(feed.promptId);
  }

  /** Calls `listener` whenever the workflow may have changed, from now on. Gives the function that ends this. */
  async follow(feed: Feed, listener: () => void): Promise<() => void> {
    feed.listeners.add(listener);
    this.#followers += 1;
    this.#following ??= this.#parts.follower.follow((events) => this.#tell(events));
    await this.#following;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      feed.listeners.delete(listener);
      this.#followers -= 1;
      if (this.#followers > 0) return;
      void this.#following?.then((end) => end());
      this.#following = undefined;
    };
  }

  /** Waits until the workflow changes no more, at most `milliseconds`, or until `signal` says so. */
  async untilEnd(promptId: string, milliseconds: number, signal: AbortSignal): Promise<void> {
    const feed = this.open(promptId);
    const over = Promise.withResolvers<void>();
    const look = async (): Promise<void> => {
      const view = await feed.view("");
      if (view === undefined || view.isLast) over.resolve();
    };
    const check = (): void => {
      look().catch(over.reject);
    };
    const stop = await this.follow(feed, check);
    const timer = setTimeout(over.resolve, milliseconds);
    signal.addEventListener("abort", () => over.resolve(), { once: true });
    try {
      if (signal.aborted) return;
      check();
      await over.promise;
    } finally {
      clearTimeout(timer);
      stop();
      this.leave(feed);
    }
  }

  #tell(events: readonly JobEvent[]): void {
    const changed = new Set(events.map(promptIdOf).filter((id) => id !== undefined));
    if (changed.size === 0) return;
    for (const feed of this.#feeds.values()) {
      // Whatever happens to another job may move those that wait.
      if (!changed.has(feed.promptId) && !feed.waits) continue;
      for (const listener of feed.listeners) listener();
    }
  }
}
