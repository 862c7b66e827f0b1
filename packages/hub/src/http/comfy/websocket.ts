/** `/ws`: upgrades that pass the same checks as requests do; everything else about it is the socket hub's. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { SocketHub } from "../../sockets/socket-hub.ts";
import { sendText } from "../answers.ts";
import { originAllowed } from "../origin.ts";
import { twin } from "../twin.ts";
import { pathOf } from "../url.ts";

const PATHS = new Set(["/ws", "/api/ws"]);

/** What a client still sends has to be read, or the connection never ends; nobody waits long for that. */
const GOODBYE_MS = 1_000;

function refuse(socket: Duplex, status: string): void {
  socket.resume();
  socket.once("finish", () => setTimeout(() => socket.destroy(), GOODBYE_MS).unref());
  socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}

/** A socket of another contract on the same server. */
export interface OtherSocket {
  readonly path: string;
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export function registerWebSocket(
  app: FastifyInstance,
  sockets: () => SocketHub,
  checkOrigin: boolean,
  other: OtherSocket,
): void {
  twin(app, "GET", "/ws", (_request, reply) =>
    sendText(reply, 'No WebSocket UPGRADE hdr: None\n Can "Upgrade" only to "WebSocket".', undefined, 400),
  );
  app.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    if (pathOf(request.url ?? "/") === other.path) return other.take(request, socket, head);
    if (!PATHS.has(pathOf(request.url ?? "/"))) return refuse(socket, "404 Not Found");
    if (checkOrigin && !originAllowed(request.headers)) return refuse(socket, "403 Forbidden");
    if (!app.access.mayPass(request)) return refuse(socket, "401 Unauthorized");
    sockets().upgrade(request, socket, head);
  });
}
