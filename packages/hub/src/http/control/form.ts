/** Receiving a form of the Control contract: any number of files, in constant memory, hashed as they arrive. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import path from "node:path";
import { finished, type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Busboy, type BusboyInstance } from "@fastify/busboy";
import { Blake3Hasher } from "@napi-rs/blake-hash";
import type { FastifyRequest } from "fastify";
import { HASH_PREFIX } from "../../assets/hash.ts";
import { temporaryPath } from "../../files/temporary.ts";
import { HttpError } from "../errors.ts";
import { ByteLimit } from "../request-body.ts";

const LIMITS = { fieldSize: 1024 * 1024, fields: 256, files: 64, parts: 320, headerPairs: 64 };

export interface ArrivedFile {
  /** as the client named it */
  readonly filename: string;
  /** its name in the folder that was given */
  readonly arrived: string;
  readonly size: number;
  /** `blake3:` and 64 hex digits */
  readonly hash: string;
}

export interface ControlForm {
  readonly fields: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, ArrivedFile>;
  /** of all that the form says: equal for equal forms, whatever their boundaries and the order of their parts */
  readonly fingerprint: string;
}

/**
 * Reads the form; its files are durable when this resolves. When it fails, files may be left in `directory`, which is
 * the caller's to remove.
 * @throws HttpError 400 for what is no form or names a field twice, 413 beyond `limit` bytes, 507 on a full disk
 */
export async function receiveControlForm(
  request: FastifyRequest,
  directory: string,
  limit: number,
): Promise<ControlForm> {
  const body = request.body as Readable | undefined;
  const tooLarge = new HttpError(413, `The body is larger than ${limit} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge;
  const boy = makeParser(request);
  if (body === undefined) throw new HttpError(400, "The body is empty: a multipart form is wanted");
  const fields = new Map<string, string>();
  const writing = new Map<string, Promise<ArrivedFile>>();
  const streams: Readable[] = [];
  const arrived = Promise.withResolvers<void>();
  const twice = (name: string): boolean => {
    const isTwice = fields.has(name) || writing.has(name);
    if (isTwice) arrived.reject(new HttpError(400, `The field '${name}' is there twice`));
    return isTwice;
  };

  boy.on("field", (name, value, _nameTruncated, valueTruncated) => {
    if (valueTruncated) {
      arrived.reject(new HttpError(413, `The field '${name}' is longer than ${LIMITS.fieldSize} bytes`));
    } else if (!twice(name)) fields.set(name, value);
  });
  boy.on("file", (name, stream, filename) => {
    streams.push(stream);
    stream.on("error", arrived.reject);
    if (twice(name)) {
      stream.resume();
      return;
    }
    const file = writeFile(stream, filename, directory);
    writing.set(name, file);
    file.catch(arrived.reject);
  });
  for (const event of ["partsLimit", "filesLimit", "fieldsLimit"] as const) {
    boy.on(event, () => arrived.reject(new HttpError(400, "The form has too many parts")));
  }
  boy.on("error", arrived.reject);
  boy.on("finish", () => arrived.resolve());
  const bounded = new ByteLimit(limit);
  bounded.on("error", (error) =>
    arrived.reject(error instanceof HttpError && error.statusCode === 413 ? tooLarge : error),
  );
  finished(body, { writable: false }, (error) => {
    if (error != null) arrived.reject(error);
  });
  body.pipe(bounded).pipe(boy);

  try {
    await arrived.promise;
    const files = new Map<string, ArrivedFile>();
    for (const [name, file] of writing) files.set(name, await file);
    return { fields, files, fingerprint: fingerprintOf(fields, files) };
  } catch (error) {
    body.unpipe(bounded);
    bounded.unpipe(boy);
    for (const stream of streams) stream.destroy();
    await Promise.allSettled(writing.values());
    throw asAnswer(error as NodeJS.ErrnoException);
  }
}

function makeParser(request: FastifyRequest): BusboyInstance {
  try {
    return new Busboy({
      headers: { ...request.headers, "content-type": request.headers["content-type"] ?? "" },
      preservePath: true,
      isPartAFile: (_name, _type, filename) => filename !== undefined,
      limits: LIMITS,
    });
  } catch {
    throw new HttpError(400, "The body must be a multipart form (multipart/form-data with a boundary)");
  }
}

async function writeFile(stream: Readable, filename: string, directory: string): Promise<ArrivedFile> {
  const file = temporaryPath(directory);
  const hasher = new Blake3Hasher();
  let size = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hasher.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(stream, measure, createWriteStream(file, { flags: "wx", flush: true }));
  return { filename, arrived: path.basename(file), size, hash: HASH_PREFIX + hasher.digest("hex") };
}

function fingerprintOf(fields: ReadonlyMap<string, string>, files: ReadonlyMap<string, ArrivedFile>): string {
  const said = [
    ...[...fields].map(([name, value]) => [name, "text", value]),
    ...[...files].map(([name, { filename, hash }]) => [name, filename, hash]),
  ].sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(said)).digest("hex");
}

/** Errors with an answer of their own stay; a full disk is 507; the rest is a body that is broken. */
function asAnswer(error: NodeJS.ErrnoException): Error {
  if (error instanceof HttpError) return error;
  if (error.code === "ENOSPC" || error.code === "EDQUOT") return new HttpError(507, "The disk is full");
  if (error.syscall !== undefined && error.code !== "ECONNRESET") return error;
  return new HttpError(400, "The body is not a whole multipart form");
}
