/** Fetching what is missing of a file: behind what an earlier try left, where the server can do that. */
import { createWriteStream } from "node:fs";
import { rm, stat, statfs } from "node:fs/promises";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import path from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";
import { asDownloadError, DownloadError } from "./errors.ts";
import { openUrl, type Reach, retryAfterMs } from "./open-url.ts";

export interface RestOptions {
  readonly url: URL;
  readonly reach: Reach;
  /** the file in the making; what it holds already is the file's beginning */
  readonly partial: string;
  /** says which state of the file the beginning is of (an `ETag` or a date) */
  readonly validator: string | undefined;
  /** a hash is checked afterwards, so that a beginning without validator may be used too */
  readonly isChecked: boolean;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** a web page is the file that was asked for, and not the answer of a host that wants something first */
  readonly isPageFine?: boolean;
  /** what a host that refuses wants to see, for the error's text */
  readonly tokenVariable: string | undefined;
  /** called before the first byte of each try is written */
  readonly begun: (answer: {
    validator: string | undefined;
    total: number;
    headers: IncomingHttpHeaders;
  }) => Promise<void>;
  /** bytes that are there, and how many there will be (0: not said) */
  readonly heard: (downloaded: number, total: number) => void;
  /** pause before a second try; doubles with each */
  readonly retryMs: number;
}

/** Tries in a row that bring nothing. */
const MAX_TRIES = 5;
const MAX_PAUSE_MS = 60_000;

/** Fetches until the file is whole. @throws DownloadError; when `signal` is aborted, its error */
export async function fetchRest(options: RestOptions): Promise<void> {
  const { partial, signal, retryMs } = options;
  let { validator } = options;
  for (let tries = 1; ; tries += 1) {
    const before = await sizeOf(partial);
    try {
      await attempt(options, before, validator, (now) => (validator = now));
      return;
    } catch (error) {
      signal.throwIfAborted();
      const problem = asDownloadError(error);
      if ((await sizeOf(partial)) > before) tries = 1;
      if (!problem.isPassing || tries >= MAX_TRIES) throw problem;
      const pause = Math.max(problem.retryAfterMs ?? 0, Math.min(MAX_PAUSE_MS, retryMs * 2 ** (tries - 1)));
      await wait(pause, undefined, { signal });
    }
  }
}

async function attempt(
  options: RestOptions,
  have: number,
  validator: string | undefined,
  seen: (validator: string | undefined) => void,
): Promise<void> {
  const { url, reach, partial, isChecked, signal } = options;
  const isRest = have > 0 && (validator !== undefined || isChecked);
  const range: Record<string, string> = isRest ? { range: `bytes=${have}-` } : {};
  if (isRest && validator !== undefined) range["if-range"] = validator;
  const response = await openUrl(url, reach, { accept: "*/*", ...range }, signal);
  try {
    const start = startOf(response, isRest, have, options);
    if (start === "whole") return;
    if (start === "again") {
      await rm(partial, { force: true });
      seen(undefined);
      throw new DownloadError("The server has another file by now", { isPassing: true });
    }
    const length = Number(response.headers["content-length"] ?? 0);
    const total = length === 0 ? 0 : start + length;
    await checkSpace(options, total, start);
    // Before the new validator is kept: it must never stand beside the beginning of another file.
    if (start === 0) await rm(partial, { force: true });
    const now = validatorOf(response);
    seen(now);
    await options.begun({ validator: now, total, headers: response.headers });
    await receive(response, options, start, total);
  } finally {
    response.destroy();
  }
}

/** Where the body begins; `whole`: nothing is missing; `again`: what is there is no beginning of this file. */
function startOf(
  response: IncomingMessage,
  isRest: boolean,
  have: number,
  { tokenVariable, isPageFine = false }: RestOptions,
): number | "whole" | "again" {
  const status = response.statusCode ?? 0;
  const range = response.headers["content-range"] ?? "";
  if (status === 416 && isRest)
    return Number(/^bytes \*\/(\d+)$/.exec(range)?.[1]) === have ? "whole" : "again";
  if (status === 206 && isRest)
    return Number(/^bytes (\d+)-/.exec(range)?.[1] ?? -1) === have ? have : "again";
  if (status === 401 || status === 403) {
    const hint = tokenVariable === undefined ? "" : `; it may want a token: set ${tokenVariable}`;
    throw new DownloadError(`The server refuses the file (${status})${hint}`);
  }
  if (status !== 200) {
    const isPassing = status === 429 || status === 408 || status >= 500;
    throw new DownloadError(`The server answered ${status}`, {
      isPassing,
      retryAfterMs: retryAfterMs(response),
    });
  }
  if (!isPageFine && /^text\/html\b/i.test(response.headers["content-type"] ?? "")) {
    throw new DownloadError(
      "The server sent a web page instead of the file: it may want a token, or the address is wrong",
    );
  }
  return 0;
}

async function checkSpace({ partial, maxBytes }: RestOptions, total: number, have: number): Promise<void> {
  if (total > maxBytes) throw new DownloadError(`The file is larger than the limit of ${maxBytes} bytes`);
  const { bavail, bsize } = await statfs(path.dirname(partial));
  const missing = total - have;
  if (missing > bavail * bsize) {
    throw new DownloadError(
      `There is no space for the file: ${missing} bytes are missing, ${bavail * bsize} are free`,
    );
  }
}

async function receive(
  response: IncomingMessage,
  { partial, maxBytes, heard, signal }: RestOptions,
  have: number,
  total: number,
): Promise<void> {
  let bytes = have;
  heard(bytes, total);
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes)
        return done(new DownloadError(`The file is larger than the limit of ${maxBytes} bytes`));
      heard(bytes, total);
      return done(null, chunk);
    },
  });
  const file = createWriteStream(partial, { flags: have > 0 ? "a" : "w", flush: true });
  await pipeline(response, count, file, { signal });
  if (total > 0 && bytes !== total) throw new Error("the connection ended before the file did");
}

function validatorOf({ headers }: IncomingMessage): string | undefined {
  const { etag } = headers;
  // A weak tag does not promise the same bytes.
  if (etag !== undefined && !etag.startsWith("W/")) return etag;
  return headers["last-modified"];
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}
