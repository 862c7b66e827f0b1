/** The signing secret of a key, for the addresses that come with single workflows. */
import type { DocumentStore } from "@hearth/jobs";
import { newSecrets, rotated, type Secrets } from "./secrets.ts";

const COLLECTION = "control_webhook_secrets";

export class OwnerSecrets {
  readonly #documents: DocumentStore;

  constructor(documents: DocumentStore) {
    this.#documents = documents;
  }

  /** Made when it is first asked for. */
  async of(owner: string): Promise<Secrets> {
    await this.#documents.add(COLLECTION, owner, JSON.stringify(newSecrets()));
    const kept = await this.#documents.get(COLLECTION, owner);
    return JSON.parse(kept?.text ?? "{}") as Secrets;
  }

  async rotate(owner: string): Promise<Secrets> {
    const secrets = rotated(await this.of(owner));
    await this.#documents.put(COLLECTION, owner, JSON.stringify(secrets));
    return secrets;
  }
}
