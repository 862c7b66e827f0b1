/** Listening on one or more addresses. A launcher may start anew on a port that its last server is just leaving. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import net from "node:net";
import http from "node:http";
import https from "node:https";
import type { FastifyInstance } from "fastify";
import type { Tls } from "./http/options.ts";

export interface ListenAddress {
  readonly host: string;
  /** 0: any free port */
  readonly port: number;
}

const WAIT_MS = 3_000;
const RETRY_MS = 50;

export interface Listening {
  /** as a person would type them */
  readonly urls: string[];
  /** Closes the servers that are not Fastify's own. */
  readonly close: () => void;
}

/** Listens on all addresses, with TLS where `tls` is given. */
export async function listen(
  app: FastifyInstance,
  addresses: readonly ListenAddress[],
  tls?: Tls,
): Promise<Listening> {
  await app.ready();
  const urls: string[] = [];
  const others: http.Server[] = [];
  const close = (): void => {
    for (const server of others) {
      server.close();
      server.closeAllConnections();
    }
  };
  try {
    for (const [index, address] of addresses.entries()) {
      // Fastify's server takes the first address; each further one hands its connections over.
      const server = index === 0 ? app.server : forwarding(app, tls);
      if (index > 0) others.push(server);
      urls.push(`${tls === undefined ? "http" : "https"}://${await listenOn(server, address)}`);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { urls, close };
}

function forwarding(app: FastifyInstance, tls: Tls | undefined): http.Server {
  const server = tls === undefined ? http.createServer() : https.createServer({ ...tls });
  server.on("request", (request, response) => app.server.emit("request", request, response));
  server.on("upgrade", (request, socket, head) => app.server.emit("upgrade", request, socket, head));
  return server;
}

/** Gives host and port as in a URL. */
async function listenOn(server: net.Server, { host, port }: ListenAddress): Promise<string> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    try {
      server.listen({ host, port });
      await once(server, "listening");
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
  return `${net.isIPv6(shown) ? `[${shown}]` : shown}:${bound}`;
}
