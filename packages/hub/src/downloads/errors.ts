/** Why a download failed, in words that a person can be shown: no paths of this machine, no secrets. */
import { OutsideError } from "@hearth/protocol";
import { AssetError } from "../assets/errors.ts";

export class DownloadError extends Error {
  /** trying again later may help */
  readonly isPassing: boolean;
  /** how long the server wants to be left alone, in milliseconds */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { isPassing?: boolean; retryAfterMs?: number | undefined } = {}) {
    super(message);
    this.name = "DownloadError";
    this.isPassing = options.isPassing ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Errors of a connection that breaks, and of servers that are away for a while. */
const PASSING = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ETIMEDOUT",
  "EPIPE",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ERR_STREAM_PREMATURE_CLOSE",
]);

/** Any error as one of ours. */
export function asDownloadError(error: unknown): DownloadError {
  if (error instanceof DownloadError) return error;
  // Addresses are judged by the asset system, whose messages are made to be shown.
  if (error instanceof AssetError) return new DownloadError(error.message);
  if (error instanceof OutsideError) return new DownloadError("Its name leads out of the folder of its type");
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") return new DownloadError("There is no space left on the disk");
  if (code === "ENOTFOUND") return new DownloadError("The server's name is unknown");
  if (code !== undefined && PASSING.has(code)) {
    return new DownloadError(`The connection broke: ${code}`, { isPassing: true });
  }
  if (code === undefined && /aborted|before the file did/.test(message)) {
    return new DownloadError("The connection ended before the file did", { isPassing: true });
  }
  return new DownloadError(code === undefined ? "The download broke off" : `The download failed: ${code}`);
}
