/** SHA-256 of model files: each is computed once for a file as it is, in a thread, one after the other. */
import { stat } from "node:fs/promises";
import type { JobStore } from "@hearth/jobs";
import { isJsonObject, parseJson, printJson } from "@hearth/protocol";
import type { HashResult } from "./hash-thread.ts";
import { OnDemandThread } from "./on-demand-thread.ts";

const COLLECTION = "model-hashes";
const MODULE = new URL("./hash-thread.ts", import.meta.url);

export class ModelHashes {
  readonly #documents: JobStore["documents"];
  readonly #thread = new OnDemandThread(MODULE);
  #last: Promise<unknown> = Promise.resolve();

  constructor(documents: JobStore["documents"]) {
    this.#documents = documents;
  }

  /**
   * The hash of a file as 64 hex digits, from the last time where the file has not changed since.
   * @throws the system's error when it cannot be read
   */
  async of(file: string): Promise<string> {
    const stamp = await stampOf(file);
    const known = await this.#documents.get(COLLECTION, file);
    if (known !== undefined) {
      const value = parseJson(known.text);
      if (isJsonObject(value) && value["stamp"] === stamp && typeof value["sha256"] === "string") {
        return value["sha256"];
      }
    }
    const sha256 = await this.compute(file);
    // A file that was written to meanwhile has another hash by now.
    if ((await stampOf(file)) === stamp) {
      await this.#documents.put(COLLECTION, file, printJson({ stamp, sha256 }, "compact"));
    }
    return sha256;
  }

  /** Hashes that were computed, by absolute path; a file may have changed since. */
  async allKnown(): Promise<Map<string, string>> {
    const all = new Map<string, string>();
    for (const { key, text } of await this.#documents.list(COLLECTION)) {
      const value = parseJson(text);
      if (isJsonObject(value) && typeof value["sha256"] === "string") all.set(key, value["sha256"]);
    }
    return all;
  }

  /** The hash of a file as it is now; nothing is kept. */
  async compute(file: string): Promise<string> {
    // Two files at once would make the disk jump between them.
    const result = this.#last.then(() => this.#thread.call<HashResult>("sha256", file));
    this.#last = result.catch(() => undefined);
    const answer = await result;
    if ("problem" in answer) {
      throw Object.assign(new Error(`the file cannot be hashed: ${answer.problem}`), {
        code: answer.problem,
      });
    }
    return answer.sha256;
  }

  async forget(file: string): Promise<void> {
    await this.#documents.remove(COLLECTION, file);
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}

async function stampOf(file: string): Promise<string> {
  const { size, mtimeNs } = await stat(file, { bigint: true });
  return `${size}-${mtimeNs}`;
}
