/** Listening on one or more addresses. A launcher may start anew on a port that its last server is just leaving. */
import type { AddressInfo } from "node:net";
import net from "node:net";
import http from "node:http";
import type { FastifyInstance } from "fastify";

export interface ListenAddress {
  readonly host: string;
  /** 0: any free port */
  readonly port: number;
}

const WAIT_MS = 3_000;
const RETRY_MS = 50;

/** Listens on all addresses; gives the URLs that a person would type. */
export async function listen(app: FastifyInstance, addresses: readonly ListenAddress[]): Promise<string[]> {
  await app.ready();
  const urls: string[] = [];
  for (const [index, address] of addresses.entries()) {
    // Fastify's server takes the first address; each further one hands its connections over.
    const server = index === 0 ? app.server : forwarding(app);
    urls.push(await listenOn(server, address));
  }
  return urls;
}

function forwarding(app: FastifyInstance): http.Server {
  const server = http.createServer((request, response) => app.server.emit("request", request, response));
  server.on("upgrade", (request, socket, head) => app.server.emit("upgrade", request, socket, head));
  app.addHook("onClose", async () => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

async function listenOn(server: net.Server, { host, port }: ListenAddress): Promise<string> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ host, port }, () => {
          server.off("error", reject);
          resolve();
        });
      });
      break;
    } catch (error) {
      const busy = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (!busy || performance.now() > deadline) {
        throw busy ? new Error(`port ${port} on ${host} is in use`, { cause: error }) : error;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
  const bound = (server.address() as AddressInfo).port;
  const shown = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${net.isIPv6(shown) ? `[${shown}]` : shown}:${bound}`;
}
