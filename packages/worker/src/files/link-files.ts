/**
 * Files of jobs for a worker without the hub's disk. Inputs are kept by the hash of their content, and asked for again
 * only when the hub has other content; a broken download goes on where it stopped. Outputs are sent until the hub has
 * them: under the id of their upload, so that one whose answer was lost is not kept twice.
 */
import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import path from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Blake3Hasher } from "@napi-rs/blake-hash";
import { type InputFile, isJsonObject, parseJson, type StoredFile } from "@hearth/protocol";
import { type HubRequest, hubRequest, type HubTarget, shownHub } from "../hub-request.ts";
import type { WorkerSettings } from "../settings.ts";
import { FileCache } from "./file-cache.ts";
import type { FileExchange } from "./file-exchange.ts";
import { updateWithFile } from "./hash-file.ts";

const DEFAULT_CACHE_BYTES = 10 * 1024 ** 3;
/** Waited for before a broken transfer is taken up again; as long as bytes come over, it is tried again. */
const DELAYS_MS = [100, 500, 2_000, 5_000, 10_000, 15_000];
const LONGEST_ANSWER = 1 << 20;

/** The hub's answer is final: asking again will not change it. */
class RefusedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RefusedError";
  }
}

export type LinkFilesSettings = Pick<WorkerSettings, "hub" | "token" | "folders"> & {
  /** bytes that fetched inputs may take; default: 10 GB */
  readonly fileCacheBytes?: number;
};

export class LinkFiles implements FileExchange {
  readonly #hub: HubTarget;
  readonly #token: string;
  readonly #folder: string;
  readonly #cache: FileCache;
  /** inputs that are being fetched, by type and name */
  readonly #fetching = new Map<string, Promise<{ path: string; hash: string }>>();

  constructor({ hub, token, folders, fileCacheBytes = DEFAULT_CACHE_BYTES }: LinkFilesSettings) {
    this.#hub = "url" in hub ? { ...hub, token } : hub;
    this.#token = token;
    this.#folder = path.join(folders.studio, "file-cache");
    this.#cache = new FileCache(this.#folder, fileCacheBytes);
  }

  input(file: InputFile): Promise<{ readonly path: string; readonly hash: string }> {
    const key = `${file.type}/${file.name}`;
    const before = this.#fetching.get(key);
    if (before !== undefined) return before;
    const fetching = this.#fetch(key).finally(() => this.#fetching.delete(key));
    this.#fetching.set(key, fetching);
    return fetching;
  }

  async #fetch(key: string): Promise<{ path: string; hash: string }> {
    await this.#cache.open();
    return this.#persistently(`fetching ${key}`, async (progress) => {
      const known = await this.#cache.find(key);
      const part = this.#cache.partOf(key);
      const have = await part.read();
      const answer = await this.#ask({
        method: "GET",
        path: linkPath(key),
        headers: {
          ...(known === undefined ? {} : { "if-none-match": known.tag }),
          ...(have === undefined ? {} : { range: `bytes=${have.size}-`, "if-range": have.tag }),
        },
      });
      const { statusCode = 0, headers } = answer;
      if (statusCode === 304 && known !== undefined) {
        answer.resume();
        return this.#cache.use(known.hash);
      }
      if (statusCode === 416) {
        answer.resume();
        await part.remove();
        throw new Error("the file has become shorter meanwhile");
      }
      if (statusCode !== 200 && statusCode !== 206) throw await refusal(answer, key);
      const { etag: tag = "" } = headers;
      const isRest = statusCode === 206 && have !== undefined;
      const hasher = new Blake3Hasher();
      if (isRest) await updateWithFile(hasher, have.path);
      else await part.begin(tag);
      const counted = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
        for await (const chunk of chunks) {
          hasher.update(chunk);
          progress();
          yield chunk;
        }
      };
      await pipeline(answer, counted, createWriteStream(part.path, { flags: isRest ? "a" : "w" }));
      if (!answer.complete) throw new Error("the connection broke");
      const hash = hasher.digest("hex");
      await this.#cache.keep(key, { tag, hash }, part.path);
      return this.#cache.use(hash);
    });
  }

  async output(file: StoredFile, content: Readable): Promise<StoredFile> {
    const folder = path.join(this.#folder, "outgoing");
    // It may break before anybody reads it.
    content.on("error", () => undefined);
    await mkdir(folder, { recursive: true });
    const id = randomUUID();
    const kept = path.join(folder, id);
    const key = [file.type, ...file.subfolder.split(/[/\\]/), file.filename]
      .filter((part) => part !== "")
      .join("/");
    try {
      // Whole on this disk first: a transfer that breaks begins again, and the content can be read only once.
      await pipeline(content, createWriteStream(kept));
      const { size } = await stat(kept);
      return await this.#persistently(`sending ${key}`, async (progress) => {
        const body = createReadStream(kept);
        body.on("data", progress).pause();
        const headers = { "content-length": String(size), "x-upload-id": id };
        const answer = await this.#ask({ method: "PUT", path: linkPath(key), headers, body });
        if (answer.statusCode !== 200) throw await refusal(answer, key);
        return readStored(await textOf(answer));
      });
    } finally {
      await rm(kept, { force: true });
    }
  }

  #ask(request: Omit<HubRequest, "token">): Promise<IncomingMessage> {
    return hubRequest(this.#hub, { ...request, token: this.#token });
  }

  /** Tries again after a pause, longer and longer, until pauses are used up or the hub says no. Progress begins anew. */
  async #persistently<T>(what: string, attempt: (progress: () => void) => Promise<T>): Promise<T> {
    let failures = 0;
    for (;;) {
      try {
        return await attempt(() => (failures = 0));
      } catch (error) {
        const delay = DELAYS_MS[failures];
        failures += 1;
        if (error instanceof RefusedError || delay === undefined) {
          const reason = error instanceof Error ? error.message : String(error);
          throw new Error(`${what} over ${shownHub(this.#hub)} failed: ${reason}`, { cause: error });
        }
        await sleep(delay);
      }
    }
  }
}

function linkPath(key: string): string {
  return `/link/files/${key.split("/").map(encodeURIComponent).join("/")}`;
}

/** What the hub's refusal means. */
async function refusal(answer: IncomingMessage, key: string): Promise<Error> {
  const { statusCode = 0 } = answer;
  const text = await textOf(answer).catch(() => "");
  const shown = text === "" ? `the hub answers ${statusCode} for ${key}` : `${statusCode}: ${text}`;
  // Full disks and busy hubs recover.
  const isFinal = statusCode >= 400 && statusCode < 500 && statusCode !== 408 && statusCode !== 429;
  return isFinal ? new RefusedError(shown) : new Error(shown);
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST_ANSWER) throw new Error("the hub's answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function readStored(text: string): StoredFile {
  const value = parseJson(text);
  const { filename, subfolder, type } = isJsonObject(value) ? value : {};
  if (
    typeof filename !== "string" ||
    typeof subfolder !== "string" ||
    (type !== "output" && type !== "temp")
  ) {
    throw new Error("the hub's answer names no file");
  }
  return { filename, subfolder, type };
}
