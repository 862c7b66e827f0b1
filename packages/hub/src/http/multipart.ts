/** Receiving a form with a file: constant memory, the file goes to a temporary one as it arrives. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { finished, type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Busboy, type BusboyInstance } from "@fastify/busboy";
import type { FastifyRequest } from "fastify";
import { temporaryPath } from "../files/temporary.ts";
import { EmptyError, HttpError } from "./errors.ts";
import { ByteLimit } from "./request-body.ts";

const LIMITS = { fieldSize: 1024 * 1024, fields: 64, files: 16, parts: 64, headerPairs: 64 };

/** A file that has arrived whole. Whoever receives it moves `file` away or removes it. */
export interface ReceivedFile {
  /** as the client named it */
  readonly filename: string;
  readonly file: string;
  readonly size: number;
  readonly sha256: string;
}

export interface ReceivedForm {
  /** the first value of each text field */
  readonly fields: ReadonlyMap<string, string>;
  /** the first file of the field that was asked for */
  readonly file?: ReceivedFile | undefined;
}

/**
 * Reads a multipart body. The file of field `fileField` is written below `directory`; other files are skipped.
 * When anything fails, no file is left.
 * @param body the request's body, not yet read
 * @param limit bytes of the whole body
 * @throws EmptyError 400 when the body is not a whole multipart form, HttpError 413 beyond the limit
 */
export async function receiveForm(
  request: FastifyRequest,
  body: Readable,
  fileField: string,
  directory: string,
  limit: number,
): Promise<ReceivedForm> {
  if (Number(request.headers["content-length"] ?? 0) > limit) throw new HttpError(413);
  const boy = makeParser(request);
  const fields = new Map<string, string>();
  const streams: Readable[] = [];
  const arrived = Promise.withResolvers<void>();
  let writing: Promise<ReceivedFile> | undefined;
  let temporary: string | undefined;

  boy.on("field", (name, value, _nameTruncated, valueTruncated) => {
    if (valueTruncated) arrived.reject(new HttpError(413));
    else if (!fields.has(name)) fields.set(name, value);
  });
  boy.on("file", (name, stream, filename) => {
    streams.push(stream);
    stream.on("error", arrived.reject);
    if (name !== fileField || writing !== undefined) {
      stream.resume();
      return;
    }
    temporary = temporaryPath(directory);
    writing = writeFile(stream, filename, temporary);
    writing.catch(arrived.reject);
  });
  for (const event of ["partsLimit", "filesLimit", "fieldsLimit"] as const) {
    boy.on(event, () => arrived.reject(new HttpError(400, "the form has too many parts")));
  }
  boy.on("error", arrived.reject);
  boy.on("finish", () => arrived.resolve());
  const bounded = new ByteLimit(limit);
  bounded.on("error", arrived.reject);
  finished(body, { writable: false }, (error) => {
    if (error != null) arrived.reject(error);
  });
  body.pipe(bounded).pipe(boy);

  try {
    await arrived.promise;
    return { fields, file: await writing };
  } catch (error) {
    body.unpipe(bounded);
    bounded.unpipe(boy);
    for (const stream of streams) stream.destroy();
    await writing?.catch(() => undefined);
    if (temporary !== undefined) await rm(temporary, { force: true });
    throw asAnswer(error as NodeJS.ErrnoException);
  }
}

function makeParser(request: FastifyRequest): BusboyInstance {
  try {
    return new Busboy({
      headers: { ...request.headers, "content-type": request.headers["content-type"] ?? "" },
      preservePath: true,
      // A part is a file when it has a file name, whatever its content type says.
      isPartAFile: (_name, _type, filename) => filename !== undefined,
      limits: LIMITS,
    });
  } catch {
    // No multipart content type, or one without a boundary.
    throw new EmptyError(400);
  }
}

async function writeFile(stream: Readable, filename: string, file: string): Promise<ReceivedFile> {
  const hash = createHash("sha256");
  let size = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(stream, measure, createWriteStream(file, { flags: "wx" }));
  return { filename, file, size, sha256: hash.digest("hex") };
}

/** Errors with an answer of their own stay; a full disk is 507; the rest is a body that is broken. */
function asAnswer(error: NodeJS.ErrnoException): Error {
  if (error instanceof HttpError || error instanceof EmptyError) return error;
  if (error.code === "ENOSPC" || error.code === "EDQUOT") return new HttpError(507);
  if (error.syscall !== undefined && error.code !== "ECONNRESET") return error;
  return new EmptyError(400);
}
