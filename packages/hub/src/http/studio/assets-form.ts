/** Receiving a form with many files: constant memory, each goes to a temporary file as it arrives. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { finished, type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Busboy, type BusboyInstance } from "@fastify/busboy";
import type { FastifyRequest } from "fastify";
import { temporaryPath } from "../../files/temporary.ts";
import { HttpError } from "../errors.ts";
import type { ReceivedFile } from "../multipart.ts";
import { ByteLimit } from "../request-body.ts";

export const MAX_FILES = 200;
const LIMITS = { fieldSize: 64 * 1024, fields: 64, files: MAX_FILES, parts: MAX_FILES + 64, headerPairs: 64 };

/**
 * All files of a multipart body, in their order, whatever their fields are called. When anything fails, none is left.
 * @param body the request's body, not yet read
 * @param directory where the temporary files go; whoever asked moves or removes them
 * @param limit bytes of the whole body
 * @throws HttpError 422 when the body is not a whole multipart form, 413 beyond a limit, 507 on a full disk
 */
export async function receiveFiles(
  request: FastifyRequest,
  body: Readable,
  directory: string,
  limit: number,
): Promise<ReceivedFile[]> {
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge(limit);
  const boy = makeParser(request);
  const streams: Readable[] = [];
  const temporaries: string[] = [];
  const writing: Promise<ReceivedFile>[] = [];
  const arrived = Promise.withResolvers<void>();
  boy.on("file", (_field, stream, filename) => {
    const temporary = temporaryPath(directory);
    streams.push(stream);
    temporaries.push(temporary);
    const written = write(stream, filename, temporary);
    written.catch(arrived.reject);
    writing.push(written);
  });
  for (const event of ["partsLimit", "filesLimit", "fieldsLimit"] as const) {
    boy.on(event, () => arrived.reject(new HttpError(422, `A form may have at most ${MAX_FILES} files`)));
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
    return await Promise.all(writing);
  } catch (error) {
    body.unpipe(bounded);
    bounded.unpipe(boy);
    for (const stream of streams) stream.destroy();
    await Promise.allSettled(writing);
    for (const file of temporaries) await rm(file, { force: true });
    throw asAnswer(error as NodeJS.ErrnoException & { statusCode?: number }, limit);
  }
}

function makeParser(request: FastifyRequest): BusboyInstance {
  try {
    return new Busboy({
      headers: { ...request.headers, "content-type": request.headers["content-type"] ?? "" },
      isPartAFile: (_name, _type, filename) => filename !== undefined,
      limits: LIMITS,
    });
  } catch {
    throw new HttpError(422, "The body must be a multipart form with a boundary");
  }
}

async function write(stream: Readable, filename: string, file: string): Promise<ReceivedFile> {
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

function tooLarge(limit: number): HttpError {
  return new HttpError(413, `The files are larger than the limit of ${limit} bytes`);
}

function asAnswer(error: NodeJS.ErrnoException & { statusCode?: number }, limit: number): Error {
  if (error.statusCode === 413) return tooLarge(limit);
  if (error instanceof HttpError) return error;
  if (error.code === "ENOSPC" || error.code === "EDQUOT") return new HttpError(507, "The disk is full");
  if (error.syscall !== undefined && error.code !== "ECONNRESET") return error;
  return new HttpError(422, "The body is not a whole multipart form");
}
