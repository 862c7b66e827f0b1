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
import type { ApiKeys } from "../auth/api-keys.ts";
import { type Identity, MASTER, NOBODY } from "../auth/identity.ts";
import { LiveConnections } from "../auth/live-connections.ts";
import { Sessions } from "../auth/sessions.ts";
import { Throttle } from "../auth/throttle.ts";
import { isHttps, isLoopbackAddress, isLoopbackHost, splitHost } from "./host.ts";
import type { HttpOptions } from "./options.ts";
import { sameHost } from "./origin.ts";

/** Marks of a proxy: the request came from elsewhere although its connection did not. */
const FORWARDED = ["forwarded", "x-forwarded-for", "x-real-ip"];

/** Who proved to be somebody: by a key, or by a session that began with one. */
export interface Proof {
  readonly identity: Identity;
  /** a session whose cookie wants to be renewed */
  readonly isOldSession: boolean;
}

/** Nobody proved anything; above 0: too many wrong keys came, and the next is looked at after this time. */
export interface Refusal {
  readonly waitSeconds: number;
}

/** Named keys, where there are any. */
export type NamedKeys = Pick<ApiKeys, "find" | "byId"> & Partial<Pick<ApiKeys, "onRevoked">>;

export class Access {
  readonly #options: Pick<HttpOptions, "auth" | "corsOrigin">;
  readonly #sessions: Sessions;
  readonly #throttle = new Throttle();
  readonly #live = new LiveConnections();
  #key: Buffer | undefined;
  #named: NamedKeys | undefined;

  constructor(options: Pick<HttpOptions, "auth" | "corsOrigin">) {
    this.#options = options;
    this.#sessions = new Sessions(options.auth.sessionSecret);
    this.setKey(options.auth.key);
  }

  /** Changes the server's own key, from the next request on. Sessions stay. */
  setKey(key: string | undefined): void {
    this.#key = key === undefined || key === "" ? undefined : digest(key);
  }

  useNamedKeys(named: NamedKeys): void {
    this.#named = named;
    named.onRevoked?.((id) => this.#live.end(id));
  }

  /**
   * Calls `end` once, when the key of `identity` is revoked: of a socket or stream that it opened. Gives the function that
   * forgets it, for when the connection ends by itself.
   */
  whileKeyHolds({ keyId }: Pick<Identity, "keyId">, end: () => void): () => void {
    if (keyId === undefined) return () => undefined;
    const forget = this.#live.add(keyId, end);
    // Revoked since the request was judged.
    if (this.#named?.byId(keyId) === undefined) this.#live.end(keyId);
    return forget;
  }

  /** Judges a request or an upgrade of the ComfyUI contract, which is open to this machine. */
  judge(request: IncomingMessage): Proof | Refusal {
    const isOpen = this.#options.auth.allowAnonymous || this.isLocal(request);
    if (!isOpen) return this.identify(request);
    const identity = this.#knownBy(presented(request)) ?? NOBODY;
    return { identity, isOldSession: false };
  }

  /** Who makes a request, wherever it comes from: the key that it shows counts before its session. */
  identify(request: IncomingMessage): Proof | Refusal {
    const keys = [...presented(request)];
    const shown = keys.length === 0 ? { waitSeconds: 0 } : this.tryKey(keys, request);
    if ("identity" in shown) return shown;
    const session = this.#sessions.read(request.headers.cookie);
    if (session === undefined) return shown;
    // A key that was revoked takes its sessions with it.
    const identity = session.keyId === undefined ? MASTER : this.#named?.byId(session.keyId);
    return identity === undefined ? shown : { identity, isOldSession: session.isOld };
  }

  /** Tries keys; wrong ones count against the address that they come from. */
  tryKey(keys: readonly string[], request: IncomingMessage): Proof | Refusal {
    const address = request.socket.remoteAddress ?? "";
    const waitSeconds = this.#throttle.waitSeconds(address);
    if (waitSeconds > 0) return { waitSeconds };
    const identity = this.#knownBy(keys);
    if (identity === undefined) {
      this.#throttle.failed(address);
      return { waitSeconds: this.#throttle.waitSeconds(address) };
    }
    this.#throttle.passed(address);
    return { identity, isOldSession: false };
  }

  /** A `Set-Cookie` header that begins or lengthens a session. */
  sessionCookie(identity: Identity, request: IncomingMessage): string {
    return this.#sessions.cookie(isHttps(request), identity.keyId);
  }

  /** A `Set-Cookie` header that ends a session. */
  endCookie(request: IncomingMessage): string {
    return this.#sessions.endCookie(isHttps(request));
  }

  #knownBy(keys: Iterable<string>): Identity | undefined {
    for (const given of keys) {
      // Digests have one length, so the comparison takes the same time whatever is shown.
      if (this.#key !== undefined && timingSafeEqual(digest(given), this.#key)) return MASTER;
      const named = this.#named?.find(given);
      if (named !== undefined) return named;
    }
    return undefined;
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
