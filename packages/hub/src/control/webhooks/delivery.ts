/** Deliveries: one message to one receiver, with every try that was made. They are kept for a while as a log. */
import type { DocumentStore } from "@hearth/jobs";

const COLLECTION = "control_deliveries";
const KEEP_MS = 7 * 24 * 3600 * 1000;
const KEEP_MOST = 5000;

export interface Attempt {
  /** UTC milliseconds */
  readonly at: number;
  readonly milliseconds: number;
  /** what the receiver answered; absent: it did not */
  readonly status?: number;
  /** why the try failed */
  readonly error?: string;
}

export interface Delivery {
  /** the same in every try: receivers know repeats by it */
  readonly id: string;
  /** id of the endpoint, or of the workflow that named its own address */
  readonly target: string;
  readonly owner: string;
  readonly url: string;
  /** `workflow.completed` and the like */
  readonly type: string;
  readonly workflowId: string;
  /** JSON text; links of outputs are signed at each try */
  readonly payload: string;
  readonly createdAt: number;
  readonly state: "pending" | "delivered" | "failed";
  readonly attempts: readonly Attempt[];
  /** tries since it was asked for, by an event or by hand */
  readonly tries: number;
  /** UTC milliseconds of the next try, while it is pending */
  readonly nextAt: number;
}

export class DeliveryLog {
  readonly #documents: DocumentStore;

  constructor(documents: DocumentStore) {
    this.#documents = documents;
  }

  /** False when there is one of this id already. */
  add(delivery: Delivery): Promise<boolean> {
    return this.#documents.add(COLLECTION, delivery.id, JSON.stringify(delivery));
  }

  async put(delivery: Delivery): Promise<void> {
    await this.#documents.put(COLLECTION, delivery.id, JSON.stringify(delivery));
  }

  async get(id: string): Promise<Delivery | undefined> {
    const kept = await this.#documents.get(COLLECTION, id);
    return kept === undefined ? undefined : (JSON.parse(kept.text) as Delivery);
  }

  /** Newest first. */
  async list(filter: Partial<Pick<Delivery, "target" | "state">>): Promise<Delivery[]> {
    const all = (await this.#documents.list(COLLECTION)).map(({ text }) => JSON.parse(text) as Delivery);
    return all
      .filter(({ target }) => filter.target === undefined || target === filter.target)
      .filter(({ state }) => filter.state === undefined || state === filter.state)
      .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
  }

  /** Forgets ended deliveries that are old or too many. */
  async prune(now = Date.now()): Promise<void> {
    const ended = (await this.list({})).filter(({ state }) => state !== "pending");
    for (const [index, { id, createdAt }] of ended.entries()) {
      if (index >= KEEP_MOST || now - createdAt >= KEEP_MS) await this.#documents.remove(COLLECTION, id);
    }
  }
}
