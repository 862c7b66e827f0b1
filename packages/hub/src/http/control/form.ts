/** Receiving a form of the Control contract: any number of files, in constant memory, hashed as they arrive. */
import { createHash } from "node:crypto";
import path from "node:path";
import type { Readable } from "node:stream";
import { Blake3Hasher } from "@napi-rs/blake-hash";
import type { FastifyRequest } from "fastify";
import { HASH_PREFIX } from "../../assets/hash.ts";
import { temporaryPath } from "../../files/temporary.ts";
import { HttpError } from "../errors.ts";
import { readForm, storeStream } from "../form-parts.ts";

const LIMITS = { fieldSize: 1024 * 1024, fields: 256, files: 64, parts: 320 };

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
  const fields = new Map<string, string>();
  const writing = new Map<string, Promise<ArrivedFile>>();
  const once = (name: string): void => {
    if (fields.has(name) || writing.has(name)) throw new HttpError(400, `The field '${name}' is there twice`);
  };
  await readForm(request, body, {
    maxBytes: limit,
    limits: LIMITS,
    preservePath: true,
    field: (name, value, cut) => {
      if (cut) throw new HttpError(413, `The field '${name}' is longer than ${LIMITS.fieldSize} bytes`);
      once(name);
      fields.set(name, value);
    },
    file: (name, stream, filename) => {
      once(name);
      const file = storeHashed(stream, filename ?? "", directory);
      writing.set(name, file);
      return file;
    },
    errors: {
      notAForm: () =>
        new HttpError(400, "The body must be a multipart form (multipart/form-data with a boundary)"),
      tooManyParts: () => new HttpError(400, "The form has too many parts"),
      tooLarge: () => new HttpError(413, `The body is larger than ${limit} bytes`),
      diskFull: () => new HttpError(507, "The disk is full"),
      broken: () =>
        body === undefined
          ? new HttpError(400, "The body is empty: a multipart form is wanted")
          : new HttpError(400, "The body is not a whole multipart form"),
    },
  });
  const files = new Map<string, ArrivedFile>();
  for (const [name, file] of writing) files.set(name, await file);
  return { fields, files, fingerprint: fingerprintOf(fields, files) };
}

async function storeHashed(stream: Readable, filename: string, directory: string): Promise<ArrivedFile> {
  const file = temporaryPath(directory);
  const hasher = new Blake3Hasher();
  const size = await storeStream(stream, file, { seen: (chunk) => hasher.update(chunk), flush: true });
  return { filename, arrived: path.basename(file), size, hash: HASH_PREFIX + hasher.digest("hex") };
}

function fingerprintOf(fields: ReadonlyMap<string, string>, files: ReadonlyMap<string, ArrivedFile>): string {
  const said = [
    ...[...fields].map(([name, value]) => [name, "text", value]),
    ...[...files].map(([name, { filename, hash }]) => [name, filename, hash]),
  ].sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(said)).digest("hex");
}
