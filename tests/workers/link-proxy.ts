/** A network between a worker and its hub that can break or stand still. */
import { once } from "node:events";
import net, { type AddressInfo, type Socket } from "node:net";

export class LinkProxy {
  readonly #server: net.Server;
  readonly #sockets = new Set<Socket>();
  #isStalled = false;

  private constructor(target: number) {
    this.#server = net.createServer((near) => {
      const far = net.connect(target, "127.0.0.1");
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("close", () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
        socket.on("error", () => socket.destroy());
      }
      near.pipe(far);
      far.pipe(near);
      if (this.#isStalled) for (const socket of [near, far]) socket.pause();
    });
  }

  /** @param target port on this machine */
  static async start(target: number): Promise<LinkProxy> {
    const proxy = new LinkProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Every connection is reset. */
  drop(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Nothing passes, also not on new connections, and nobody is told. */
  stall(): void {
    this.#isStalled = true;
    for (const socket of this.#sockets) socket.pause();
  }

  resume(): void {
    this.#isStalled = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
