/** A small ComfyUI client: queues one prompt, follows it on the socket, and reads its outputs from history. */
import { randomUUID } from "node:crypto";
import { entriesOf, isJsonObject, type JsonObject, parseJson, printJson } from "@hearth/protocol";
import WebSocket from "ws";

export interface OutputFile {
  readonly nodeId: string;
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
}

export interface RunEvents {
  /** share of the prompt that is done, 0…1, and what runs now */
  readonly progress?: (share: number, label: string) => void;
}

export interface RunOutcome {
  readonly promptId: string;
  readonly files: readonly OutputFile[];
  readonly texts: readonly string[];
  readonly milliseconds: number;
}

/** The server refused the prompt, or a node failed. */
export class PromptFailed extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PromptFailed";
  }
}

/** Runs `prompt` on the server at `base`. @throws PromptFailed with what the server said */
export async function runPrompt(
  base: string,
  prompt: JsonObject,
  events: RunEvents = {},
): Promise<RunOutcome> {
  const clientId = randomUUID();
  const socket = new WebSocket(`${base.replace(/^http/, "ws")}/ws?clientId=${clientId}`);
  const follower = new Follower(prompt, events);
  const closed = new Promise<never>((_, reject) => {
    socket.on("error", reject);
    socket.on("close", () => reject(new PromptFailed("the server closed the connection")));
  });
  closed.catch(() => undefined);
  try {
    await Promise.race([new Promise<void>((resolve) => socket.on("open", () => resolve())), closed]);
    const promptId = randomUUID();
    // Listening starts before the prompt is sent: a quick run is over before its POST is answered.
    const ended = new Promise<void>((resolve) => {
      socket.on("message", (data: Buffer, isBinary: boolean) => {
        if (!isBinary && follower.hear(parseJson(data.toString("utf8")) as JsonObject, promptId)) resolve();
      });
    });
    const started = performance.now();
    await queuePrompt(base, { prompt, prompt_id: promptId, client_id: clientId });
    await Promise.race([ended, closed]);
    const milliseconds = performance.now() - started;
    return { promptId, milliseconds, ...(await outputsOf(base, promptId)) };
  } finally {
    socket.close();
  }
}

async function queuePrompt(base: string, body: JsonObject): Promise<void> {
  const response = await fetch(`${base}/prompt`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: printJson(body, "compact"),
  });
  if (!response.ok) throw new PromptFailed(refusal(await response.text()));
}

function refusal(text: string): string {
  let answer: unknown;
  try {
    answer = parseJson(text);
  } catch {
    return text;
  }
  if (!isJsonObject(answer) || !isJsonObject(answer["error"] as never)) return text;
  const lines = [String((answer["error"] as JsonObject)["message"])];
  if (isJsonObject(answer["node_errors"])) {
    for (const [id, node] of entriesOf(answer["node_errors"])) {
      for (const error of (node as { errors: JsonObject[] }).errors) {
        lines.push(`  node ${id}: ${String(error["message"])}: ${String(error["details"])}`);
      }
    }
  }
  return lines.join("\n");
}

async function history(base: string, promptId: string): Promise<JsonObject | undefined> {
  const answer = parseJson(await (await fetch(`${base}/history/${promptId}`)).text()) as JsonObject;
  return answer[promptId] as JsonObject | undefined;
}

async function outputsOf(base: string, promptId: string): Promise<{ files: OutputFile[]; texts: string[] }> {
  const entry = await history(base, promptId);
  if (entry === undefined) throw new PromptFailed("the server does not know the prompt any more");
  const status = entry["status"] as JsonObject;
  if (status["status_str"] !== "success") throw new PromptFailed(failure(status));
  const files: OutputFile[] = [];
  const texts: string[] = [];
  for (const [nodeId, output] of entriesOf(entry["outputs"] as JsonObject)) {
    for (const list of Object.values(output as JsonObject)) {
      for (const item of Array.isArray(list) ? list : []) {
        if (typeof item === "string") texts.push(item);
        else if (isJsonObject(item) && typeof item["filename"] === "string") {
          files.push({ nodeId, ...(item as unknown as Omit<OutputFile, "nodeId">) });
        }
      }
    }
  }
  return { files, texts };
}

function failure(status: JsonObject): string {
  for (const message of status["messages"] as [string, JsonObject][]) {
    if (message[0] === "execution_error") {
      const { node_id, node_type, exception_message } = message[1];
      return `node ${String(node_id)} (${String(node_type)}): ${String(exception_message).trim()}`;
    }
    if (message[0] === "execution_interrupted") return "interrupted";
  }
  return "the prompt failed";
}

/** Turns messages into the share that is done. */
class Follower {
  readonly #prompt: JsonObject;
  readonly #events: RunEvents;
  readonly #done = new Set<string>();
  #node = "";

  constructor(prompt: JsonObject, events: RunEvents) {
    this.#prompt = prompt;
    this.#events = events;
  }

  /** True when the run is over. */
  hear(message: JsonObject, promptId: string): boolean {
    const data = message["data"] as JsonObject;
    if (data["prompt_id"] !== promptId) return false;
    if (message["type"] === "execution_cached")
      for (const id of data["nodes"] as string[]) this.#done.add(id);
    else if (message["type"] === "executing") {
      if (data["node"] === null) return true;
      if (this.#node !== "") this.#done.add(this.#node);
      this.#node = String(data["node"]);
      this.#tell(0);
    } else if (message["type"] === "progress") this.#tell(Number(data["value"]) / Number(data["max"]));
    else if (message["type"] === "execution_success") this.#events.progress?.(1, "done");
    return false;
  }

  #tell(part: number): void {
    const total = Math.max(1, Object.keys(this.#prompt).length);
    const node = this.#prompt[this.#node];
    const label = isJsonObject(node) ? String(node["class_type"]) : this.#node;
    this.#events.progress?.(Math.min(1, (this.#done.size + part) / total), label);
  }
}
