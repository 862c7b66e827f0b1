/**
 * Who may use the ComfyUI contract: everybody on this machine, as with ComfyUI; from elsewhere, who shows the key
 * (`X-API-Key`, Bearer, Basic as password, or, where no body goes in, `?token=`) or has signed in with it.
 *
 * DNS rebinding: a page of `evil.example` whose name was made to resolve to 127.0.0.1 reaches this machine over
 * loopback, same-origin in the browser's eyes. Its requests carry that name as `Host`. So a request counts as local
 * only when its `Host` is a name that nobody else can own.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import net from "node:net";
import os from "node:os";
import { Sessions } from "../auth/sessions.ts";
import { Throttle } from "../auth/throttle.ts";
import { isLoopbackAddress, isLoopbackHost, splitHost } from "./host.ts";
import type { HttpOptions } from "./options.ts";
import { sameHost } from "./origin.ts";

/** Marks of a proxy: the request came from elsewhere although its connection did not. */
const FORWARDED = ["forwarded", "x-forwarded-for", "x-real-ip"];

/** Why a request may pass, or why not. */
export type Verdict =
  | { readonly may: true; readonly by: "open" | "key" }
  /** `isOld`: the session's cookie wants to be renewed */
  | { readonly may: true; readonly by: "session"; readonly isOld: boolean }
  /** `waitSeconds`: above 0 after too many wrong keys */
  | { readonly may: false; readonly waitSeconds: number };

export class Access {
  readonly sessions: Sessions;
  readonly #options: Pick<HttpOptions, "auth" | "corsOrigin">;
  readonly #key: Buffer | undefined;
  readonly #throttle = new Throttle();

  constructor(options: Pick<HttpOptions, "auth" | "corsOrigin">) {
    this.#options = options;
    this.sessions = new Sessions(options.auth.sessionSecret);
    const { key } = options.auth;
    this.#key = key === undefined || key === "" ? undefined : digest(key);
  }

  /** Judges a request or an upgrade by what it shows and where it comes from. */
  judge(request: IncomingMessage): Verdict {
    if (this.#options.auth.allowAnonymous || this.isLocal(request)) return { may: true, by: "open" };
    const keys = [...presented(request)];
    const shown = keys.length === 0 ? undefined : this.tryKey(keys, request);
    if (shown === true) return { may: true, by: "key" };
    const session = this.sessions.read(request.headers.cookie);
    if (session !== undefined) return { may: true, by: "session", ...session };
    return { may: false, waitSeconds: shown ?? 0 };
  }

  mayPass(request: IncomingMessage): boolean {
    return this.judge(request).may;
  }

  /** True when one of `keys` is the key; else how many seconds the sender has to wait before it may try another. */
  tryKey(keys: readonly string[], request: IncomingMessage): true | number {
    const address = request.socket.remoteAddress ?? "";
    const wait = this.#throttle.waitSeconds(address);
    if (wait > 0) return wait;
    const key = this.#key;
    // Digests have one length, so the comparison takes the same time whatever is shown.
    if (key !== undefined && keys.some((given) => timingSafeEqual(digest(given), key))) {
      this.#throttle.passed(address);
      return true;
    }
    this.#throttle.failed(address);
    return this.#throttle.waitSeconds(address);
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
