/**
 * Named keys beside the server's own one. A key is `hearth_<id>_<secret>`; only a digest of the secret is kept, so that
 * nobody can read keys out of the database. Secrets are random and long, so a plain digest is as good as a slow one.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { DocumentStore } from "@hearth/jobs";
import { isJsonObject, parseJson, printJson } from "@hearth/protocol";
import { type Identity, readScopes, type Scope } from "./identity.ts";

const COLLECTION = "api_keys";
const FORM = /^hearth_([0-9a-f]{12})_([\w-]{32})$/;

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** UTC milliseconds */
  readonly createdAt: number;
}

interface KeptKey extends ApiKey {
  readonly digest: Buffer;
}

export class ApiKeys {
  readonly #documents: DocumentStore;
  readonly #keys = new Map<string, KeptKey>();
  readonly #listeners = new Set<(id: string) => void>();

  private constructor(documents: DocumentStore) {
    this.#documents = documents;
  }

  static async open(documents: DocumentStore): Promise<ApiKeys> {
    const keys = new ApiKeys(documents);
    for (const { key, text } of await documents.list(COLLECTION)) {
      const kept = readKept(key, text);
      if (kept !== undefined) keys.#keys.set(key, kept);
    }
    return keys;
  }

  /** All keys, oldest first, without their secrets. */
  list(): ApiKey[] {
    return [...this.#keys.values()]
      .sort((a, b) => a.createdAt - b.createdAt)
      .map(({ id, name, scopes, createdAt }) => ({ id, name, scopes, createdAt }));
  }

  /** Makes a key. Its text is given back here, and never again. */
  async create(name: string, scopes: readonly Scope[]): Promise<{ key: ApiKey; text: string }> {
    const id = randomBytes(6).toString("hex");
    const secret = randomBytes(24).toString("base64url");
    const key: ApiKey = { id, name, scopes, createdAt: Date.now() };
    const digest = digestOf(secret);
    const kept = { name, scopes, created_at: key.createdAt, digest: digest.toString("hex") };
    await this.#documents.put(COLLECTION, id, printJson(kept, "compact"));
    this.#keys.set(id, { ...key, digest });
    return { key, text: `hearth_${id}_${secret}` };
  }

  /** False when there was none. From this call on the key opens nothing, and what it opened ends. */
  async revoke(id: string): Promise<boolean> {
    this.#keys.delete(id);
    for (const listener of this.#listeners) listener(id);
    return this.#documents.remove(COLLECTION, id);
  }

  /** Calls `listener` with the id of every key that is revoked; gives the function that ends this. */
  onRevoked(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whose key this text is; takes the same time for every wrong secret. */
  find(text: string): Identity | undefined {
    const [, id = "", secret = ""] = FORM.exec(text) ?? [];
    const kept = this.#keys.get(id);
    if (kept === undefined || !timingSafeEqual(digestOf(secret), kept.digest)) return undefined;
    return identityOf(kept);
  }

  byId(id: string): Identity | undefined {
    const kept = this.#keys.get(id);
    return kept === undefined ? undefined : identityOf(kept);
  }
}

function identityOf({ id, name, scopes }: ApiKey): Identity {
  return { owner: `key:${id}`, name, scopes, keyId: id };
}

function digestOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

function readKept(id: string, text: string): KeptKey | undefined {
  const value = parseJson(text);
  if (!isJsonObject(value)) return undefined;
  const { name, scopes: given, created_at, digest } = value;
  const scopes = readScopes(given);
  if (typeof name !== "string" || scopes === undefined || typeof digest !== "string") return undefined;
  return { id, name, scopes, createdAt: Number(created_at), digest: Buffer.from(digest, "hex") };
}
