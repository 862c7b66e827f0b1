/** What the model site says of a file, found by its hash: asked rarely, kept long. */
import { setTimeout as wait } from "node:timers/promises";
import type { JobStore } from "@hearth/jobs";
import { isJsonObject, type JsonObject, parseJson, printJson } from "@hearth/protocol";
import { DownloadError } from "../downloads/errors.ts";
import { getJson } from "../downloads/get-json.ts";
import { authorizationFor, type ModelHosts, type ModelTokens } from "../downloads/hosts.ts";
import { factsOf } from "./site-facts.ts";

export interface MetadataParts {
  readonly documents: JobStore["documents"];
  readonly hosts: ModelHosts;
  readonly tokens: () => ModelTokens;
  readonly allowPrivate: boolean;
  /** least time between two questions to the site, in milliseconds; default 1 s */
  readonly intervalMs?: number | undefined;
  /** an answer is kept for so long; default: a week */
  readonly keepMs?: number | undefined;
}

/** `null`: the site does not know this file. */
export type SiteFacts = JsonObject | null;

interface KeptAnswer {
  readonly facts: SiteFacts;
  /** UTC milliseconds */
  readonly at: number;
}

const COLLECTION = "model-metadata";
const INTERVAL_MS = 1_000;
const DAY_MS = 24 * 3600 * 1000;
/** What the site does not know today it may know tomorrow. */
const UNKNOWN_MS = DAY_MS;
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_TRIES = 4;
const IDLE_MS = 30_000;

export class ModelMetadata {
  readonly #parts: MetadataParts;
  readonly #abort = new AbortController();
  #last: Promise<unknown> = Promise.resolve();
  #askedAt = -Infinity;

  constructor(parts: MetadataParts) {
    this.#parts = parts;
  }

  /** What is known already, whatever its age; `undefined`: nobody asked. */
  async known(sha256: string): Promise<SiteFacts | undefined> {
    return (await this.#kept(sha256))?.facts;
  }

  /** What is known of many files, by hash. */
  async allKnown(): Promise<Map<string, SiteFacts>> {
    const all = new Map<string, SiteFacts>();
    for (const { key, text } of await this.#parts.documents.list(COLLECTION)) {
      const kept = readAnswer(text);
      if (kept !== undefined) all.set(key, kept.facts);
    }
    return all;
  }

  /**
   * The site's facts of a file, from the last answer while that is young enough.
   * @param isForced asks in any case
   * @throws DownloadError
   */
  async fetch(sha256: string, isForced = false): Promise<SiteFacts> {
    const kept = await this.#kept(sha256);
    const age = kept === undefined ? Infinity : Date.now() - kept.at;
    const keepMs = this.#parts.keepMs ?? 7 * DAY_MS;
    if (
      kept !== undefined &&
      !isForced &&
      age < (kept.facts === null ? Math.min(UNKNOWN_MS, keepMs) : keepMs)
    ) {
      return kept.facts;
    }
    const asking = this.#last.then(() => this.#ask(sha256));
    this.#last = asking.catch(() => undefined);
    const facts = await asking;
    await this.#parts.documents.put(COLLECTION, sha256, printJson({ facts, at: Date.now() }, "compact"));
    return facts;
  }

  /** Gives up what is being asked. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#last;
  }

  async #ask(sha256: string): Promise<SiteFacts> {
    const { hosts, tokens, allowPrivate, intervalMs = INTERVAL_MS } = this.#parts;
    const { signal } = this.#abort;
    const url = new URL(`${hosts.civitai.replace(/\/+$/, "")}/api/v1/model-versions/by-hash/${sha256}`);
    const reach = {
      allowPrivate,
      idleMs: IDLE_MS,
      authorization: (at: URL) => authorizationFor(at, hosts, tokens()),
    };
    for (let tries = 1; ; tries += 1) {
      const pause = this.#askedAt + intervalMs - performance.now();
      if (pause > 0) await wait(pause, undefined, { signal });
      this.#askedAt = performance.now();
      try {
        const answer = await getJson(url, reach, MAX_BYTES, signal);
        if (answer === undefined) return null;
        if (!isJsonObject(answer)) throw new DownloadError("The model site's answer is no JSON object");
        return factsOf(answer, hosts);
      } catch (error) {
        const isPassing = error instanceof DownloadError && error.isPassing;
        if (!isPassing || tries >= MAX_TRIES) throw error;
        // The site says how long it wants to be left alone.
        await wait(error.retryAfterMs ?? intervalMs * 2 ** tries, undefined, { signal });
      }
    }
  }

  async #kept(sha256: string): Promise<KeptAnswer | undefined> {
    const document = await this.#parts.documents.get(COLLECTION, sha256);
    return document === undefined ? undefined : readAnswer(document.text);
  }
}

function readAnswer(text: string): KeptAnswer | undefined {
  const value = parseJson(text);
  if (!isJsonObject(value)) return undefined;
  const { facts, at } = value;
  if (typeof at !== "number" || (facts !== null && !isJsonObject(facts))) return undefined;
  return { facts, at };
}
