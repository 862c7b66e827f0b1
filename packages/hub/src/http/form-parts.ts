/**
 * Reading a multipart form in constant memory, for every contract: fields and files are handed on as they come. What a
 * form may hold, and how a bad one is refused, is said by whoever reads it.
 */
import { createWriteStream } from "node:fs";
import { finished, Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Busboy, type BusboyInstance } from "@fastify/busboy";
import type { FastifyRequest } from "fastify";
import { HttpError } from "./errors.ts";
import { ByteLimit } from "./request-body.ts";

const MULTIPART = /^\s*multipart\/form-data\s*(;|$)/i;

/** True when a request says that it brings a multipart form. */
export function isMultipart(request: FastifyRequest): boolean {
  return MULTIPART.test(request.headers["content-type"] ?? "");
}

/** How a form is refused; each makes the error that is answered. */
export interface FormErrors {
  /** no multipart content type, or one without a boundary */
  readonly notAForm: () => Error;
  readonly tooManyParts: () => Error;
  /** the body is longer than the reader takes */
  readonly tooLarge: () => Error;
  readonly diskFull: () => Error;
  /** the body is not whole */
  readonly broken: () => Error;
}

export interface FormReader {
  /** most bytes of the whole body */
  readonly maxBytes: number;
  readonly limits: {
    /** bytes of a text field */
    readonly fieldSize: number;
    readonly fields: number;
    readonly files: number;
    readonly parts: number;
  };
  /** forms of browsers without files (`application/x-www-form-urlencoded`) are no forms here */
  readonly multipartOnly?: boolean;
  /** file names keep their folders; default: only their last part is told */
  readonly preservePath?: boolean;
  /** whether a part is a file; default: it has a file name, whatever its content type says */
  readonly isFile?: (name: string, filename: string | undefined) => boolean;
  /** Takes a text field, which is `cut` when it was too long. What it throws ends the form. */
  readonly field?: (name: string, value: string, cut: boolean) => void;
  /**
   * Takes a file. Its promise is waited for before the form counts as read; `undefined` skips the file. `given` is
   * aborted when the form is given up. What it throws ends the form.
   */
  readonly file: (
    name: string,
    stream: Readable,
    filename: string | undefined,
    given: AbortSignal,
  ) => Promise<unknown> | undefined;
  readonly errors: FormErrors;
  /** errors that are answers already; `HttpError` is one */
  readonly isAnswer?: (error: unknown) => boolean;
}

/**
 * Reads a form whole. When it fails, all files that were begun have ended before the error is thrown, so that the reader
 * can remove them.
 * @param body not yet read; `undefined`: there is none
 * @throws what `reader` makes of it
 */
export async function readForm(
  request: FastifyRequest,
  body: Readable | undefined,
  reader: FormReader,
): Promise<void> {
  const { maxBytes, errors } = reader;
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw errors.tooLarge();
  const boy = parserOf(request, reader);
  const arrived = Promise.withResolvers<void>();
  const given = new AbortController();
  const streams: Readable[] = [];
  const taken: Promise<unknown>[] = [];
  const refusing = (take: () => void): void => {
    try {
      take();
    } catch (error) {
      arrived.reject(error);
    }
  };
  boy.on("field", (name, value, _nameCut, cut) => refusing(() => reader.field?.(name, value, cut)));
  boy.on("file", (name, stream, filename) => {
    streams.push(stream);
    stream.on("error", arrived.reject);
    refusing(() => {
      const file = reader.file(name, stream, filename, given.signal);
      if (file === undefined) return void stream.resume();
      taken.push(file);
      file.catch(arrived.reject);
    });
  });
  for (const event of ["partsLimit", "filesLimit", "fieldsLimit"] as const) {
    boy.on(event, () => arrived.reject(errors.tooManyParts()));
  }
  boy.on("error", arrived.reject);
  boy.on("finish", () => arrived.resolve());
  const source = body ?? Readable.from([]);
  const bounded = new ByteLimit(maxBytes);
  bounded.on("error", (error) => arrived.reject(isTooLarge(error) ? errors.tooLarge() : error));
  finished(source, { writable: false }, (error) => {
    if (error != null) arrived.reject(isTooLarge(error) ? errors.tooLarge() : error);
  });
  source.pipe(bounded).pipe(boy);

  try {
    await arrived.promise;
    await Promise.all(taken);
  } catch (error) {
    source.unpipe(bounded);
    bounded.unpipe(boy);
    for (const stream of streams) stream.destroy();
    given.abort();
    await Promise.allSettled(taken);
    throw answerOf(error as NodeJS.ErrnoException, reader);
  }
}

function parserOf(request: FastifyRequest, reader: FormReader): BusboyInstance {
  const { limits, multipartOnly = false, preservePath = false, isFile, errors } = reader;
  if (multipartOnly && !isMultipart(request)) throw errors.notAForm();
  try {
    return new Busboy({
      headers: { ...request.headers, "content-type": request.headers["content-type"] ?? "" },
      preservePath,
      isPartAFile: (name, _type, filename) => isFile?.(name ?? "", filename) ?? filename !== undefined,
      limits: { ...limits, headerPairs: 64 },
    });
  } catch {
    throw errors.notAForm();
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof HttpError && error.statusCode === 413;
}

/** Errors with an answer of their own stay; a full disk has one too; the rest is a body that is broken. */
function answerOf(error: NodeJS.ErrnoException, { errors, isAnswer }: FormReader): Error {
  if (error instanceof HttpError || isAnswer?.(error) === true) return error;
  if (error.code === "ENOSPC" || error.code === "EDQUOT") return errors.diskFull();
  if (error.syscall !== undefined && error.code !== "ECONNRESET") return error;
  return errors.broken();
}

export interface StoreOptions {
  /** sees every chunk, to measure or to hash it */
  readonly seen?: (chunk: Buffer) => void;
  /** the file is durable when this resolves */
  readonly flush?: boolean;
  readonly signal?: AbortSignal;
}

/** Writes a file that must not exist; gives its size in bytes. */
export async function storeStream(
  stream: Readable,
  file: string,
  { seen, flush = false, signal }: StoreOptions = {},
): Promise<number> {
  let size = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen?.(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(stream, measure, createWriteStream(file, { flags: "wx", flush }), { signal });
  return size;
}
