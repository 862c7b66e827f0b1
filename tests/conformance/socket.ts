/** A WebSocket client whose frames are made by hand: it can send broken ones, and keeps all that it receives in order. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { addressOf, headerBytes } from "./client.ts";
import { readHead } from "./http-message.ts";

export type ReceivedFrame =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "binary" | "pong"; readonly bytes: Buffer };

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** One masked frame, final, of any payload length. */
export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const short = payload.length < 126;
  const medium = !short && payload.length < 65_536;
  const head = Buffer.alloc(short ? 2 : medium ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (short ? payload.length : medium ? 126 : 127);
  if (medium) head.writeUInt16BE(payload.length, 2);
  else if (!short) head.writeBigUInt64BE(BigInt(payload.length), 2);
  const mask = randomBytes(4);
  const masked = Buffer.alloc(payload.length);
  for (let index = 0; index < payload.length; index += 1) {
    masked[index] = (payload[index] as number) ^ (mask[index & 3] as number);
  }
  return Buffer.concat([head, mask, masked]);
}

interface RawFrame {
  readonly final: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
  readonly length: number;
}

function readFrame(bytes: Buffer): RawFrame | undefined {
  if (bytes.length < 2) return undefined;
  const [first, second] = [bytes[0] as number, bytes[1] as number];
  let size = second & 127;
  let at = 2;
  if (size === 126) {
    if (bytes.length < 4) return undefined;
    size = bytes.readUInt16BE(2);
    at = 4;
  } else if (size === 127) {
    if (bytes.length < 10) return undefined;
    size = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  const masked = (second & 0x80) !== 0;
  const start = at + (masked ? 4 : 0);
  if (bytes.length < start + size) return undefined;
  const payload = Buffer.from(bytes.subarray(start, start + size));
  if (masked) for (let index = 0; index < size; index += 1) payload[index]! ^= bytes[at + (index & 3)]!;
  return { final: (first & 0x80) !== 0, opcode: first & 15, payload, length: start + size };
}

export class GoldenSocket {
  readonly #socket: net.Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #kind = 0;
  #parts: Buffer[] = [];
  #taken = 0;
  readonly #changed = new EventTarget();
  readonly frames: ReceivedFrame[] = [];
  /** status of the answer to the upgrade; 101 means open */
  status = 0;
  open = false;
  /** code of the server's close frame */
  closeCode: number | null = null;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
  }

  /** Connects and waits for the answer to the upgrade. @throws when there is none within 30 s */
  static async connect(
    baseUrl: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<GoldenSocket> {
    const address = addressOf(baseUrl);
    const socket = net.connect(address.port, address.host);
    const lines = [
      `GET ${address.prefix}${path} HTTP/1.1`,
      `Host: ${address.host}:${address.port}`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ];
    const client = new GoldenSocket(socket);
    await client.#upgrade(headerBytes(`${lines.join("\r\n")}\r\n\r\n`));
    return client;
  }

  async #upgrade(head: Buffer): Promise<void> {
    const timer = setTimeout(
      () => this.#socket.destroy(new Error("no answer to the upgrade within 30 s")),
      30_000,
    );
    await once(this.#socket, "connect");
    this.#socket.write(head);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#socket.on("data", (chunk) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      if (this.open) this.#read();
      else if (this.status === 0) {
        const answer = readHead(this.#buffer);
        if (answer === undefined) return;
        this.status = answer.status;
        this.#buffer = this.#buffer.subarray(answer.length);
        this.open = answer.status === 101;
        if (this.open) this.#read();
        else this.#socket.destroy();
        resolve();
      }
    });
    this.#socket.on("error", reject);
    this.#socket.on("close", () => {
      this.#closed();
      reject(new Error("the connection was closed before the upgrade was answered"));
    });
    await promise.finally(() => clearTimeout(timer));
  }

  #read(): void {
    for (;;) {
      const frame = readFrame(this.#buffer);
      if (frame === undefined) break;
      this.#buffer = this.#buffer.subarray(frame.length);
      this.#take(frame);
    }
    this.#changed.dispatchEvent(new Event("change"));
  }

  #take({ final, opcode, payload }: RawFrame): void {
    if (opcode === CLOSE) {
      this.closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : null;
      this.#socket.end(encodeFrame(CLOSE, payload.subarray(0, 2)));
      this.#closed();
    } else if (opcode === PING) this.#socket.write(encodeFrame(PONG, payload));
    else if (opcode === PONG) this.frames.push({ kind: "pong", bytes: payload });
    else {
      if (opcode !== 0) {
        this.#kind = opcode;
        this.#parts = [];
      }
      this.#parts.push(payload);
      if (!final) return;
      const bytes = Buffer.concat(this.#parts);
      this.frames.push(
        this.#kind === TEXT ? { kind: "text", text: bytes.toString("utf8") } : { kind: "binary", bytes },
      );
    }
  }

  #closed(): void {
    this.open = false;
    this.#changed.dispatchEvent(new Event("change"));
  }

  sendText(text: string): void {
    this.#socket.write(encodeFrame(TEXT, Buffer.from(text)));
  }

  sendBinary(bytes: Buffer): void {
    this.#socket.write(encodeFrame(BINARY, bytes));
  }

  /** Puts bytes onto the connection as they are: frames that are split, or not well formed. */
  sendRaw(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Waits until `holds` is true of the frames that were not taken yet. Resolves to whether it came true in time. */
  async wait(holds: (fresh: readonly ReceivedFrame[]) => boolean, timeoutMs: number): Promise<boolean> {
    const done = (): boolean => holds(this.frames.slice(this.#taken));
    return (await this.#until(() => done() || !this.open, timeoutMs)) && done();
  }

  /** Waits for the server to close; resolves to whether it did. */
  waitClosed(timeoutMs: number): Promise<boolean> {
    return this.#until(() => !this.open, timeoutMs);
  }

  async #until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    if (condition()) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const check = (): void => {
      if (condition()) resolve(true);
    };
    this.#changed.addEventListener("change", check);
    const timer = setTimeout(() => resolve(condition()), timeoutMs);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#changed.removeEventListener("change", check);
    });
  }

  /** All frames since the last call. */
  take(): ReceivedFrame[] {
    const fresh = this.frames.slice(this.#taken);
    this.#taken = this.frames.length;
    return fresh;
  }

  /** Says goodbye with code 1000 and ends the connection. */
  async close(): Promise<void> {
    if (this.#socket.writable) {
      this.#socket.write(encodeFrame(CLOSE, Buffer.from([0x03, 0xe8])));
      await delay(50);
    }
    this.#socket.destroy();
    this.#closed();
  }
}
