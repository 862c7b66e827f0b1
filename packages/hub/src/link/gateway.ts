/**
 * Where workers dial in: on a Unix socket that only this user can open, and from elsewhere on the hub's own port, with
 * a key that may link. Beside the links: their files and tunnels.
 */
import { timingSafeEqual } from "node:crypto";
import { chmodSync, rmSync } from "node:fs";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { parseJson, type WorkerToHub } from "@hearth/protocol";
import type { Logger } from "pino";
import { type WebSocket, WebSocketServer } from "ws";
import { refuseUpgrade } from "../http/refuse-upgrade.ts";
import { pathOf } from "../http/url.ts";
import { type Caller, type LinkKeys, linkKeys } from "./link-keys.ts";
import { LinkError } from "./link-error.ts";
import type { LinkFiles } from "./link-files.ts";
import { LINK_PATH } from "./link-path.ts";
import { readHello } from "./read-hello.ts";
import { readMessage, readPreview } from "./read-message.ts";
import { Tunnels } from "./tunnel.ts";
import { WorkerLink } from "./worker-link.ts";

/** A worker that says nothing for this long is lost, even when its connection looks open. */
const SILENCE_MS = 10_000;
const CHECK_MS = 1_000;
const HELLO_MS = 5_000;
const LARGEST_HELLO = 256 * 1024;
const LARGEST_FRAME = { local: 1 << 30, remote: 128 << 20 };
/** A piece of a connection, and not more than its sender reads at once. */
const LARGEST_PIECE = 1 << 20;
const MOST_LINKS = 1_000;

const FILES = `${LINK_PATH}/files/`;
const TUNNELS = `${LINK_PATH}/tunnels/`;

/** A worker closes its link with this when it will not come back. */
const GOODBYE = 1000;
const CLOSE = { refused: 4400, notWanted: 4401, nameTaken: 4409 } as const;

export interface GatewayEvents {
  /** The worker said hello; answers which of its attempts it keeps. */
  readonly joined: (link: WorkerLink) => Promise<void>;
  readonly lost: (link: WorkerLink) => void;
  readonly heartbeat: (link: WorkerLink, message: Extract<WorkerToHub, { type: "heartbeat" }>) => void;
  readonly said: (
    link: WorkerLink,
    message: Exclude<WorkerToHub, { type: "hello" | "validated" | "heartbeat" }>,
  ) => void;
}

/** What workers of other machines need; without it the hub takes those of this machine alone. */
export interface RemoteOptions extends LinkKeys {
  readonly files: LinkFiles;
  /** names of workers that this hub starts: nobody from elsewhere takes them */
  readonly isReserved: (name: string) => boolean;
}

interface Line {
  readonly socket: WebSocket;
  readonly connection: { readonly bytesRead: number };
  readonly caller: Caller;
  read: number;
}

export class LinkGateway {
  readonly #path: string;
  readonly #token: Buffer;
  readonly #events: GatewayEvents;
  readonly #log: Logger;
  readonly #remote: RemoteOptions | undefined;
  readonly #http = http.createServer({ requestTimeout: 0 });
  readonly #servers = {
    local: socketServer(LARGEST_FRAME.local),
    remote: socketServer(LARGEST_FRAME.remote),
    tunnels: socketServer(LARGEST_PIECE),
  };
  /** the keys of `#lines`, for others to look at */
  readonly #links = new Set<WorkerLink>();
  readonly #lines = new Map<WorkerLink, Line>();
  /** connected, and not yet a link: those that have still to say hello */
  readonly #strangers = new Set<WebSocket>();
  readonly tunnels = new Tunnels();
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string, token: string, events: GatewayEvents, log: Logger, remote?: RemoteOptions) {
    this.#path = path;
    this.#token = Buffer.from(token);
    this.#events = events;
    this.#log = log;
    this.#remote = remote;
    this.#http.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on("error", () => socket.destroy());
      this.#upgrade(request, socket, head, "local");
    });
    this.#http.on("request", (request, response) => {
      const isKnown = this.#isToken(/^Bearer +(.*)$/.exec(request.headers.authorization ?? "")?.[1] ?? "");
      if (isKnown) this.#request(request, response);
      else refuseRequest(request, response, 401);
    });
  }

  get links(): ReadonlySet<WorkerLink> {
    return this.#links;
  }

  async listen(): Promise<void> {
    // Only one hub holds the database of this base directory, so a socket file that lies here is a dead hub's.
    rmSync(this.#path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#http.once("error", reject);
      this.#http.listen(this.#path, resolve);
    });
    chmodSync(this.#path, 0o600);
    this.#timer = setInterval(() => this.#look(), CHECK_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const { socket } of this.#lines.values()) socket.terminate();
    for (const socket of this.#strangers) socket.terminate();
    for (const link of this.#lines.keys()) this.tunnels.lost(link);
    for (const server of Object.values(this.#servers)) server.close();
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }

  /** Takes an upgrade below `/link` that came to the hub's own port. Its origin has been checked. */
  takeUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const judged = linkKeys(this.#remote, request);
    if ("status" in judged) return refuseUpgrade(socket, judged.status, retryAfter(judged.waitSeconds));
    this.#upgrade(request, socket, head, judged);
  }

  /** Takes a request below `/link` that came to the hub's own port. Its origin has been checked. */
  takeRequest(request: IncomingMessage, response: ServerResponse): void {
    const judged = linkKeys(this.#remote, request);
    if (!("status" in judged)) return this.#request(request, response);
    if (judged.waitSeconds > 0) response.setHeader("retry-after", String(judged.waitSeconds));
    refuseRequest(request, response, judged.status);
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request.url ?? "/");
    const files = this.#remote?.files;
    if (files === undefined || !path.startsWith(FILES)) return refuseRequest(request, response, 404);
    void files.take(request, response, path.slice(FILES.length));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, caller: Caller): void {
    const path = pathOf(request.url ?? "/");
    if (path.startsWith(TUNNELS))
      return this.#tunnel(path.slice(TUNNELS.length), request, socket, head, caller);
    if (path !== LINK_PATH) return refuseUpgrade(socket, 404);
    if (this.#lines.size + this.#strangers.size >= MOST_LINKS) return refuseUpgrade(socket, 503);
    const server = caller === "local" ? this.#servers.local : this.#servers.remote;
    server.handleUpgrade(request, socket, head, (webSocket) =>
      this.#accept(webSocket, request.socket, caller),
    );
  }

  #tunnel(id: string, request: IncomingMessage, socket: Duplex, head: Buffer, caller: Caller): void {
    const link = this.tunnels.wantedFrom(id);
    const wanted = link === undefined ? undefined : this.#lines.get(link)?.caller;
    // On the Unix socket the id, which only that worker has heard, is as good as the token.
    const isHis =
      wanted === "local" || caller === "local" ? wanted === caller : wanted?.keyId === caller.keyId;
    if (wanted === undefined || !isHis) return refuseUpgrade(socket, 404);
    this.#servers.tunnels.handleUpgrade(request, socket, head, (webSocket) =>
      this.tunnels.dialled(id, webSocket),
    );
  }

  #accept(socket: WebSocket, connection: Line["connection"], caller: Caller): void {
    let link: WorkerLink | undefined;
    this.#strangers.add(socket);
    const helloTimer = setTimeout(() => socket.terminate(), HELLO_MS);
    const known = (): void => {
      clearTimeout(helloTimer);
      this.#strangers.delete(socket);
    };
    const revoked = (): void => {
      this.#log.warn({ worker: link?.name }, "the key of a worker was revoked; its link is closed");
      this.#end(socket, CLOSE.notWanted, new LinkError("its key was revoked"));
      if (link !== undefined) this.#drop(link);
    };
    const forget = caller === "local" ? undefined : this.#remote?.access().whileKeyHolds(caller, revoked);
    socket.on("error", (error) => {
      // A frame that is too large or none: the worker of another program, or somebody who tries.
      this.#log.warn(
        { err: error, worker: link?.name },
        "the link of a worker is closed: its frames cannot be read",
      );
      socket.terminate();
    });
    socket.on("close", (code) => {
      known();
      forget?.();
      if (link === undefined) return;
      link.hasLeft = code === GOODBYE;
      this.#drop(link);
    });
    socket.on("ping", () => {
      if (link !== undefined) link.heardAt = performance.now();
    });
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (socket.readyState !== socket.OPEN) return;
      try {
        if (link === undefined) {
          link = this.#hello(socket, data, connection, caller);
          if (link === undefined) return;
          known();
          void this.#join(link);
        } else if (this.#lines.has(link)) this.#hear(link, data, isBinary);
      } catch (error) {
        this.#log.error({ err: error, worker: link?.name }, "a worker sent what the link does not know");
        this.#end(socket, CLOSE.refused, error);
      }
    });
  }

  #hello(
    socket: WebSocket,
    data: Buffer,
    connection: Line["connection"],
    caller: Caller,
  ): WorkerLink | undefined {
    if (data.length > LARGEST_HELLO) throw new LinkError("the hello is too long");
    const { token, ...hello } = readHello(parseJson(data.toString("utf8"), { maxValues: 100_000 }));
    if (caller === "local" && !this.#isToken(token)) throw new LinkError("the token is another hub's");
    const taken = this.#mayTakeName(hello, caller);
    if (taken !== undefined) {
      this.#log.warn({ worker: hello.name, address: hello.address }, taken);
      this.#end(socket, CLOSE.nameTaken, new LinkError(taken));
      return undefined;
    }
    const link = new WorkerLink(socket, hello, caller !== "local");
    this.#lines.set(link, { socket, connection, caller, read: connection.bytesRead });
    this.#links.add(link);
    return link;
  }

  /** Why a worker cannot have its name. An older link of the same process, or a silent one, makes room. */
  #mayTakeName({ name, workerId }: { name: string; workerId: string }, caller: Caller): string | undefined {
    if (caller !== "local" && this.#remote?.isReserved(name) === true) {
      return `the name '${name}' belongs to a worker of the hub itself; choose another with --name`;
    }
    for (const [link, line] of this.#lines) {
      if (link.name !== name) continue;
      const isSame = link.workerId === workerId && (line.caller === "local") === (caller === "local");
      if (!isSame && performance.now() - link.heardAt <= SILENCE_MS) {
        return `a worker named '${name}' is connected already; choose another name with --name`;
      }
      line.socket.terminate();
      this.#drop(link);
    }
    return undefined;
  }

  async #join(link: WorkerLink): Promise<void> {
    try {
      await this.#events.joined(link);
    } catch (error) {
      this.#log.error({ err: error, worker: link.name }, "a worker could not be taken");
      link.terminate();
    }
  }

  #drop(link: WorkerLink): void {
    if (!this.#lines.delete(link)) return;
    this.#links.delete(link);
    link.lost();
    this.tunnels.lost(link);
    this.#events.lost(link);
  }

  #hear(link: WorkerLink, data: Buffer, isBinary: boolean): void {
    link.heardAt = performance.now();
    const message = isBinary ? readPreview(data) : readMessage(data.toString("utf8"));
    if (message.type === "heartbeat") {
      link.stats = message.stats;
      this.#events.heartbeat(link, message);
    } else if (message.type === "validated") link.answered(message.request, message.outcome);
    else this.#events.said(link, message);
  }

  /** Drops the silent. */
  #look(): void {
    const now = performance.now();
    for (const [link, line] of this.#lines) {
      const { bytesRead } = line.connection;
      // A large message on a slow line is no silence.
      if (bytesRead !== line.read) link.heardAt = now;
      line.read = bytesRead;
      if (now - link.heardAt > SILENCE_MS) {
        this.#log.warn({ worker: link.name }, "worker is silent; its link is closed");
        link.terminate();
      }
    }
  }

  /** Closes with a reason for the worker to print; one that does not answer is cut off. */
  #end(socket: WebSocket, code: number, error: unknown): void {
    const text = error instanceof LinkError ? error.message : "it sends what the link does not know";
    // A close reason has room for 123 bytes.
    socket.close(
      code,
      Buffer.from(text)
        .subarray(0, 120)
        .toString("utf8")
        .replace(/\uFFFD+$/, ""),
    );
    setTimeout(() => socket.terminate(), CHECK_MS).unref();
  }

  #isToken(given: string): boolean {
    const bytes = Buffer.from(given);
    return bytes.length === this.#token.length && timingSafeEqual(bytes, this.#token);
  }
}

function socketServer(maxPayload: number): WebSocketServer {
  return new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload });
}

function retryAfter(seconds: number): string {
  return seconds > 0 ? `Retry-After: ${seconds}\r\n` : "";
}

function refuseRequest(request: IncomingMessage, response: ServerResponse, status: number): void {
  if (!request.complete) response.setHeader("connection", "close");
  request.resume();
  response.writeHead(status, { "content-length": 0 }).end();
}
