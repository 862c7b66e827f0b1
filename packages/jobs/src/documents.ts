/** Small things that a hub keeps beside its jobs: settings, keys, saved prompts. Each is a text under a collection and a key. */

export interface StoredDocument {
  readonly key: string;
  readonly text: string;
  /** UTC milliseconds */
  readonly updatedAt: number;
}

/** Each method is one whole transaction; what is written is durable when its promise resolves. */
export interface DocumentStore {
  get(collection: string, key: string): Promise<StoredDocument | undefined>;
  /** All of a collection, by key. */
  list(collection: string): Promise<StoredDocument[]>;
  put(collection: string, key: string, text: string): Promise<void>;
  /** Only when there is none of this key yet; false when there is. */
  add(collection: string, key: string, text: string): Promise<boolean>;
  /** False when there was none. */
  remove(collection: string, key: string): Promise<boolean>;
}
