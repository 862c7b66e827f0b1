/** Whether the queue is held: what runs goes on, and nothing new begins, also after a restart. */
import type { DocumentStore } from "@hearth/jobs";
import { isJsonObject, parseJson, printJson } from "@hearth/protocol";

const COLLECTION = "settings";
const KEY = "queue";

export class QueuePause {
  readonly #documents: Pick<DocumentStore, "get" | "put">;
  #isPaused = false;

  private constructor(documents: Pick<DocumentStore, "get" | "put">) {
    this.#documents = documents;
  }

  /** As it was left. */
  static async open(documents: Pick<DocumentStore, "get" | "put">): Promise<QueuePause> {
    const pause = new QueuePause(documents);
    const stored = await documents.get(COLLECTION, KEY);
    const value = stored === undefined ? undefined : parseJson(stored.text);
    pause.#isPaused = isJsonObject(value) && value["paused"] === true;
    return pause;
  }

  /** What the dispatcher asks before it claims a job. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** False when it was so already. */
  async set(paused: boolean): Promise<boolean> {
    if (this.#isPaused === paused) return false;
    await this.#documents.put(COLLECTION, KEY, printJson({ paused }));
    this.#isPaused = paused;
    return true;
  }
}
