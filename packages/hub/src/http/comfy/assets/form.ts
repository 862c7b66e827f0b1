/**
 * Receiving an upload to the catalogue: fields as they come, and one file, in constant memory. When anything fails, no
 * file is left.
 */
import { rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { temporaryPath } from "../../../files/temporary.ts";
import { AssetError } from "../../../assets/index.ts";
import { isMultipart, readForm, storeStream } from "../../form-parts.ts";

const LIMITS = { fieldSize: 1024 * 1024, fields: 256, files: 16, parts: 256 };

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
  const fields = new Map<string, string[]>();
  const temporary = temporaryPath(options.directory);
  let storing: Promise<ArrivedUpload | undefined> | undefined;
  try {
    await readForm(request, body, {
      maxBytes: options.maxBytes,
      limits: LIMITS,
      multipartOnly: true,
      preservePath: true,
      isFile: (name, filename) => filename !== undefined || name === "file",
      field: (name, value, cut) => {
        if (name === "id") throw idGiven();
        if (cut) throw tooLarge();
        const values = fields.get(name);
        if (values === undefined) fields.set(name, [value]);
        else values.push(value);
      },
      file: (name, stream, filename, given) => {
        if (name === "id") throw idGiven();
        if (name !== "file" || storing !== undefined) return undefined;
        storing = store(stream, filename ?? "", temporary, fields.get("hash")?.[0], options, given);
        return storing;
      },
      isAnswer: (error) => error instanceof AssetError,
      errors: {
        notAForm: () =>
          isMultipart(request)
            ? new AssetError("INVALID_BODY", 400, "The multipart body has no boundary.")
            : new AssetError("UNSUPPORTED_MEDIA_TYPE", 415, "Use multipart/form-data for uploads."),
        tooManyParts: () => new AssetError("INVALID_BODY", 400, "The form has too many parts."),
        tooLarge,
        diskFull: () => new AssetError("UPLOAD_IO_ERROR", 507, "There is no space left for the upload."),
        broken: () => new AssetError("INVALID_BODY", 400, "The multipart body is broken."),
      },
    });
    return { fields, file: await storing };
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
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
  await storeStream(stream, temporary, { signal: given });
  return { filename, path: temporary };
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
