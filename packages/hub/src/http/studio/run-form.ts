/** Forms of the runner: `params` as a JSON text, beside it perhaps a file; or the same as a JSON body. */
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isJsonObject, type JsonObject, JsonSyntaxError, type JsonValue, parseJson } from "@hearth/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { stampOf } from "../../catalogue/assemble/outputs.ts";
import { placeFile } from "../../files/place-file.ts";
import { BODY_LIMITS } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { receiveForm, type ReceivedFile } from "../multipart.ts";
import { ByteLimit } from "../request-body.ts";
import { localTime } from "./local-time.ts";
import type { StudioRunnerParts } from "./run-parts.ts";

/** A JSON body of parameters; pictures do not come this way. */
const MAX_JSON = 16 * 1024 * 1024;
const MAX_NAME = 120;

/** What came in. Whoever reads a form moves `file` away or calls `dropFile`. */
export interface RunForm {
  /** by field; those of a JSON body in their types, those of a form as texts */
  readonly fields: JsonObject;
  readonly file: ReceivedFile | undefined;
}

/**
 * Gives a part of `app` whose bodies are not read before its handlers run: `receive` reads them there. Operations that
 * take forms are registered on it.
 */
export function withForms(app: FastifyInstance, register: (app: FastifyInstance) => void): void {
  app.register((child, _options, done) => {
    child.removeAllContentTypeParsers();
    child.addContentTypeParser("*", (_request, payload, parsed) => parsed(null, payload));
    register(child);
    done();
  });
}

/**
 * Reads a form, with at most one file in `fileField`, which lands below the input folder; or a JSON body. No body at
 * all counts as an empty form.
 * @throws HttpError 422 when it is none of these
 */
export async function receiveRun(
  request: FastifyRequest,
  fileField: string,
  parts: Pick<StudioRunnerParts, "folders" | "maxUploadBytes">,
): Promise<RunForm> {
  const body = request.body as Readable | undefined | null;
  if (body === undefined || body === null) return { fields: {}, file: undefined };
  const type = (request.headers["content-type"] ?? "").toLowerCase();
  if (!type.startsWith("multipart/") && !type.startsWith("application/x-www-form-urlencoded")) {
    return { fields: await readJson(body, Math.min(MAX_JSON, parts.maxUploadBytes)), file: undefined };
  }
  try {
    const form = await receiveForm(request, body, fileField, parts.folders.input, parts.maxUploadBytes);
    return { fields: Object.fromEntries(form.fields), file: form.file };
  } catch (error) {
    if (error instanceof Error && (error as { statusCode?: number }).statusCode === 400) {
      throw new HttpError(422, "the body is not a whole form (multipart/form-data)");
    }
    throw error;
  }
}

/** Removes the file of a form that nobody took. */
export async function dropFile({ file }: RunForm): Promise<void> {
  if (file !== undefined) await rm(file.file, { force: true });
}

/** A field that holds an object: as it is in a JSON body, as a JSON text in a form. @throws HttpError 422 */
export function objectField(fields: JsonObject, name: string): JsonObject {
  const given = fields[name];
  if (given === undefined || given === "" || given === null) return {};
  let value: JsonValue = given;
  if (typeof given === "string") {
    try {
      value = parseJson(given, BODY_LIMITS);
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error;
      throw new HttpError(422, `${name} is not JSON: ${error.message}`);
    }
  }
  if (!isJsonObject(value)) throw new HttpError(422, `${name} must be a JSON object`);
  return value;
}

/** A field that holds a text; `undefined` when it is absent or empty. @throws HttpError 422 */
export function textField(fields: JsonObject, name: string): string | undefined {
  const given = fields[name];
  if (given === undefined || given === null || given === "") return undefined;
  if (typeof given !== "string") throw new HttpError(422, `${name} must be a text`);
  return given;
}

/** Gives an uploaded file a name of its own in the input folder: `YYYYMMDD_HHMMSS_xxxxxx_<its name>`. */
export async function keepInput(file: ReceivedFile, parts: StudioRunnerParts): Promise<string> {
  return placeFile(file.file, {
    root: parts.folders.input,
    subfolder: "",
    filename: inputName(file.filename, parts.zone),
    overwrite: false,
    size: file.size,
    sha256: file.sha256,
  });
}

function inputName(given: string, zone: string | undefined): string {
  const base = path.basename(given.replaceAll("\\", "/"));
  const clean = base.replaceAll(/[\u0000-\u001f\u007f<>:"|?*[\]]/g, "_").replace(/^\.+/, "");
  const ending = path.extname(clean).slice(0, 20);
  const stem = [...clean.slice(0, clean.length - path.extname(clean).length)].slice(0, MAX_NAME).join("");
  const stamp = `${stampOf(localTime(Date.now(), zone))}_${randomBytes(3).toString("hex")}`;
  return `${stamp}_${stem === "" ? "file" : stem}${ending}`;
}

/** @param limit bytes */
async function readJson(body: Readable, limit: number): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  // A pipeline ends when the sender goes away, too.
  await pipeline(body, new ByteLimit(limit), async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) chunks.push(chunk);
  });
  const text = Buffer.concat(chunks).toString("utf8");
  if (text.trim() === "") return {};
  let value: JsonValue;
  try {
    value = parseJson(text, BODY_LIMITS);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new HttpError(422, `the body is neither a form nor JSON: ${error.message}`);
  }
  if (!isJsonObject(value)) throw new HttpError(422, "the body must be a JSON object");
  return value;
}
