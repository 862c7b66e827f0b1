/** Files of a form: each goes to a temporary one as it arrives. */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { temporaryPath } from "../files/temporary.ts";
import { EmptyError, HttpError } from "./errors.ts";
import { readForm, storeStream } from "./form-parts.ts";

const LIMITS = { fieldSize: 1024 * 1024, fields: 64, files: 16, parts: 64 };

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
  const fields = new Map<string, string>();
  const temporary = temporaryPath(directory);
  let writing: Promise<ReceivedFile> | undefined;
  try {
    await readForm(request, body, {
      maxBytes: limit,
      limits: LIMITS,
      preservePath: true,
      field: (name, value, cut) => {
        if (cut) throw new HttpError(413);
        if (!fields.has(name)) fields.set(name, value);
      },
      file: (name, stream, filename) => {
        if (name !== fileField || writing !== undefined) return undefined;
        writing = storeReceived(stream, filename ?? "", temporary);
        return writing;
      },
      errors: {
        notAForm: () => new EmptyError(400),
        tooManyParts: () => new HttpError(400, "the form has too many parts"),
        tooLarge: () => new HttpError(413),
        diskFull: () => new HttpError(507),
        broken: () => new EmptyError(400),
      },
    });
    return { fields, file: await writing };
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Writes one file of a form to `file`, and hashes it on the way. */
export async function storeReceived(stream: Readable, filename: string, file: string): Promise<ReceivedFile> {
  const hash = createHash("sha256");
  const size = await storeStream(stream, file, { seen: (chunk) => hash.update(chunk) });
  return { filename, file, size, sha256: hash.digest("hex") };
}
