/** Receiving a form with many files. */
import { rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { temporaryPath } from "../../files/temporary.ts";
import { HttpError } from "../errors.ts";
import { readForm } from "../form-parts.ts";
import { type ReceivedFile, storeReceived } from "../multipart.ts";

export const MAX_FILES = 200;
const LIMITS = { fieldSize: 64 * 1024, fields: 64, files: MAX_FILES, parts: MAX_FILES + 64 };

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
  const temporaries: string[] = [];
  const writing: Promise<ReceivedFile>[] = [];
  try {
    await readForm(request, body, {
      maxBytes: limit,
      limits: LIMITS,
      file: (_name, stream, filename) => {
        const temporary = temporaryPath(directory);
        const written = storeReceived(stream, filename ?? "", temporary);
        temporaries.push(temporary);
        writing.push(written);
        return written;
      },
      errors: {
        notAForm: () => new HttpError(422, "The body must be a multipart form with a boundary"),
        tooManyParts: () => new HttpError(422, `A form may have at most ${MAX_FILES} files`),
        tooLarge: () => new HttpError(413, `The files are larger than the limit of ${limit} bytes`),
        diskFull: () => new HttpError(507, "The disk is full"),
        broken: () => new HttpError(422, "The body is not a whole multipart form"),
      },
    });
    return await Promise.all(writing);
  } catch (error) {
    for (const file of temporaries) await rm(file, { force: true });
    throw error;
  }
}
