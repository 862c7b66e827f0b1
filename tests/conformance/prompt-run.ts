/** Posts prompts and waits for their end. */
import { isJsonObject, type JsonObject, type JsonValue } from "@hearth/protocol";
import type { HttpResponse } from "./client.ts";
import { decodeFrame } from "./frames.ts";
import type { ServerUnderTest } from "./server.ts";
import { GoldenSocket, type ReceivedFrame } from "./socket.ts";

export type PromptEnd =
  | { readonly state: "refused"; readonly status: number; readonly answer: JsonObject }
  | {
      readonly state: "ended";
      /** the entry of the history */
      readonly history: JsonObject;
      /** texts that nodes showed (binary event 3), by node id in order */
      readonly texts: readonly { node: string; text: string }[];
    };

/** A prompt that computes for longer than this hangs. */
const END_MS = 60_000;
const LOOK_MS = 1000;

/** A client with a socket of its own. */
export class PromptClient {
  readonly #server: ServerUnderTest;
  readonly #socket: GoldenSocket;
  readonly #clientId: string;

  private constructor(server: ServerUnderTest, socket: GoldenSocket, clientId: string) {
    this.#server = server;
    this.#socket = socket;
    this.#clientId = clientId;
  }

  static async open(server: ServerUnderTest): Promise<PromptClient> {
    const clientId = crypto.randomUUID().replaceAll("-", "");
    const socket = await GoldenSocket.connect(server.baseUrl, `/ws?clientId=${clientId}`);
    if (!socket.open) throw new Error(`the socket was refused with status ${socket.status}`);
    return new PromptClient(server, socket, clientId);
  }

  /** Posts a prompt and waits for its end. @throws when it does not end */
  async run(prompt: JsonObject, extraData: JsonObject = {}): Promise<PromptEnd> {
    this.#socket.take();
    const answer = await this.#server.post("/prompt", {
      prompt,
      client_id: this.#clientId,
      extra_data: extraData,
    });
    if (answer.status !== 200) return { state: "refused", status: answer.status, answer: objectIn(answer) };
    const id = String(objectIn(answer)["prompt_id"]);
    // The message may be lost with a worker or a socket, the history is not.
    const end = Date.now() + END_MS;
    for (;;) {
      const told = await this.#socket.wait((fresh) => fresh.some((frame) => isEnd(frame, id)), LOOK_MS);
      const history = objectIn(await this.#server.get(`/history/${id}`))[id];
      if (history !== undefined && isJsonObject(history)) {
        return { state: "ended", history, texts: this.#socket.take().flatMap(textOf) };
      }
      if (told) throw new Error("the prompt ended, but its history is empty");
      if (Date.now() > end) throw new Error(`the prompt did not end within ${END_MS / 1000} s`);
    }
  }

  close(): Promise<void> {
    return this.#socket.close();
  }
}

/** History is written before this last message. */
function isEnd(frame: ReceivedFrame, id: string): boolean {
  const message = decodeFrame(frame)["json"];
  if (message === undefined || !isJsonObject(message) || message["type"] !== "executing") return false;
  const data = message["data"] as JsonObject;
  return data["node"] === null && data["prompt_id"] === id;
}

function textOf(frame: ReceivedFrame): { node: string; text: string }[] {
  const binary = decodeFrame(frame)["binary"];
  if (binary === undefined || !isJsonObject(binary) || binary["event"] !== 3) return [];
  return [{ node: String(binary["node"]), text: String(binary["text"]) }];
}

function objectIn(answer: HttpResponse): JsonObject {
  const value: JsonValue = answer.json();
  if (!isJsonObject(value)) throw new Error(`status ${answer.status}: not a JSON object`);
  return value;
}

/** The data of a message of the history's status, e.g. of `execution_error`. */
export function statusMessage(history: JsonObject, type: string): JsonObject | undefined {
  const status = history["status"] as JsonObject;
  for (const message of (status["messages"] ?? []) as JsonValue[][]) {
    if (message[0] === type) return message[1] as JsonObject;
  }
  return undefined;
}
