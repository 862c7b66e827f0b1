/** The thread that hashes model files. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { answerCalls } from "../assets/threads/answer-calls.ts";

const CHUNK = 1024 * 1024;

/** What became of it; `problem`: the code of the system's error. */
export type HashResult = { readonly sha256: string } | { readonly problem: string };

/** SHA-256 of a file, in constant memory. */
async function sha256(file: string): Promise<HashResult> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(file, { highWaterMark: CHUNK }), hash);
    return { sha256: hash.digest("hex") };
  } catch (error) {
    return { problem: (error as NodeJS.ErrnoException).code ?? (error as Error).message };
  }
}

answerCalls({ sha256, close: () => undefined });
