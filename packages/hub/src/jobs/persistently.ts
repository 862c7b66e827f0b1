/** Writing what must not be lost: a disk that is full for a while, or a locked database, is waited for. */
import type { Logger } from "pino";

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 5_000;

export interface Persistence {
  readonly log: Pick<Logger, "error">;
  readonly isStopped: () => boolean;
  /** whose end, for the log */
  readonly promptId: string;
}

/** Tries until it is written; `undefined`: the hub stopped meanwhile, and the next one finds it as it was before. */
export async function persistently<T>(
  write: () => Promise<T>,
  { log, isStopped, promptId }: Persistence,
): Promise<T | undefined> {
  for (let delay = FIRST_DELAY_MS; ; delay = Math.min(delay * 2, LONGEST_DELAY_MS)) {
    try {
      return await write();
    } catch (error) {
      if (isStopped()) return undefined;
      log.error({ err: error, job: promptId }, "the end of a job could not be written; trying again");
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
}
