/**
 * Who may talk to the bot: anybody can find a bot by its name, so a chat has to show the pairing code once. Its operator
 * sees the code in Studio; taking a chat off the list makes another code.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { JobStore } from "@hearth/jobs";
import { isJsonObject, parseJson, printJson } from "@hearth/protocol";

export interface PairedChat {
  /** Telegram's id, as text: it may be negative and beyond 32 bits */
  readonly id: string;
  readonly name: string;
  /** gets a message for what happens in the hub */
  readonly notify: boolean;
}

const CHATS = "telegram-chats";
const SETTINGS = "telegram";
const CODE = "pairing-code";

export class Chats {
  readonly #documents: JobStore["documents"];

  constructor(documents: JobStore["documents"]) {
    this.#documents = documents;
  }

  async list(): Promise<PairedChat[]> {
    return (await this.#documents.list(CHATS)).flatMap(({ key, text }) => readChat(key, text));
  }

  async get(id: string): Promise<PairedChat | undefined> {
    const document = await this.#documents.get(CHATS, id);
    return document === undefined ? undefined : readChat(id, document.text)[0];
  }

  /** Pairs a chat that shows the right code. */
  async pair(id: string, name: string, code: string): Promise<boolean> {
    const given = Buffer.from(code.trim());
    const right = Buffer.from(await this.code());
    if (given.length !== right.length || !timingSafeEqual(given, right)) return false;
    await this.#put({ id, name, notify: true });
    return true;
  }

  /** Turns the messages of what happens in the hub on or off. */
  async setNotify(id: string, notify: boolean): Promise<void> {
    const chat = await this.get(id);
    if (chat !== undefined) await this.#put({ ...chat, notify });
  }

  /** Takes a chat off the list, and makes another code. False when it was not on it. */
  async remove(id: string): Promise<boolean> {
    if (!(await this.#documents.remove(CHATS, id))) return false;
    await this.#documents.put(SETTINGS, CODE, newCode());
    return true;
  }

  /** The code that a new chat has to show. */
  async code(): Promise<string> {
    const kept = await this.#documents.get(SETTINGS, CODE);
    if (kept !== undefined) return kept.text;
    await this.#documents.add(SETTINGS, CODE, newCode());
    return (await this.#documents.get(SETTINGS, CODE))?.text ?? this.code();
  }

  async #put({ id, name, notify }: PairedChat): Promise<void> {
    await this.#documents.put(CHATS, id, printJson({ name, notify }, "compact"));
  }
}

/** Of the letters that a link of Telegram may carry. */
function newCode(): string {
  return randomBytes(18).toString("base64url");
}

function readChat(id: string, text: string): PairedChat[] {
  const value = parseJson(text);
  if (!isJsonObject(value)) return [];
  const { name, notify } = value;
  return [{ id, name: typeof name === "string" ? name : "", notify: notify === true }];
}
