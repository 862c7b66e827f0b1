/** One stream of a workflow's snapshots, as server-sent events. */
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { Feed, Feeds, View } from "../../control/feeds.ts";
import type { Missed } from "../../control/replay.ts";

/** A client that takes nothing for so long is gone. */
const STALLED_MS = 60_000;

export interface StreamOptions {
  /** links in snapshots begin with it */
  readonly base: string;
  readonly intervalMs: number;
  /** updates after which the stream ends, the first included; 0: none */
  readonly maxUpdates: number;
  /** changes are sent at once, not only in turn */
  readonly push: boolean;
  /** every event says its id */
  readonly ids: boolean;
  /** states that the client missed; they come first */
  readonly missed: readonly Missed[];
}

/**
 * The payload of an answer. It writes to the response itself: the last event and the end of the answer then leave in
 * one packet, which halves the work when a workflow with many streams ends.
 */
export class WorkflowStream extends Readable {
  readonly #feeds: Feeds;
  readonly #feed: Feed;
  readonly #options: StreamOptions;
  #response: ServerResponse | undefined;
  /** what was to be sent before there was a response */
  #held = "";
  #sent = 0;
  #last = "";
  #timer: NodeJS.Timeout | undefined;
  #stopFollowing: (() => void) | undefined;
  #isSending = false;
  #again = false;
  #isOver = false;
  /** since when the client takes nothing */
  #fullSince: number | undefined;

  constructor(feeds: Feeds, promptId: string, options: StreamOptions) {
    super({ read: () => undefined });
    this.#feeds = feeds;
    this.#feed = feeds.open(promptId);
    this.#options = options;
  }

  /** Sends the first snapshot. */
  async start(): Promise<void> {
    if (this.#options.push) {
      // First follow, then look: what happens in between is looked at twice, never missed.
      const stop = await this.#feeds.follow(this.#feed, () => this.#changed());
      if (this.#isOver) return stop();
      this.#stopFollowing = stop;
    }
    for (const { seq, snapshot } of this.#options.missed) {
      this.#write(this.#event(JSON.stringify(snapshot), seq));
    }
    return this.#send(false);
  }

  /** Ends the answer; `text` is the last of it. */
  finish(text = ""): void {
    if (this.#isOver) return;
    this.#release();
    if (this.#response === undefined) this.#held += text;
    else this.#response.end(text);
    // The framework learns from the end of the payload that all is well.
    this.push(null);
    this.resume();
  }

  /** The framework's way to hand over the response. */
  override pipe<T extends NodeJS.WritableStream>(destination: T): T {
    const response = destination as unknown as ServerResponse;
    this.#response = response;
    response.on("drain", () => (this.#fullSince = undefined));
    const held = this.#held;
    this.#held = "";
    if (this.#isOver) response.end(held);
    else if (held !== "") this.#write(held);
    return destination;
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#release();
    done(error);
  }

  #changed(): void {
    if (this.#isSending) this.#again = true;
    else void this.#send(true);
  }

  /** Sends the present. `onlyNews`: unless it was sent last. */
  async #send(onlyNews: boolean): Promise<void> {
    this.#isSending = true;
    try {
      let news = onlyNews;
      do {
        this.#again = false;
        const view = await this.#feed.view(this.#options.base);
        if (this.#isOver) return;
        // Deleted: there is nothing left to tell.
        if (view === undefined) return this.finish();
        if (!news || view.text !== this.#last) this.#deliver(view);
        news = true;
      } while (this.#again && !this.#isOver);
    } catch (error) {
      this.destroy(error as Error);
    } finally {
      this.#isSending = false;
    }
  }

  #deliver(view: View): void {
    if (this.#fullSince !== undefined && !view.isLast) {
      // Each event is whole, so a slow client misses nothing by getting fewer.
      if (performance.now() - this.#fullSince > STALLED_MS) this.destroy();
      else this.#schedule();
      return;
    }
    this.#sent += 1;
    this.#last = view.text;
    const event = this.#event(view.text, view.seq);
    const { maxUpdates } = this.#options;
    if (view.isLast || (maxUpdates > 0 && this.#sent >= maxUpdates)) return this.finish(event);
    this.#write(event);
    this.#schedule();
  }

  #event(text: string, seq: number): string {
    return `${this.#options.ids ? `id: ${seq}\n` : ""}data: ${text}\n\n`;
  }

  #write(text: string): void {
    if (this.#response === undefined) this.#held += text;
    else if (!this.#response.write(text)) this.#fullSince ??= performance.now();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.#isSending) void this.#send(false);
    }, this.#options.intervalMs);
  }

  #release(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#stopFollowing?.();
    this.#feeds.leave(this.#feed);
  }
}
