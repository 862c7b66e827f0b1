/** Sending one file: validators, ranges, HEAD (RFC 9110 sections 8.8, 13, 14). */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import { sendEmpty } from "./answers.ts";

export interface FileAnswer {
  readonly contentType: string;
  /** sent with 200, 206, 304 */
  readonly headers?: Readonly<Record<string, string>>;
  /** a 304 says the content type too */
  readonly typeOn304?: boolean;
}

/** Opens a regular file. `undefined`: there is none; `"directory"`: it is something else. */
export async function openFile(file: string): Promise<FileHandle | "directory" | undefined> {
  let handle: FileHandle;
  try {
    // A named pipe would keep a thread waiting for its writer.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return undefined;
    if (code === "EISDIR" || code === "EACCES" || code === "ELOOP" || code === "ENXIO") return "directory";
    throw error;
  }
  const stats = await handle.stat();
  if (stats.isFile()) return handle;
  await handle.close();
  return "directory";
}

/** Sends an open file and closes it. */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  handle: FileHandle,
  answer: FileAnswer,
): Promise<FastifyReply> {
  let streaming = false;
  try {
    const stats = await handle.stat({ bigint: true });
    const size = Number(stats.size);
    // To the second, as the header says it.
    const modified = Number(stats.mtimeNs / 1_000_000_000n) * 1000;
    const tag = `"${stats.mtimeNs.toString(16)}-${stats.size.toString(16)}"`;
    reply
      .header("etag", tag)
      .header("last-modified", new Date(modified).toUTCString())
      .header("accept-ranges", "bytes")
      .headers(answer.headers ?? {});

    const condition = precondition(request, tag, modified);
    if (condition === 412) return sendEmpty(reply, 412);
    if (condition === 304) {
      if (answer.typeOn304 === true) reply.header("content-type", answer.contentType);
      return reply.code(304).send();
    }
    reply.header("content-type", answer.contentType);
    const range = rangeOf(request, size, tag, modified);
    if (range === "unsatisfiable") {
      return sendEmpty(reply.header("content-range", `bytes */${size}`), 416, "application/octet-stream");
    }
    const { start, end } = range ?? { start: 0, end: size - 1 };
    if (range !== undefined) reply.code(206).header("content-range", `bytes ${start}-${end}/${size}`);
    reply.header("content-length", String(end - start + 1));
    if (request.method === "HEAD" || end < start) return reply.send();
    streaming = true;
    return reply.send(handle.createReadStream({ start, end, highWaterMark: 256 * 1024 }));
  } finally {
    if (!streaming) await handle.close();
  }
}

/** The status that a request's conditions ask for. */
function precondition(request: FastifyRequest, tag: string, modified: number): 304 | 412 | undefined {
  const { headers } = request;
  const ifMatch = headers["if-match"];
  if (ifMatch !== undefined) {
    if (!tagMatches(ifMatch, tag)) return 412;
  } else if (isBefore(headers["if-unmodified-since"], modified)) return 412;
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch !== undefined) return tagMatches(ifNoneMatch, tag) ? 304 : undefined;
  const since = Date.parse(headers["if-modified-since"] ?? "");
  return modified <= since ? 304 : undefined;
}

function isBefore(header: string | string[] | undefined, modified: number): boolean {
  return typeof header === "string" && Date.parse(header) < modified;
}

function tagMatches(header: string, tag: string): boolean {
  return header.trim() === "*" || header.split(",").some((given) => given.trim().replace(/^W\//, "") === tag);
}

interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The one range that is asked for. Several ranges, other units and malformed ones give the whole file. */
function rangeOf(
  request: FastifyRequest,
  size: number,
  tag: string,
  modified: number,
): ByteRange | "unsatisfiable" | undefined {
  const { range: header } = request.headers;
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const ifRange = request.headers["if-range"];
  if (typeof ifRange === "string" && ifRange !== tag && !(Date.parse(ifRange) >= modified)) return undefined;
  if (match[1] === "") {
    const last = Number(match[2]);
    if (last === 0 || size === 0) return "unsatisfiable";
    return { start: Math.max(0, size - last), end: size - 1 };
  }
  const start = Number(match[1]);
  const end = match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (match[2] !== "" && Number(match[2]) < start) return undefined;
  return start >= size ? "unsatisfiable" : { start, end };
}

/** `filename="…"` with the name's UTF-8 as it is, which is how ComfyUI sends it; `word` goes before it. */
export function disposition(name: string, word?: "attachment"): string {
  // A line break in a name would end the header.
  const escaped = name.replace(/[\u0000-\u001f\u007f]/g, "_").replace(/["\\]/g, "\\$&");
  const value = `filename="${Buffer.from(escaped, "utf8").toString("latin1")}"`;
  return word === undefined ? value : `${word}; ${value}`;
}
