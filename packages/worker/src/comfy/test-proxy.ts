/**
 * A proxy in front of a ComfyUI, as people put one there: it wants a path prefix and a password, and keeps what went
 * through.
 */
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { type RawData, WebSocket, WebSocketServer } from "ws";

const PREFIX = "/comfy";
const PASSWORD = `Basic ${Buffer.from("ann:p@ss").toString("base64")}`;

export class TestProxy {
  readonly #server: http.Server;
  readonly #sockets = new Set<WebSocket>();
  /** frames of the ComfyUI, in their order */
  readonly frames: (string | Buffer)[] = [];
  /** `GET /queue`, without query */
  readonly calls: string[] = [];
  readonly url: string;

  static async start(target: string): Promise<TestProxy> {
    const server = http.createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new TestProxy(server, target);
  }

  private constructor(server: http.Server, target: string) {
    this.#server = server;
    this.url = `http://ann:p%40ss@127.0.0.1:${(server.address() as AddressInfo).port}${PREFIX}/`;
    server.on("request", (request, response) => {
      const path = this.#enter(request);
      if (path === undefined) return void response.writeHead(401).end();
      this.calls.push(`${request.method} ${path.split("?")[0]}`);
      const onward = http.request(
        target + path,
        { method: request.method ?? "GET", headers: request.headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
      );
      onward.on("error", () => response.destroy());
      request.pipe(onward);
    });
    const webSockets = new WebSocketServer({ noServer: true });
    server.on("upgrade", (request, socket, head) => {
      const path = this.#enter(request);
      if (path === undefined) return socket.destroy();
      webSockets.handleUpgrade(request, socket, head, (client) =>
        this.#join(client, target.replace("http", "ws") + path),
      );
    });
  }

  #enter(request: http.IncomingMessage): string | undefined {
    const isLetIn =
      request.headers.authorization === PASSWORD && request.url?.startsWith(`${PREFIX}/`) === true;
    delete request.headers.authorization;
    return isLetIn ? request.url?.slice(PREFIX.length) : undefined;
  }

  #join(client: WebSocket, url: string): void {
    const onward = new WebSocket(url);
    this.#sockets.add(client);
    const early: RawData[] = [];
    client.on("message", (data) => {
      if (onward.readyState === WebSocket.OPEN) onward.send(String(data));
      else early.push(data);
    });
    onward.on("open", () => {
      for (const data of early) onward.send(String(data));
    });
    onward.on("message", (data: Buffer, isBinary) => {
      this.frames.push(isBinary ? data : data.toString("utf8"));
      client.send(data, { binary: isBinary });
    });
    onward.on("error", () => client.terminate());
    onward.on("close", () => client.close());
    client.on("close", () => {
      this.#sockets.delete(client);
      onward.terminate();
    });
  }

  count(call: string): number {
    return this.calls.filter((made) => made === call).length;
  }

  dropSockets(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  async stop(): Promise<void> {
    this.dropSockets();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
