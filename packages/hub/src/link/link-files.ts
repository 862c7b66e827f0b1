/**
 * Files of jobs for workers without the hub's disk: `GET /link/files/<type>/<name>` gives an input, with ranges, so that
 * a broken download goes on where it stopped; `PUT` keeps an output and answers with the name that it got.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import {
  type FileType,
  type Folders,
  OutputError,
  OutsideError,
  placeOutput,
  printJson,
  resolveInside,
  type StoredFile,
} from "@hearth/protocol";
import type { Logger } from "pino";

const TYPES: readonly FileType[] = ["input", "output", "temp"];
/** A repeated upload is answered as the first time, as long as so many others have not come since. */
const MOST_ANSWERS = 10_000;
const CHUNK = 256 * 1024;
/** An upload that stands still for so long is given up. */
const IDLE_MS = 60_000;

export interface LinkFilesOptions {
  readonly folders: Pick<Folders, "input" | "output" | "temp">;
  /** bytes */
  readonly maxUploadBytes: number;
  readonly log: Logger;
}

export class LinkFiles {
  readonly #options: LinkFilesOptions;
  /** id of an upload → what became of it: a worker that lost the answer asks again */
  readonly #answers = new Map<string, StoredFile>();

  constructor(options: LinkFilesOptions) {
    this.#options = options;
  }

  /** Answers a request whose sender may have files. `below`: decoded, what follows `/link/files/`. */
  async take(request: IncomingMessage, response: ServerResponse, below: string): Promise<void> {
    try {
      const [type = "", ...segments] = below.split("/");
      const found = TYPES.find((word) => word === type);
      const name = segments.join("/");
      if (found === undefined || name === "") return refuse(request, response, 404);
      if (request.method === "GET" || request.method === "HEAD") {
        return await this.#send(request, response, found, name);
      }
      if (request.method === "PUT" && found !== "input")
        return await this.#keep(request, response, found, name);
      response.setHeader("allow", found === "input" ? "GET, HEAD" : "GET, HEAD, PUT");
      return refuse(request, response, 405);
    } catch (error) {
      this.#failed(request, response, error);
    }
  }

  #failed(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof OutsideError) return refuse(request, response, 403, error.message);
    if (error instanceof OutputError) {
      return refuse(request, response, error.kind === "size" ? 413 : 400, error.message);
    }
    if (code === "ENOSPC" || code === "EDQUOT")
      return refuse(request, response, 507, "the hub's disk is full");
    // Whoever asked has gone, or stands still.
    if (code === "ERR_STREAM_PREMATURE_CLOSE" || request.destroyed)
      return response.destroy() as unknown as void;
    this.#options.log.error({ err: error }, "a file of a worker's job failed");
    refuse(request, response, 500, "the hub's disk refuses");
  }

  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    type: FileType,
    name: string,
  ): Promise<void> {
    const handle = await openRegular(await resolveInside(this.#options.folders[type], name));
    if (handle === undefined)
      return refuse(request, response, 404, `the hub has no file ${JSON.stringify(name)}`);
    try {
      const { size: bytes, mtimeNs } = await handle.stat({ bigint: true });
      const size = Number(bytes);
      const tag = `"${mtimeNs.toString(16)}-${bytes.toString(16)}"`;
      response.setHeader("etag", tag);
      response.setHeader("accept-ranges", "bytes");
      response.setHeader("content-type", "application/octet-stream");
      response.setHeader("x-content-type-options", "nosniff");
      if (request.headers["if-none-match"] === tag) return void response.writeHead(304).end();
      const start = startOf(request, tag);
      if (start > 0 && start >= size) {
        response.setHeader("content-range", `bytes */${size}`);
        return refuse(request, response, 416);
      }
      if (start > 0) response.setHeader("content-range", `bytes ${start}-${size - 1}/${size}`);
      response.writeHead(start > 0 ? 206 : 200, { "content-length": size - start });
      if (request.method === "HEAD" || size === 0) return void response.end();
      // No more than was promised, should the file grow meanwhile.
      const content = handle.createReadStream({
        start,
        end: size - 1,
        highWaterMark: CHUNK,
        autoClose: false,
      });
      await pipeline(content, response);
    } finally {
      await handle.close();
    }
  }

  async #keep(
    request: IncomingMessage,
    response: ServerResponse,
    type: FileType,
    name: string,
  ): Promise<void> {
    const id = request.headers["x-upload-id"];
    const before = typeof id === "string" ? this.#answers.get(id) : undefined;
    if (before !== undefined) return answer(request, response, before);
    const { maxUploadBytes } = this.#options;
    if (Number(request.headers["content-length"] ?? 0) > maxUploadBytes) {
      throw new OutputError(
        "size",
        `the file is larger than the ${maxUploadBytes} bytes that this hub takes`,
      );
    }
    const idle = setTimeout(() => request.destroy(), IDLE_MS);
    request.on("data", () => idle.refresh());
    request.pause();
    try {
      const at = name.lastIndexOf("/");
      const file: StoredFile = {
        filename: name.slice(at + 1),
        subfolder: name.slice(0, Math.max(0, at)),
        type,
      };
      const stored = await placeOutput(this.#options.folders, file, request, maxUploadBytes);
      if (typeof id === "string") this.#note(id, stored);
      answer(request, response, stored);
    } finally {
      clearTimeout(idle);
    }
  }

  #note(id: string, stored: StoredFile): void {
    this.#answers.set(id.slice(0, 100), stored);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= MOST_ANSWERS) break;
      this.#answers.delete(oldest);
    }
  }
}

async function openRegular(file: string): Promise<FileHandle | undefined> {
  let handle: FileHandle;
  try {
    // A named pipe would keep a thread waiting for its writer.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const none = ["ENOENT", "ENOTDIR", "ENAMETOOLONG", "EISDIR", "ELOOP", "ENXIO"];
    if (none.includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  return undefined;
}

/** Where a download goes on: `bytes=<start>-` of the file as it was. Any other range gives the whole file. */
function startOf({ headers }: IncomingMessage, tag: string): number {
  const start = /^bytes=(\d{1,15})-$/.exec(headers.range ?? "")?.[1];
  const ifRange = headers["if-range"];
  return start === undefined || (ifRange !== undefined && ifRange !== tag) ? 0 : Number(start);
}

function answer(request: IncomingMessage, response: ServerResponse, stored: StoredFile): void {
  request.resume();
  response.writeHead(200, { "content-type": "application/json" }).end(printJson(stored, "compact"));
}

/** A body that still comes is not read to its end: the connection goes with it. */
function refuse(request: IncomingMessage, response: ServerResponse, status: number, text = ""): void {
  if (response.headersSent) return void response.destroy();
  response.removeHeader("etag");
  if (!request.complete) response.setHeader("connection", "close");
  request.resume();
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(text);
}
