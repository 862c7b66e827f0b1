/**
 * Receiving an upload to the catalogue: fields as they come, and one file, in constant memory. When anything fails, no
 * file is left.
 */
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { finished, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Busboy, type BusboyInstance } from "@fastify/busboy";
import type { FastifyRequest } from "fastify";
import { temporaryPath } from "../../../files/temporary.ts";
import { AssetError } from "../../../assets/index.ts";
import { HttpError } from "../../errors.ts";
import { ByteLimit } from "../../request-body.ts";

const LIMITS = { fieldSize: 1024 * 1024, fields: 256, files: 16, parts: 256, headerPairs: 64 };

export interface ArrivedUpload {
  /** as the client named it; `""` when it did not */
  readonly filename: string;
  /** where it lies now */
  readonly path: string;
}

export interface AssetForm {
  /** all values of each text field, in their order */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  /** the first file of the field `file`; absent too when its content is known */
  readonly file: ArrivedUpload | undefined;
}

export interface AssetFormOptions {
  readonly directory: string;
  /** bytes of the whole body */
  readonly maxBytes: number;
  /** asked when a `hash` came before the file: a content that is known need not be stored */
  readonly isKnown: (hash: string) => Promise<boolean>;
}

/** @throws AssetError 400, 413, 415 */
export async function receiveAssetForm(
  request: FastifyRequest,
  body: Readable,
  options: AssetFormOptions,
): Promise<AssetForm> {
  if (Number(request.headers["content-length"] ?? 0) > options.maxBytes) throw tooLarge();
  const boy = makeParser(request);
  const fields = new Map<string, string[]>();
  const streams: Readable[] = [];
  const arrived = Promise.withResolvers<void>();
  let storing: Promise<ArrivedUpload | undefined> | undefined;
  const temporary = temporaryPath(options.directory);

  boy.on("field", (name, value, _nameTruncated, valueTruncated) => {
    if (name === "id") arrived.reject(idGiven());
    if (valueTruncated) arrived.reject(tooLarge());
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [value]);
    else values.push(value);
  });
  const given = new AbortController();
  boy.on("file", (name, stream, filename) => {
    streams.push(stream);
    stream.on("error", arrived.reject);
    if (name === "id") arrived.reject(idGiven());
    if (name !== "file" || storing !== undefined) {
      stream.resume();
      return;
    }
    storing = store(stream, filename ?? "", temporary, fields.get("hash")?.[0], options, given.signal);
    storing.catch(arrived.reject);
  });
  for (const event of ["partsLimit", "filesLimit", "fieldsLimit"] as const) {
    boy.on(event, () => arrived.reject(new AssetError("INVALID_BODY", 400, "The form has too many parts.")));
  }
  boy.on("error", arrived.reject);
  boy.on("finish", () => arrived.resolve());
  const bounded = new ByteLimit(options.maxBytes);
  bounded.on("error", arrived.reject);
  finished(body, { writable: false }, (error) => {
    if (error != null) arrived.reject(error);
  });
  body.pipe(bounded).pipe(boy);

  try {
    await arrived.promise;
    return { fields, file: await storing };
  } catch (error) {
    body.unpipe(bounded);
    bounded.unpipe(boy);
    for (const stream of streams) stream.destroy();
    given.abort();
    await storing?.catch(() => undefined);
    await rm(temporary, { force: true });
    throw asAnswer(error as NodeJS.ErrnoException);
  }
}

async function store(
  stream: Readable,
  filename: string,
  temporary: string,
  hash: string | undefined,
  options: AssetFormOptions,
  given: AbortSignal,
): Promise<ArrivedUpload | undefined> {
  // Nobody reads the stream meanwhile, so the client waits.
  if (hash !== undefined && (await options.isKnown(hash))) {
    stream.resume();
    return undefined;
  }
  // The form was given up meanwhile: a pipeline on what has ended would wait for ever.
  if (stream.destroyed || given.aborted) throw new AssetError("INVALID_BODY", 400, "The form was given up.");
  await pipeline(stream, createWriteStream(temporary, { flags: "wx" }), { signal: given });
  return { filename, path: temporary };
}

function makeParser(request: FastifyRequest): BusboyInstance {
  const type = request.headers["content-type"] ?? "";
  if (!/^\s*multipart\/form-data\s*(;|$)/i.test(type)) {
    throw new AssetError("UNSUPPORTED_MEDIA_TYPE", 415, "Use multipart/form-data for uploads.");
  }
  try {
    return new Busboy({
      headers: { ...request.headers, "content-type": type },
      preservePath: true,
      isPartAFile: (name, _type, filename) => filename !== undefined || name === "file",
      limits: LIMITS,
    });
  } catch {
    throw new AssetError("INVALID_BODY", 400, "The multipart body has no boundary.");
  }
}

function idGiven(): AssetError {
  return new AssetError(
    "UNSUPPORTED_FIELD",
    400,
    "Client-provided 'id' is not supported. Asset IDs are assigned by the server.",
  );
}

function tooLarge(): AssetError {
  return new AssetError("PAYLOAD_TOO_LARGE", 413, "The upload is larger than this server takes.");
}

/** Errors with an answer of their own stay; a full disk is 507; the rest is a body that is broken. */
function asAnswer(error: NodeJS.ErrnoException): Error {
  if (error instanceof AssetError) return error;
  if (error instanceof HttpError) return error.statusCode === 413 ? tooLarge() : error;
  if (error.code === "ENOSPC" || error.code === "EDQUOT") {
    return new AssetError("UPLOAD_IO_ERROR", 507, "There is no space left for the upload.");
  }
  if (error.syscall !== undefined && error.code !== "ECONNRESET") return error;
  return new AssetError("INVALID_BODY", 400, "The multipart body is broken.");
}
