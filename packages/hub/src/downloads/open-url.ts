/** Asking one address, redirects followed by hand: every step is judged as the first, and gets only its own token. */
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { fetchableUrl, publicLookup } from "../assets/tasks/public-address.ts";
import { DownloadError } from "./errors.ts";

export interface Reach {
  /** addresses of this machine and its network may be asked */
  readonly allowPrivate: boolean;
  /** a server that says nothing for so long is given up, in milliseconds */
  readonly idleMs: number;
  /** `Authorization` for an address */
  readonly authorization: (url: URL) => string | undefined;
}

const MAX_REDIRECTS = 5;

/**
 * The answer at the end of the redirects, its body not read yet.
 * @throws DownloadError, AssetError for an address that must not be asked, or the error of the connection
 */
export async function openUrl(
  url: URL,
  reach: Reach,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let at = fetchableUrl(url.href, reach.allowPrivate);
  for (let step = 0; step <= MAX_REDIRECTS; step += 1) {
    const response = await ask(at, reach, headers, signal);
    const { location } = response.headers;
    const status = response.statusCode ?? 0;
    if (status < 300 || status >= 400 || location === undefined) return response;
    response.destroy();
    if (!URL.canParse(location, at.href))
      throw new DownloadError("The server redirects to something that is no address");
    at = fetchableUrl(new URL(location, at.href).href, reach.allowPrivate);
  }
  throw new DownloadError(`The server redirects more than ${MAX_REDIRECTS} times`);
}

function ask(
  url: URL,
  { allowPrivate, idleMs, authorization }: Reach,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const secret = authorization(url);
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? https : http).get(
      url,
      {
        headers: {
          "user-agent": "hearth",
          "accept-encoding": "identity",
          ...headers,
          ...(secret === undefined ? {} : { authorization: secret }),
        },
        // A pooled connection would skip the look-up.
        agent: false,
        signal,
        timeout: idleMs,
        ...(allowPrivate ? {} : { lookup: publicLookup }),
      },
      resolve,
    );
    request.on("timeout", () =>
      request.destroy(Object.assign(new Error("the server says nothing any more"), { code: "ETIMEDOUT" })),
    );
    request.on("error", reject);
  });
}

const MAX_RETRY_AFTER_S = 3600;

/** What `Retry-After` says, in milliseconds. */
export function retryAfterMs({ headers }: IncomingMessage): number | undefined {
  const text = headers["retry-after"];
  if (text === undefined) return undefined;
  const seconds = /^\d+$/.test(text.trim()) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(MAX_RETRY_AFTER_S, Math.max(0, seconds)) * 1000 : undefined;
}
