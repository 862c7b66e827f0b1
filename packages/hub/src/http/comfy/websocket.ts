/** `/ws`: upgrades that pass the same checks as requests do; everything else about it is the socket hub's. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { may } from "../../auth/identity.ts";
import type { SocketHub } from "../../sockets/socket-hub.ts";
import { sendText } from "../answers.ts";
import { originAllowed } from "../origin.ts";
import { refuseUpgrade } from "../refuse-upgrade.ts";
import type { LinkGateway } from "../../link/gateway.ts";
import { isLinkPath } from "../../link/link-path.ts";
import { twin } from "../twin.ts";
import { pathOf } from "../url.ts";
import type { Forwarder } from "./forward.ts";

const PATHS = new Set(["/ws", "/api/ws"]);

/** A socket of another contract on the same server. */
export interface OtherSocket {
  readonly path: string;
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** Who else takes upgrades of this server. */
export interface OtherSockets {
  /** it checks origin and key itself */
  readonly other: OtherSocket;
  /** workers of other machines: they check their own token; absent: there are none */
  readonly links?: Pick<LinkGateway, "takeUpgrade"> | undefined;
  /** takes sockets of node packs; absent: nobody does */
  readonly forwarder?: Forwarder | undefined;
}

export function registerWebSocket(
  app: FastifyInstance,
  sockets: () => SocketHub,
  checkOrigin: boolean,
  { other, links, forwarder }: OtherSockets,
): void {
  twin(app, "GET", "/ws", (_request, reply) =>
    sendText(reply, 'No WebSocket UPGRADE hdr: None\n Can "Upgrade" only to "WebSocket".', undefined, 400),
  );
  app.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const path = pathOf(request.url ?? "/");
    if (path === other.path) return other.take(request, socket, head);
    const isLink = links !== undefined && isLinkPath(path);
    const isOurs = PATHS.has(path);
    if (!isLink && !isOurs && forwarder?.mayTake(path) !== true) return refuseUpgrade(socket, 404);
    if (checkOrigin && !originAllowed(request.headers)) return refuseUpgrade(socket, 403);
    if (isLink) return links.takeUpgrade(request, socket, head);
    const proof = app.access.judge(request);
    if (!("identity" in proof)) return refuseUpgrade(socket, 401);
    // Nobody knows what a socket of a pack does.
    if (!may(proof.identity, isOurs ? "read" : "run")) return refuseUpgrade(socket, 403);
    socket.once(
      "close",
      app.access.whileKeyHolds(proof.identity, () => socket.destroy()),
    );
    if (isOurs) sockets().upgrade(request, socket, head);
    else if (forwarder?.upgrade(request, socket, head) !== true) refuseUpgrade(socket, 404);
  });
}
