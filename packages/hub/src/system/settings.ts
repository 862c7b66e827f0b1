/** What an operator sets while the server runs; kept in the database. */
import type { DocumentStore } from "@hearth/jobs";

const COLLECTION = "settings";
const MAX_CONCURRENT = "max_concurrent";
const DEFAULT_DOWNLOADS = 3;
const MOST_DOWNLOADS = 10;

export class Settings {
  readonly #documents: DocumentStore;
  readonly #listeners = new Set<() => void>();
  #maxConcurrent: number;

  private constructor(documents: DocumentStore, maxConcurrent: number) {
    this.#documents = documents;
    this.#maxConcurrent = maxConcurrent;
  }

  /** `fallback`: text of `MAX_CONCURRENT_DOWNLOADS`, for as long as nobody has set a number. */
  static async open(documents: DocumentStore, fallback = ""): Promise<Settings> {
    const kept = await documents.get(COLLECTION, MAX_CONCURRENT);
    return new Settings(documents, numberOf(kept?.text) ?? numberOf(fallback) ?? DEFAULT_DOWNLOADS);
  }

  /** How many downloads may run at the same time, 1 to 10. */
  get maxConcurrent(): number {
    return this.#maxConcurrent;
  }

  /** Sets it to the nearest number of 1 to 10, durably, and tells who listens. */
  async setMaxConcurrent(wanted: number): Promise<void> {
    const value = clamped(wanted);
    await this.#documents.put(COLLECTION, MAX_CONCURRENT, String(value));
    this.#maxConcurrent = value;
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` after every change; gives the function that ends this. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function clamped(value: number): number {
  return Math.min(MOST_DOWNLOADS, Math.max(1, value));
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text.trim()) ? clamped(Number(text)) : undefined;
}
