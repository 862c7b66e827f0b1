/** Fetching a picture that a person sent to the bot, bounded. */
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { PictureFile } from "./parts.ts";

/** The Bot API gives out no larger files. */
const MAX_BYTES = 20 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

/**
 * Downloads a file of the Bot API into `directory`.
 * @param address of the file; it holds the token and is in no error
 * @throws Error with a sentence for the person
 */
export async function fetchPicture(address: string, directory: string, ending: string): Promise<PictureFile> {
  await mkdir(directory, { recursive: true });
  const filename = `telegram-${randomUUID()}${ending}`;
  const file = path.join(directory, filename);
  let bytes = 0;
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > MAX_BYTES ? new Error("too large") : null, chunk);
    },
  });
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok || answer.body === null) throw new Error(`Telegram answered ${answer.status}`);
    await pipeline(Readable.fromWeb(answer.body as never), bounded, createWriteStream(file, { flags: "wx" }));
    return { path: file, filename };
  } catch (error) {
    await rm(file, { force: true });
    const isTooLarge = bytes > MAX_BYTES;
    // The message goes to the person, so it must not tell the address, which holds the token.
    throw new Error(isTooLarge ? "The picture is larger than 20 MB." : "The picture could not be fetched.", {
      cause: error,
    });
  }
}
