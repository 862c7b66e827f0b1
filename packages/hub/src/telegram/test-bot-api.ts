/** A stand-in of the Bot API for tests: it holds polls, checks what comes over the wire, and keeps what the bot sent. */
import assert from "node:assert/strict";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import type { TestContext } from "node:test";
import { Busboy } from "@fastify/busboy";

export const TOKEN = "12345:test-token";

export interface Call {
  readonly method: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** uploads, by field name */
  readonly files: ReadonlyMap<string, { readonly filename: string; readonly content: Buffer }>;
}

interface Button {
  readonly text: string;
  readonly callback_data: string;
}

interface Poll {
  readonly offset: number;
  readonly answer: (updates: readonly object[]) => void;
}

const USER = { id: 777, is_bot: false, first_name: "Ada", username: "ada" };
const SENT = ["sendMessage", "sendPhoto", "sendVideo", "sendAudio", "sendDocument"];

export class TestBotApi {
  url = "";
  readonly calls: Call[] = [];
  /** files that people sent, by path */
  readonly files = new Map<string, Buffer>();
  /** answers instead of the usual ones: `undefined` goes on */
  refuse: (method: string) => { error_code: number; description: string; parameters?: object } | undefined =
    () => undefined;
  #updates: { update_id: number }[] = [];
  #poll: Poll | undefined;
  #nextId = 500;
  #read = 0;

  static async start(t: TestContext): Promise<TestBotApi> {
    const api = new TestBotApi();
    const server = http.createServer((request, response) => {
      api.#answer(request, response).catch((error: Error) => {
        response
          .writeHead(500)
          .end(JSON.stringify({ ok: false, error_code: 500, description: error.message }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    api.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return api;
  }

  /** True while the bot waits for updates. */
  get isPolled(): boolean {
    return this.#poll !== undefined;
  }

  /** Updates that the bot has not confirmed. */
  get unconfirmed(): number {
    return this.#updates.length;
  }

  says(text: string, chat = 777): void {
    const length = text.split(" ")[0]?.length ?? 0;
    const entities = text.startsWith("/") ? [{ type: "bot_command", offset: 0, length }] : [];
    this.#message(chat, { text, entities });
  }

  sendsPhoto(path: string, content: Buffer, chat = 777): void {
    this.files.set(path, content);
    const size = (file_id: string, width: number): object => ({
      file_id,
      file_unique_id: file_id,
      width,
      height: width,
    });
    this.#message(chat, { photo: [size("small", 90), size(path, 1280)] });
  }

  presses(button: Button, chat = 777): void {
    const message = { message_id: 1, date: 0, chat: { id: chat, type: "private", first_name: "Ada" } };
    this.#push({
      callback_query: { id: "q", from: USER, chat_instance: "c", data: button.callback_data, message },
    });
  }

  /** The next message that the bot sends. */
  async next(): Promise<Call & { text: string; buttons: Button[] }> {
    for (;;) {
      const sent = this.calls.filter(({ method }) => SENT.includes(method));
      const call = sent[this.#read];
      if (call !== undefined) {
        this.#read += 1;
        const { text, caption, reply_markup: markup } = call.fields;
        const keyboard = (markup as { inline_keyboard?: Button[][] } | undefined)?.inline_keyboard ?? [];
        for (const { callback_data: data } of keyboard.flat()) {
          assert.ok(Buffer.byteLength(data) <= 64, "Telegram takes 64 bytes of button data");
        }
        return { ...call, text: String(text ?? caption ?? ""), buttons: keyboard.flat() };
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #message(chat: number, more: object): void {
    const message = {
      message_id: this.#nextId,
      date: 0,
      chat: { id: chat, type: "private", first_name: "Ada" },
    };
    this.#push({ message: { ...message, from: USER, ...more } });
  }

  #push(update: object): void {
    this.#updates.push({ update_id: (this.#nextId += 1), ...update });
    this.#serve();
  }

  #serve(): void {
    const poll = this.#poll;
    if (poll === undefined) return;
    this.#updates = this.#updates.filter(({ update_id: id }) => id >= poll.offset);
    if (this.#updates.length === 0) return;
    this.#poll = undefined;
    poll.answer(this.#updates);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = "" } = request;
    const file = url.startsWith(`/file/bot${TOKEN}/`)
      ? this.files.get(url.slice(`/file/bot${TOKEN}/`.length))
      : undefined;
    if (file !== undefined) return void response.end(file);
    const method = new RegExp(`^/bot${TOKEN}/(\\w+)$`).exec(url)?.[1];
    const call = { method: method ?? "", ...(await bodyOf(request)) };
    if (method === undefined)
      return say(response, { ok: false, error_code: 401, description: "Unauthorized" });
    assert.equal(request.method, "POST");
    this.calls.push(call);
    const refused = this.refuse(method);
    if (refused !== undefined) return say(response, { ok: false, ...refused });
    if (method === "getUpdates") return this.#hold(call, response);
    return say(response, { ok: true, result: this.#resultOf(call) });
  }

  #hold({ fields }: Call, response: ServerResponse): void {
    const offset = Number(fields["offset"] ?? 0);
    this.#updates = this.#updates.filter(({ update_id: id }) => id >= offset);
    const seconds = Number(fields["timeout"] ?? 0);
    if (seconds === 0) return say(response, { ok: true, result: [] });
    const poll: Poll = { offset, answer: (result) => say(response, { ok: true, result }) };
    this.#poll = poll;
    response.on("close", () => {
      if (this.#poll === poll) this.#poll = undefined;
    });
    return this.#serve();
  }

  #resultOf({ method, fields }: Call): unknown {
    switch (method) {
      case "getMe":
        return { id: 12345, is_bot: true, first_name: "Studio Bot", username: "studio_test_bot" };
      case "deleteWebhook":
      case "answerCallbackQuery":
        return true;
      case "getFile":
        return { file_id: fields["file_id"], file_unique_id: "u", file_path: fields["file_id"] };
      default:
        assert.ok(SENT.includes(method), `the bot called ${method}`);
        return { message_id: 1, date: 0, chat: { id: Number(fields["chat_id"]), type: "private" } };
    }
  }
}

interface Answer {
  readonly ok: boolean;
  readonly result?: unknown;
  readonly error_code?: number;
  readonly description?: string;
}

function say(response: ServerResponse, body: Answer): void {
  response
    .writeHead(body.error_code ?? 200, { "content-type": "application/json" })
    .end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<Omit<Call, "method">> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const type = request.headers["content-type"] ?? "";
  const files = new Map<string, { filename: string; content: Buffer }>();
  if (!type.startsWith("multipart/")) {
    if (body.length === 0) return { fields: {}, files };
    assert.match(type, /^application\/json/);
    return { fields: JSON.parse(body.toString()) as Record<string, unknown>, files };
  }
  const fields: Record<string, unknown> = {};
  const boy = new Busboy({ headers: { ...request.headers, "content-type": type } });
  boy.on("field", (name, value) => (fields[name] = value));
  const reading: Promise<void>[] = [];
  boy.on("file", (name, stream, filename) => {
    reading.push(
      (async () => {
        const parts: Buffer[] = [];
        for await (const part of stream as AsyncIterable<Buffer>) parts.push(part);
        files.set(name, { filename, content: Buffer.concat(parts) });
      })(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    boy.on("finish", () => resolve());
    boy.on("error", reject);
    Readable.from(body).pipe(boy);
  });
  await Promise.all(reading);
  return { fields, files };
}
