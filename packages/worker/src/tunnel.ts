/** The worker's end of a tunnel: a WebSocket to the hub, joined to a new connection to the ComfyUI. */
import net from "node:net";
import { pipeline } from "node:stream/promises";
import tls from "node:tls";
import WebSocket, { createWebSocketStream } from "ws";
import type { TunnelTarget } from "./engine-port.ts";
import { HANDSHAKE_MS, hubHeaders, hubSocketUrl, type HubTarget } from "./hub-request.ts";

const CONNECT_MS = 10_000;
/** The hub sends what it reads, piece by piece. */
const LARGEST_FRAME = 1 << 20;
/** close code: the ComfyUI cannot be reached */
const UNREACHABLE = 4502;

/** Dials the hub's `/link/tunnels/<id>`, and passes bytes both ways until one side ends. */
export function joinTunnel(hub: HubTarget, id: string, target: TunnelTarget): void {
  const socket = new WebSocket(hubSocketUrl(hub, `/link/tunnels/${encodeURIComponent(id)}`), {
    headers: hubHeaders(hub),
    handshakeTimeout: HANDSHAKE_MS,
    perMessageDeflate: false,
    maxPayload: LARGEST_FRAME,
  });
  // At once: what the hub sends before the other connection stands waits in here.
  const stream = createWebSocketStream(socket);
  const connection = connect(target);
  let isJoined = false;
  const timer = setTimeout(() => connection.destroy(new Error("it does not answer")), CONNECT_MS);
  connection.once(target.isTls ? "secureConnect" : "connect", () => {
    clearTimeout(timer);
    isJoined = true;
    // Either side may go away: the other one goes too.
    pipeline(connection, stream, connection).catch(() => socket.terminate());
  });
  connection.on("error", (error) => {
    clearTimeout(timer);
    if (isJoined) return;
    // A close reason has room for 123 bytes.
    const close = (): void => socket.close(UNREACHABLE, error.message.slice(0, 100));
    if (socket.readyState === WebSocket.OPEN) close();
    else socket.once("open", close);
  });
  // The hub is away, or does not wait any more.
  stream.on("error", () => connection.destroy());
  socket.on("close", () => {
    clearTimeout(timer);
    connection.destroy();
  });
}

function connect({ host, port, isTls }: TunnelTarget): net.Socket {
  if (!isTls) return net.connect({ host, port, noDelay: true });
  return tls.connect({ host, port, ...(net.isIP(host) === 0 ? { servername: host } : {}) });
}
