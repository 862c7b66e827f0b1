/** Jobs that were started from chats, until their outcome has been sent; kept over a restart. */
import type { JobStore } from "@hearth/jobs";
import { isJsonObject, parseJson, printJson } from "@hearth/protocol";

export interface ChatRun {
  readonly promptId: string;
  readonly chat: string;
  /** name of the preset */
  readonly preset: string;
}

const COLLECTION = "telegram-runs";

export class ChatRuns {
  readonly #documents: JobStore["documents"];

  constructor(documents: JobStore["documents"]) {
    this.#documents = documents;
  }

  async add({ promptId, chat, preset }: ChatRun): Promise<void> {
    await this.#documents.put(COLLECTION, promptId, printJson({ chat, preset }, "compact"));
  }

  async list(): Promise<ChatRun[]> {
    return (await this.#documents.list(COLLECTION)).flatMap(({ key, text }) => {
      const value = parseJson(text);
      if (!isJsonObject(value)) return [];
      const { chat, preset } = value;
      return typeof chat === "string" && typeof preset === "string" ? [{ promptId: key, chat, preset }] : [];
    });
  }

  async remove(promptId: string): Promise<void> {
    await this.#documents.remove(COLLECTION, promptId);
  }
}
