/**
 * `Idempotency-Key`: the same key with the same request gives the same job for a day, however often it is sent; with
 * another request it is refused. A key whose request became no job is free again.
 */
import { createHash } from "node:crypto";
import type { JobStore } from "@hearth/jobs";

const COLLECTION = "control_idempotency";
const DAY_MS = 24 * 3600 * 1000;

interface Kept {
  readonly id: string;
  readonly fingerprint: string;
}

export type Claim =
  /** the request is to become job `id` */
  | { readonly outcome: "new" }
  /** it became this job before */
  | { readonly outcome: "repeated"; readonly id: string }
  /** another request has the key */
  | { readonly outcome: "taken" };

export class IdempotencyKeys {
  readonly #store: Pick<JobStore, "documents" | "recordByPromptId">;
  /** requests of one key go one after the other */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(store: Pick<JobStore, "documents" | "recordByPromptId">) {
    this.#store = store;
  }

  /**
   * Runs `submit` unless the key gave a job already. `fingerprint`: of all that the request says.
   * When `submit` fails, the key is free again.
   */
  async once(owner: string, key: string, request: Kept, submit: () => Promise<void>): Promise<Claim> {
    const document = createHash("sha256").update(`${owner}\0${key}`).digest("hex");
    const before = this.#turns.get(document) ?? Promise.resolve();
    const turn = before.then(() => this.#claim(document, request, submit));
    const settled = turn.catch(() => undefined);
    this.#turns.set(document, settled);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(document) === settled) this.#turns.delete(document);
    }
  }

  async #claim(document: string, request: Kept, submit: () => Promise<void>): Promise<Claim> {
    const found = await this.#store.documents.get(COLLECTION, document);
    if (found !== undefined && Date.now() - found.updatedAt < DAY_MS) {
      const kept = JSON.parse(found.text) as Kept;
      // A hub that died between writing the key and the job left a key without one.
      if ((await this.#store.recordByPromptId(kept.id)) !== undefined) {
        return kept.fingerprint === request.fingerprint
          ? { outcome: "repeated", id: kept.id }
          : { outcome: "taken" };
      }
    }
    await this.#store.documents.put(COLLECTION, document, JSON.stringify(request));
    try {
      await submit();
    } catch (error) {
      await this.#store.documents.remove(COLLECTION, document);
      throw error;
    }
    return { outcome: "new" };
  }

  /** Removes the keys of yesterday. */
  async prune(): Promise<void> {
    for (const { key, updatedAt } of await this.#store.documents.list(COLLECTION)) {
      if (Date.now() - updatedAt >= DAY_MS) await this.#store.documents.remove(COLLECTION, key);
    }
  }
}
