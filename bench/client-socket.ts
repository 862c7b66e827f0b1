/** A client's WebSocket: texts are handed on as they come, with the time of their arrival. */
import { once } from "node:events";
import { WebSocket } from "ws";

export class ClientSocket {
  readonly #socket: WebSocket;
  #onText: (text: string, at: number) => void = () => undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (!isBinary) this.#onText(data.toString("utf8"), performance.now());
    });
    socket.on("error", () => socket.terminate());
  }

  /** Connected, and greeted with the first status. */
  static async open(url: string, clientId: string): Promise<ClientSocket> {
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws?clientId=${clientId}`, {
      perMessageDeflate: false,
      handshakeTimeout: 20_000,
    });
    const client = new ClientSocket(socket);
    const greeted = client.next((text) => text.includes('"status"'));
    await once(socket, "open");
    await greeted;
    return client;
  }

  /** When the next text that fits arrived. Rejects with what `fits` throws. */
  next(fits: (text: string) => boolean, limitMs = 60_000): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("a message did not arrive on the socket")), limitMs);
      const end = (): void => {
        clearTimeout(timer);
        this.#onText = () => undefined;
      };
      this.#onText = (text, at) => {
        try {
          if (!fits(text)) return;
          end();
          resolve(at);
        } catch (error) {
          end();
          reject(error as Error);
        }
      };
    });
  }

  close(): void {
    this.#socket.terminate();
  }
}
