/** Fetching one file over HTTP: bounded, redirects followed by hand, resumed where the server can do that. */
import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import net from "node:net";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AssetError } from "../errors.ts";
import { isPublicAddress, privateAddress, publicLookup } from "./public-address.ts";

const MAX_REDIRECTS = 5;
/** Connections that break are tried again, behind what has arrived. */
const MAX_TRIES = 5;

export interface FetchOptions {
  readonly url: URL;
  /** a file to write to; it is removed by the caller */
  readonly target: string;
  readonly maxBytes: number;
  readonly allowPrivate: boolean;
  /** a server that says nothing for so long is given up, in milliseconds */
  readonly idleMs: number;
  readonly signal: AbortSignal;
  /** bytes that have arrived, and how many there will be (0: not said) */
  readonly heard: (downloaded: number, total: number) => void;
}

export interface Fetched {
  /** name that the server gave the file */
  readonly filename: string | undefined;
  readonly contentType: string | undefined;
}

/** The address as a URL that may be fetched. @throws AssetError 400 */
export function fetchableUrl(text: string, allowPrivate: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new AssetError("INVALID_URL", 400, "url must be an http or https address");
  }
  if (url.username !== "" || url.password !== "") {
    throw new AssetError("INVALID_URL", 400, "url must not carry a user name or a password");
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  // Names are looked up at the moment of connecting; a literal address never is.
  if (!allowPrivate && net.isIP(host) !== 0 && !isPublicAddress(host)) throw privateAddress(host);
  return url;
}

/** @throws AssetError, or the error of the connection */
export async function fetchFile(options: FetchOptions): Promise<Fetched> {
  let validator: string | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const have = validator === undefined ? 0 : await sizeOf(options.target);
    const response = await follow(
      options,
      have > 0 ? { range: `bytes=${have}-`, "if-range": validator } : {},
    );
    try {
      const isRest = response.statusCode === 206 && startOf(response) === have;
      if (response.statusCode !== 200 && !isRest) {
        throw new AssetError("DOWNLOAD_FAILED", 502, `the server answered ${response.statusCode}`);
      }
      validator = validatorOf(response);
      await receive(response, options, isRest ? have : 0);
      return { filename: filenameOf(response), contentType: response.headers["content-type"] };
    } catch (error) {
      if (error instanceof AssetError || options.signal.aborted) throw error;
      if (!isBroken(error) || attempt >= MAX_TRIES) throw error;
    } finally {
      response.destroy();
    }
  }
}

async function receive(response: IncomingMessage, options: FetchOptions, have: number): Promise<void> {
  const { maxBytes, heard, target, signal } = options;
  const length = Number(response.headers["content-length"] ?? 0);
  const total = length === 0 ? 0 : have + length;
  const tooLarge = (): AssetError =>
    new AssetError("TOO_LARGE", 413, `the file is larger than the limit of ${maxBytes} bytes`);
  if (total > maxBytes) throw tooLarge();
  let bytes = have;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) return done(tooLarge());
      heard(bytes, total);
      return done(null, chunk);
    },
  });
  await pipeline(response, count, createWriteStream(target, { flags: have > 0 ? "a" : "w" }), { signal });
  if (total > 0 && bytes !== total) throw new Error("the connection ended before the file did");
}

/** Asks, and follows redirects; every step is checked as the first. */
async function follow(options: FetchOptions, headers: http.OutgoingHttpHeaders): Promise<IncomingMessage> {
  let { url } = options;
  for (let step = 0; step <= MAX_REDIRECTS; step += 1) {
    const response = await ask(url, options, headers);
    const { location } = response.headers;
    const status = response.statusCode ?? 0;
    if (status < 300 || status >= 400 || location === undefined) return response;
    response.destroy();
    const next = URL.canParse(location, url.href) ? new URL(location, url).href : location;
    url = fetchableUrl(next, options.allowPrivate);
  }
  throw new AssetError("DOWNLOAD_FAILED", 502, `more than ${MAX_REDIRECTS} redirects`);
}

function ask(url: URL, options: FetchOptions, headers: http.OutgoingHttpHeaders): Promise<IncomingMessage> {
  const { allowPrivate, idleMs, signal } = options;
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? https : http).get(
      url,
      {
        headers: { "user-agent": "hearth", accept: "*/*", "accept-encoding": "identity", ...headers },
        // A pooled connection would skip the look-up.
        agent: false,
        signal,
        timeout: idleMs,
        ...(allowPrivate ? {} : { lookup: publicLookup }),
      },
      resolve,
    );
    request.on("timeout", () => request.destroy(timedOut()));
    request.on("error", reject);
  });
}

function timedOut(): Error {
  return Object.assign(new Error("the server says nothing any more"), { code: "ETIMEDOUT" });
}

function isBroken(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  const codes = ["ECONNRESET", "ETIMEDOUT", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE"];
  return (code !== undefined && codes.includes(code)) || /aborted|before the file did/.test(message);
}

function validatorOf({ headers }: IncomingMessage): string | undefined {
  const { etag } = headers;
  // A weak tag does not promise the same bytes.
  if (etag !== undefined && !etag.startsWith("W/")) return etag;
  return headers["last-modified"];
}

function startOf({ headers }: IncomingMessage): number {
  return Number(/^bytes (\d+)-/.exec(headers["content-range"] ?? "")?.[1] ?? -1);
}

function filenameOf({ headers }: IncomingMessage): string | undefined {
  const value = headers["content-disposition"] ?? "";
  const encoded = /filename\*\s*=\s*utf-8''([^;]+)/i.exec(value)?.[1];
  if (encoded !== undefined) {
    try {
      return decodeURIComponent(encoded.trim());
    } catch {
      // A name that cannot be decoded is none.
    }
  }
  const plain = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(value);
  return plain?.[1]?.replace(/\\(.)/g, "$1") ?? plain?.[2];
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}
