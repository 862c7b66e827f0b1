/** Where webhooks go: addresses that a key registered, and which types of events each wants. */
import { randomUUID } from "node:crypto";
import net from "node:net";
import type { DocumentStore } from "@hearth/jobs";
import { isPublicAddress } from "../../assets/tasks/public-address.ts";
import { HttpError } from "../../http/errors.ts";
import { STATUSES } from "../status.ts";
import { newSecrets, type Secrets } from "./secrets.ts";

const COLLECTION = "control_webhooks";
/** More are somebody's mistake. */
const MOST_ENDPOINTS = 20;

export const WEBHOOK_EVENTS: readonly string[] = STATUSES.map((status) => `workflow.${status}`);
const TERMINAL_EVENTS = ["workflow.completed", "workflow.failed", "workflow.cancelled", "workflow.invalid"];

export interface Endpoint {
  readonly id: string;
  readonly owner: string;
  readonly url: string;
  readonly events: readonly string[];
  /** false: its receiver said 410, or its owner paused it */
  readonly active: boolean;
  readonly secrets: Secrets;
  /** UTC milliseconds */
  readonly createdAt: number;
}

/** The address, if webhooks may go there. Names are looked up at each delivery. @throws HttpError 400 */
export function webhookUrl(text: string, toPrivate: boolean): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new HttpError(400, `url '${text}' is no http or https address`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new HttpError(400, "url must not carry a user name or a password");
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (!toPrivate && net.isIP(host) !== 0 && !isPublicAddress(host)) {
    throw new HttpError(400, `url leads to the private address ${host}, which is not allowed`);
  }
  return url.href;
}

/** The types of events that are wanted; default: those that end a workflow. @throws HttpError 400 */
export function readEvents(given: readonly string[] | undefined): readonly string[] {
  if (given === undefined) return TERMINAL_EVENTS;
  const unknown = given.find((event) => !WEBHOOK_EVENTS.includes(event));
  if (given.length === 0 || unknown !== undefined) {
    throw new HttpError(400, `events must be some of ${WEBHOOK_EVENTS.join(", ")}, not '${unknown ?? ""}'`);
  }
  return [...new Set(given)];
}

export class Endpoints {
  readonly #documents: DocumentStore;
  readonly #endpoints = new Map<string, Endpoint>();

  constructor(documents: DocumentStore) {
    this.#documents = documents;
  }

  /** Reads those that are kept. */
  async load(): Promise<void> {
    for (const { key, text } of await this.#documents.list(COLLECTION)) {
      this.#endpoints.set(key, JSON.parse(text) as Endpoint);
    }
  }

  /** All of an owner, oldest first; without one, everybody's. */
  list(owner?: string): Endpoint[] {
    return [...this.#endpoints.values()]
      .filter((endpoint) => owner === undefined || endpoint.owner === owner)
      .sort((a, b) => a.createdAt - b.createdAt);
  }

  get(id: string): Endpoint | undefined {
    return this.#endpoints.get(id);
  }

  /** @throws HttpError 403 when the owner has too many */
  async create(given: Pick<Endpoint, "owner" | "url" | "events">): Promise<Endpoint> {
    if (this.list(given.owner).length >= MOST_ENDPOINTS) {
      throw new HttpError(403, `There may be ${MOST_ENDPOINTS} webhooks at most`);
    }
    const endpoint: Endpoint = {
      ...given,
      id: randomUUID(),
      active: true,
      secrets: newSecrets(),
      createdAt: Date.now(),
    };
    await this.save(endpoint);
    return endpoint;
  }

  async save(endpoint: Endpoint): Promise<void> {
    await this.#documents.put(COLLECTION, endpoint.id, JSON.stringify(endpoint));
    this.#endpoints.set(endpoint.id, endpoint);
  }

  async remove(id: string): Promise<void> {
    await this.#documents.remove(COLLECTION, id);
    this.#endpoints.delete(id);
  }
}
