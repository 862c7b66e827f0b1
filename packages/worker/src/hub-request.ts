/** How a worker reaches its hub: over the Unix socket of this machine, or at a URL with a token. */
import http from "node:http";
import https from "node:https";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Where the hub is; a URL is http, https, ws or wss, and may have a path before `/link`. */
export type HubTarget = { readonly socket: string } | { readonly url: string; readonly token: string };

/** A hub that accepts but does not answer counts as away. */
export const HANDSHAKE_MS = 5_000;
/** An answer that stands still for so long will not go on. */
const IDLE_MS = 30_000;

/** The URL of a path of the hub, for a WebSocket. @throws Error that names what is wrong with the address */
export function hubSocketUrl(target: HubTarget, path: string): string {
  if ("socket" in target) return `ws+unix:${target.socket}:${path}`;
  const { isTls, host, prefix } = partsOf(target.url);
  return `${isTls ? "wss" : "ws"}://${host}${prefix}${path}`;
}

/** What a request to the hub carries to be let in. */
export function hubHeaders(target: HubTarget): Record<string, string> {
  return "socket" in target ? {} : { authorization: `Bearer ${target.token}` };
}

/** The hub's address as others may see it. @throws Error that names what is wrong with it */
export function shownHub(target: HubTarget): string {
  if ("socket" in target) return target.socket;
  const { isTls, host, prefix } = partsOf(target.url);
  return `${isTls ? "https" : "http"}://${host}${prefix}`;
}

interface HubParts {
  readonly isTls: boolean;
  /** with the port, where it is not the usual one */
  readonly host: string;
  readonly hostname: string;
  readonly port: number;
  /** begins with a slash and ends without one, or is empty */
  readonly prefix: string;
}

function partsOf(text: string): HubParts {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error(`"${text}" is no URL of a hub; one looks like https://hub.example:8188`);
  }
  const protocol = url.protocol.replace(/^ws/, "http");
  const isTls = protocol === "https:";
  if (!isTls && protocol !== "http:") {
    throw new Error(`"${text}" is no URL of a hub: it begins with none of http://, https://, ws://, wss://`);
  }
  return {
    isTls,
    host: url.host,
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (isTls ? 443 : 80) : Number(url.port),
    prefix: url.pathname.replace(/\/+$/, ""),
  };
}

export interface HubRequest {
  readonly method: "GET" | "HEAD" | "PUT";
  /** from `/link` on, encoded */
  readonly path: string;
  readonly token: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Readable;
  readonly signal?: AbortSignal;
}

/**
 * Asks the hub over HTTP. Resolves with the head of the answer, whose body is to be read or dropped; a body is sent as
 * it comes. @throws when there is no connection, or it stands still
 */
export async function hubRequest(target: HubTarget, request: HubRequest): Promise<http.IncomingMessage> {
  const { method, path, body, signal } = request;
  const options: http.RequestOptions = {
    method,
    headers: { authorization: `Bearer ${request.token}`, ...request.headers },
    timeout: IDLE_MS,
    ...(signal === undefined ? {} : { signal }),
  };
  const sent = start(target, path, options);
  sent.on("timeout", () => sent.destroy(new Error(`the hub at ${shownHub(target)} stands still`)));
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve);
    // Stays: the connection may break after the answer began.
    sent.on("error", reject);
  });
  // A refusal may come before the body is sent; the connection then breaks under it.
  if (body === undefined) sent.end();
  else pipeline(body, sent).catch((error: Error) => sent.destroy(error));
  return answered;
}

function start(target: HubTarget, path: string, options: http.RequestOptions): http.ClientRequest {
  if ("socket" in target) return http.request({ ...options, socketPath: target.socket, path });
  const { isTls, hostname, port, prefix } = partsOf(target.url);
  const send = isTls ? https.request : http.request;
  return send({ ...options, host: hostname, port, path: prefix + path });
}
