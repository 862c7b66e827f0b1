/**
 * Who may use the ComfyUI contract: everybody on this machine, as with ComfyUI; from elsewhere, who shows the key.
 *
 * DNS rebinding: a page of `evil.example` whose name was made to resolve to 127.0.0.1 reaches this machine over
 * loopback, same-origin in the browser's eyes. Its requests carry that name as `Host`. So a request counts as local
 * only when its `Host` is a name that nobody else can own.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import net from "node:net";
import os from "node:os";
import { isLoopbackAddress, isLoopbackHost, splitHost } from "./host.ts";
import type { HttpOptions } from "./options.ts";
import { sameHost } from "./origin.ts";

/** Marks of a proxy: the request came from elsewhere although its connection did not. */
const FORWARDED = ["forwarded", "x-forwarded-for", "x-real-ip"];

export class Access {
  readonly #options: Pick<HttpOptions, "auth" | "corsOrigin">;
  readonly #key: Buffer | undefined;

  constructor(options: Pick<HttpOptions, "auth" | "corsOrigin">) {
    this.#options = options;
    const { key } = options.auth;
    this.#key = key === undefined || key === "" ? undefined : digest(key);
  }

  /** True when the request needs no key, or shows it. Works for upgrades too. */
  mayPass(request: IncomingMessage): boolean {
    if (this.#options.auth.allowAnonymous || this.isLocal(request)) return true;
    return this.showsKey(request);
  }

  /** True when `X-API-Key`, Bearer, Basic (as password), or, where no body goes in, `?token=` is the key. */
  showsKey(request: IncomingMessage): boolean {
    const key = this.#key;
    if (key === undefined) return false;
    // Digests have one length, so the comparison takes the same time whatever is shown.
    return [...presented(request)].some((given) => timingSafeEqual(digest(given), key));
  }

  /** True when a program or page of this machine asks. */
  isLocal(request: IncomingMessage): boolean {
    const { remoteAddress, localAddress } = request.socket;
    if (remoteAddress === undefined || !isLoopbackAddress(remoteAddress)) return false;
    if (localAddress !== undefined && !isLoopbackAddress(localAddress)) return false;
    if (FORWARDED.some((name) => request.headers[name] !== undefined)) return false;
    return this.#hostIsOurs(request);
  }

  #hostIsOurs(request: IncomingMessage): boolean {
    const { host, origin } = request.headers;
    if (host === undefined || host.trim() === "") return true;
    const { hostname } = splitHost(host.toLowerCase());
    // A literal address cannot be rebound.
    if (net.isIP(hostname) !== 0 || isLoopbackHost(hostname) || hostname === os.hostname().toLowerCase())
      return true;
    // A plain GET from another origin does no harm: without CORS headers the browser keeps the answer from the page.
    const readsOnly =
      (request.method === "GET" || request.method === "HEAD") && request.headers.upgrade === undefined;
    return (
      readsOnly && this.#options.corsOrigin === undefined && origin !== undefined && !sameHost(origin, host)
    );
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function* presented(request: IncomingMessage): Generator<string> {
  const header = request.headers["x-api-key"];
  if (typeof header === "string") yield header;
  const [scheme = "", value = ""] = (request.headers.authorization ?? "").split(/ +(.*)/s);
  if (scheme.toLowerCase() === "bearer") yield value.trim();
  if (scheme.toLowerCase() === "basic") {
    const pair = Buffer.from(value, "base64").toString("utf8");
    yield pair.slice(pair.indexOf(":") + 1);
  }
  if (request.method === "GET" || request.method === "HEAD") {
    const query = /\?(.*)$/.exec(request.url ?? "")?.[1];
    const token = query === undefined ? null : new URLSearchParams(query).get("token");
    if (token !== null) yield token;
  }
}
