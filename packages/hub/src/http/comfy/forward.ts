/**
 * Paths that this server does not know, and a ComfyUI behind it may: routes, files and sockets of node packs. They are
 * passed on through the tunnel of a worker, and the answer comes back as it is. Without such a worker nothing changes.
 */
import http, { type IncomingMessage } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { may } from "../../auth/identity.ts";
import type { Tunnels } from "../../link/tunnel.ts";
import { sendStatus } from "../answers.ts";
import { refuseUpgrade } from "../refuse-upgrade.ts";
import { notAllowed } from "../twin.ts";
import { pathOf, repairTarget } from "../url.ts";
import { answeredHeaders, forwardedHeaders, forwardedPath } from "./forward-headers.ts";
import { type ForwardMember, type ForwardTarget, ForwardTargets } from "./forward-targets.ts";

/** A body up to this size is kept, so that it can be sent to one worker after the other. */
const SMALL_BODY = 1 << 20;
/** A client that sends nothing of its body for so long is given up. */
const BODY_IDLE_MS = 60_000;

export interface ForwarderParts {
  readonly members: () => readonly ForwardMember[];
  readonly tunnels: Pick<Tunnels, "agentOf">;
  readonly log: Logger;
}

export class Forwarder {
  readonly #targets: ForwardTargets;
  readonly #tunnels: ForwarderParts["tunnels"];
  readonly #log: Logger;

  constructor({ members, tunnels, log }: ForwarderParts) {
    this.#targets = new ForwardTargets(members);
    this.#tunnels = tunnels;
    this.#log = log;
  }

  /** Paths of web extensions of ComfyUI workers. */
  extensions(): string[] {
    return this.#targets.extensions();
  }

  /** Whether a worker may know this path. */
  mayTake(path: string): boolean {
    return this.#targets.of(path).length > 0;
  }

  /** Answers a request. False: no worker takes it, and nothing was sent. */
  async request(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    const path = pathOf(request.url);
    const targets = this.#targets.of(path);
    if (targets.length === 0) return false;
    // Nobody knows what a route of a pack does, whatever its method says; files are only read.
    if (!path.startsWith("/extensions/") && !may(request.identity, "run")) {
      sendStatus(reply, 403);
      return true;
    }
    const body = await bodyOf(request);
    // What was read from the client once cannot be sent twice.
    const asked = body === undefined || Buffer.isBuffer(body) ? targets : targets.slice(0, 1);
    let unreachable: string | undefined;
    for (const target of asked) {
      let answer: IncomingMessage;
      try {
        answer = await this.#ask(request, target, body);
      } catch (error) {
        this.#log.warn(
          { err: error, worker: target.name, path },
          "a request could not be passed on to a worker",
        );
        unreachable ??= `the worker '${target.name}' cannot be reached: ${(error as Error).message}`;
        // It may have done already what it was asked for.
        if (request.method !== "GET" && request.method !== "HEAD") break;
        continue;
      }
      if (answer.statusCode === 404 || answer.statusCode === 405) {
        answer.resume();
        continue;
      }
      this.#targets.answered(path, target);
      send(request, reply, answer, { path, target });
      return true;
    }
    if (unreachable === undefined) return false;
    sendStatus(reply, 502, `502: ${unreachable}`);
    return true;
  }

  async #ask(
    request: FastifyRequest,
    { link, base }: ForwardTarget,
    body: Buffer | Readable | undefined,
  ): Promise<IncomingMessage> {
    const { raw, method } = request;
    const headers = forwardedHeaders(raw, base);
    if (body === undefined) delete headers["content-length"];
    const options = {
      method,
      headers,
      path: forwardedPath(request.url, base),
      agent: this.#tunnels.agentOf(link),
    };
    // An unused connection may end at the moment at which it is used again.
    for (let attempt = 1; ; attempt += 1) {
      const sent = http.request(options);
      try {
        return await answerTo(sent, body, raw);
      } catch (error) {
        const mayRepeat = sent.reusedSocket && attempt === 1 && (method === "GET" || method === "HEAD");
        if (!mayRepeat) throw error;
      }
    }
  }

  /** Takes a WebSocket for a path that is not ours. False: no worker may have it, and nothing was sent. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const path = pathOf(request.url ?? "/");
    const targets = this.#targets.of(path);
    if (targets.length === 0) return false;
    void this.#upgradeAtOneOf(targets, path, request, socket, head).catch((error: unknown) => {
      this.#log.warn({ err: error, path }, "a socket could not be passed on to a worker");
      socket.destroy();
    });
    return true;
  }

  async #upgradeAtOneOf(
    targets: readonly ForwardTarget[],
    path: string,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    let status = 404;
    for (const target of targets) {
      const { base, link } = target;
      const sent = http.request({
        headers: { ...forwardedHeaders(request, base), connection: "Upgrade", upgrade: "websocket" },
        path: forwardedPath(repairTarget(request.url ?? "/"), base),
        agent: this.#tunnels.agentOf(link),
      });
      const gone = (): void => void sent.destroy();
      socket.once("close", gone);
      try {
        const upgraded = await upgradeOf(sent);
        if (typeof upgraded === "object") {
          this.#targets.answered(path, target);
          return await joinSockets(socket, head, upgraded);
        }
        if (upgraded !== 404 && upgraded !== 405) return refuseUpgrade(socket, upgraded);
      } catch (error) {
        this.#log.warn(
          { err: error, worker: target.name, path },
          "a socket could not be passed on to a worker",
        );
        status = 502;
      } finally {
        socket.off("close", gone);
      }
      if (socket.destroyed) return;
    }
    refuseUpgrade(socket, status);
  }
}

/** Passes requests with other methods than GET and HEAD on, before their body is read. Those are asked for a file first. */
export function registerForwarding(app: FastifyInstance, forwarder: Forwarder): void {
  app.addHook("onRequest", async (request, reply) => {
    if (!request.is404 || request.method === "GET" || request.method === "HEAD") return undefined;
    if (!forwarder.mayTake(pathOf(request.url))) return undefined;
    // The body has been read: nobody else can answer any more.
    return (await forwarder.request(request, reply)) ? reply : notAllowed(reply, ["GET", "HEAD"]);
  });
}

/** A small body as a whole, a large or endless one as it comes; `undefined`: there is none. */
async function bodyOf({ raw, method, body }: FastifyRequest): Promise<Buffer | Readable | undefined> {
  if (method === "GET" || method === "HEAD") return undefined;
  if (Buffer.isBuffer(body)) return body;
  const { "content-length": length, "transfer-encoding": transfer } = raw.headers;
  if (transfer === undefined && (length === undefined || length === "0")) return undefined;
  giveUpWhenIdle(raw);
  return transfer === undefined && Number(length) <= SMALL_BODY ? buffer(raw) : raw;
}

function giveUpWhenIdle(raw: IncomingMessage): void {
  const timer = setTimeout(() => raw.destroy(), BODY_IDLE_MS);
  // A listener alone would start the flow before somebody reads.
  raw.on("data", () => timer.refresh()).pause();
  for (const end of ["end", "error", "close"]) raw.once(end, () => clearTimeout(timer));
}

/** Sends a request; resolves with the head of the answer. It ends when the client goes away. */
function answerTo(
  sent: http.ClientRequest,
  body: Buffer | Readable | undefined,
  client: IncomingMessage,
): Promise<IncomingMessage> {
  const gone = (): void => void sent.destroy();
  client.socket.once("close", gone);
  sent.once("close", () => client.socket.off("close", gone));
  return new Promise((resolve, reject) => {
    sent.once("response", resolve);
    // Stays: the connection may break after the answer began.
    sent.on("error", reject);
    if (body === undefined || Buffer.isBuffer(body)) sent.end(body);
    else pipeline(body, sent).catch((error: Error) => sent.destroy(error));
  });
}

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: IncomingMessage,
  { path, target }: { path: string; target: ForwardTarget },
): void {
  const destination = request.headers["sec-fetch-dest"];
  const headers = answeredHeaders(answer, {
    path,
    base: target.base,
    destination: destination as string | undefined,
  });
  reply
    .code(answer.statusCode ?? 502)
    .headers(headers)
    .send(answer);
}

interface Upgraded {
  readonly response: IncomingMessage;
  readonly stream: Duplex;
  readonly head: Buffer;
}

/** The joined connection, or the status of the refusal. */
function upgradeOf(sent: http.ClientRequest): Promise<Upgraded | number> {
  return new Promise((resolve, reject) => {
    sent.once("upgrade", (response, stream, head) => resolve({ response, stream, head }));
    sent.once("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 502);
    });
    sent.on("error", reject);
    sent.end();
  });
}

/** Passes bytes both ways until one side ends. */
async function joinSockets(
  socket: Duplex,
  head: Buffer,
  { response, stream, head: first }: Upgraded,
): Promise<void> {
  const lines = ["HTTP/1.1 101 Switching Protocols"];
  const { rawHeaders } = response;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = [rawHeaders[at], rawHeaders[at + 1]];
    // Cookies and other manners of the ComfyUI stay there.
    if (/^(?:upgrade|connection|sec-websocket-.*)$/i.test(name)) lines.push(`${name}: ${value}`);
  }
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  if (first.length > 0) socket.write(first);
  if (head.length > 0) stream.write(head);
  await pipeline(socket, stream, socket).catch(() => undefined);
  socket.destroy();
  stream.destroy();
}
