/** Tells the operator before the disk is full: pictures, uploads and the database all end there. */
import { statfs } from "node:fs/promises";
import type { Logger } from "pino";
import type { Notifications } from "./notifications.ts";

const MIB = 1024 ** 2;
const CHECK_MS = 60_000;
const ID = "disk-nearly-full";

export interface DiskWatchOptions {
  readonly folder: string;
  readonly notifications: Notifications;
  readonly log: Logger;
  /** free space below this is too little, in bytes */
  readonly lowBytes: number;
  /** how often it looks, in milliseconds; default: every minute */
  readonly everyMs?: number;
}

export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly #timer: NodeJS.Timeout;

  /** Looks now, and then again and again. */
  constructor(options: DiskWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#look(), options.everyMs ?? CHECK_MS);
    void this.#look();
  }

  async #look(): Promise<void> {
    const { folder, notifications, log, lowBytes } = this.#options;
    try {
      const { bavail, bsize } = await statfs(folder);
      const free = bavail * bsize;
      if (free >= lowBytes) return notifications.clear(ID);
      const isNew = !notifications.has(ID);
      // Whole steps, so that the sentence does not change at every look.
      const shown =
        free < 100 * MIB ? "less than 100 MiB" : `about ${Math.floor(free / (100 * MIB)) * 100} MiB`;
      const text = `The disk of ${folder} is nearly full: ${shown} left.`;
      notifications.raise(ID, text);
      if (isNew) log.warn(text);
    } catch (error) {
      log.warn({ err: error }, "the free space of the disk could not be read");
    }
    return undefined;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
