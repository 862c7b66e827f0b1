/** Small records of one kind that belong to keys: runners, templates. */
import { randomUUID } from "node:crypto";
import type { DocumentStore } from "@hearth/jobs";
import type { FastifyRequest } from "fastify";
import { sees } from "../../auth/identity.ts";
import { utc } from "../../control/times.ts";
import { HttpError } from "../errors.ts";
import { isUuid } from "./context.ts";

export interface Owned<T> {
  readonly owner: string;
  /** UTC milliseconds */
  readonly createdAt: number;
  readonly value: T;
}

export interface OwnedDocument<T> extends Owned<T> {
  readonly id: string;
  readonly updatedAt: number;
}

/** More of one key are somebody's mistake. */
const MOST = 500;

export class OwnedDocuments<T> {
  readonly #documents: DocumentStore;
  readonly #collection: string;
  readonly #word: string;

  /** `word`: what one of them is called in errors */
  constructor(documents: DocumentStore, collection: string, word: string) {
    this.#documents = documents;
    this.#collection = collection;
    this.#word = word;
  }

  /** What the caller may see, newest first. */
  async list(request: FastifyRequest): Promise<OwnedDocument<T>[]> {
    const owner = sees(request.identity);
    const kept = await this.#documents.list(this.#collection);
    return kept
      .map(({ key, text, updatedAt }) => ({ ...(JSON.parse(text) as Owned<T>), id: key, updatedAt }))
      .filter((document) => owner === undefined || document.owner === owner)
      .sort((a, b) => b.createdAt - a.createdAt);
  }

  /** @throws HttpError 404 for unknown ones and those of others */
  async get(request: FastifyRequest, id: string): Promise<OwnedDocument<T>> {
    const kept = isUuid(id) ? await this.#documents.get(this.#collection, id) : undefined;
    const owner = sees(request.identity);
    const document = kept === undefined ? undefined : (JSON.parse(kept.text) as Owned<T>);
    if (kept === undefined || document === undefined || (owner !== undefined && document.owner !== owner)) {
      throw new HttpError(404, `There is no ${this.#word} ${id}`);
    }
    return { ...document, id, updatedAt: kept.updatedAt };
  }

  /** @throws HttpError 403 when the caller has too many */
  async create(request: FastifyRequest, value: T): Promise<OwnedDocument<T>> {
    const { owner } = request.identity;
    const own = (await this.list(request)).filter((document) => document.owner === owner);
    if (own.length >= MOST) throw new HttpError(403, `There may be ${MOST} ${this.#word}s at most`);
    return this.#put(randomUUID(), { owner, createdAt: Date.now(), value });
  }

  async replace(document: OwnedDocument<T>, value: T): Promise<OwnedDocument<T>> {
    return this.#put(document.id, { owner: document.owner, createdAt: document.createdAt, value });
  }

  async remove(request: FastifyRequest, id: string): Promise<void> {
    await this.get(request, id);
    await this.#documents.remove(this.#collection, id);
  }

  async #put(id: string, document: Owned<T>): Promise<OwnedDocument<T>> {
    await this.#documents.put(this.#collection, id, JSON.stringify(document));
    return { ...document, id, updatedAt: Date.now() };
  }
}

/** `id` and the times of a record, as the contract shows them. */
export function shownTimes({ id, createdAt, updatedAt }: OwnedDocument<unknown>): Record<string, unknown> {
  return { id, created_at: utc(createdAt), updated_at: utc(updatedAt) };
}
