/** Adding assets: uploads, and contents that are there already. */
import { rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import { isJsonObject, type JsonObject, JsonSyntaxError, parseJson, printJson } from "@hearth/protocol";
import type { FastifyInstance, FastifyReply } from "fastify";
import { parseHash } from "../../../assets/hash.ts";
import { AssetError } from "../../../assets/index.ts";
import type { UploadRequest } from "../../../assets/registration.ts";
import { MAX_TAGS, normalizedTags } from "../../../assets/tag-names.ts";
import { BODY_LIMITS, bodyJson, sendEmpty, sendJson } from "../../answers.ts";
import { notAllowed } from "../../twin.ts";
import { assetJson } from "./asset-json.ts";
import { receiveAssetForm } from "./form.ts";
import { checkPreviewId } from "./items.ts";
import { type AssetRequest, assetRoute, type AssetRoutesOptions, operation } from "./operation.ts";
import { checkBody, checkObject, checkText, checkTexts, Problems } from "./problems.ts";
import { isTag } from "./query.ts";

export function registerAssetUploads(app: FastifyInstance, options: AssetRoutesOptions): void {
  assetRoute(app, options, "POST", "/api/assets/from-hash", async ({ assets, viewer, request, reply }) => {
    const { hash, ...given } = readFromHash(bodyJson(request), viewer);
    const asset = await assets.registration.fromHash({ ...given, hash }, hash);
    return sendJson(reply, { ...assetJson(asset), created_new: false }, 201);
  });
  registerHashCheck(app, options);
}

/** `POST /api/assets` is registered where bodies are not read before the handler runs. */
export function registerAssetUpload(app: FastifyInstance, options: AssetRoutesOptions): void {
  assetRoute(app, options, "POST", "/api/assets", (given) => receive(given, options));
}

async function receive(
  { assets, viewer, request, reply }: AssetRequest,
  options: AssetRoutesOptions,
): Promise<FastifyReply> {
  const body = request.body as Readable | undefined;
  if (body === undefined) {
    throw new AssetError("UNSUPPORTED_MEDIA_TYPE", 415, "Use multipart/form-data for uploads.");
  }
  const { fields, file } = await receiveAssetForm(request, body, {
    directory: options.uploadDirectory,
    maxBytes: options.maxUploadBytes,
    isKnown: async (hash) => (await assets.fileOfHash(hash)) !== undefined,
  });
  try {
    const given = readForm(fields, viewer);
    const { asset, createdNew } = await assets.registration.upload(given, file);
    return await sendJson(reply, { ...assetJson(asset), created_new: createdNew }, createdNew ? 201 : 200);
  } finally {
    if (file !== undefined) await rm(file.path, { force: true });
  }
}

/** `HEAD` alone is routed: reading a hash is no operation. */
function registerHashCheck(app: FastifyInstance, options: AssetRoutesOptions): void {
  const check = operation(options, async ({ assets, request, reply }) => {
    const { hash } = request.params as { hash: string };
    if (parseHash(hash) === undefined) {
      throw new AssetError("INVALID_HASH", 400, "hash must be like 'blake3:<hex>'");
    }
    return sendEmpty(reply, (await assets.fileOfHash(hash)) === undefined ? 404 : 200);
  });
  app.route({
    method: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    url: "/api/assets/hash/:hash",
    handler: (request, reply) => {
      if (request.method === "HEAD") return check(request, reply);
      return request.method === "GET" ? reply.callNotFound() : notAllowed(reply, ["GET", "HEAD"]);
    },
  });
}

function readForm(fields: ReadonlyMap<string, readonly string[]>, viewer: string): UploadRequest {
  const problems = new Problems();
  const text = (name: string): string | undefined => {
    const value = fields.get(name)?.[0]?.trim();
    return value === "" ? undefined : value;
  };
  const name = checkText(problems, ["name"], text("name"), 512);
  const tags = readFormTags(problems, fields.get("tags") ?? []);
  const userMetadata = readFormMetadata(problems, text("user_metadata"));
  const mimeType = checkText(problems, ["mime_type"], text("mime_type"), 255);
  const previewId = checkPreviewId(problems, { preview_id: text("preview_id") ?? null });
  problems.throwInMessage();
  const hash = text("hash");
  const parsed = hash === undefined ? undefined : parseHash(hash);
  if (hash !== undefined && parsed === undefined) {
    throw new AssetError("INVALID_HASH", 400, "hash must be like 'blake3:<hex>'");
  }
  return { viewer, name, tags, userMetadata, hash: parsed, mimeType, previewId };
}

/** Each value is a JSON list or a comma list. */
function readFormTags(problems: Problems, values: readonly string[]): string[] {
  const found = values.flatMap((value) => {
    if (!value.trim().startsWith("[")) return value.split(",");
    try {
      return checkTexts(problems, "tags", parseJson(value, BODY_LIMITS), MAX_TAGS);
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error;
      problems.addValue(["tags"], `tags must be a JSON list: ${error.message}`, value);
      return [];
    }
  });
  const tags = normalizedTags(found);
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong !== undefined) problems.addValue(["tags"], "a tag has at most 512 characters", wrong);
  if (tags.length > MAX_TAGS) problems.addValue(["tags"], `there are more than ${MAX_TAGS} tags`, null);
  return tags;
}

function readFormMetadata(problems: Problems, given: string | undefined): string {
  if (given === undefined) return "{}";
  try {
    const value = parseJson(given, BODY_LIMITS);
    if (value === null) return "{}";
    if (isJsonObject(value)) return printJson(value);
    problems.addValue(["user_metadata"], "user_metadata must be a JSON object", given);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    problems.addValue(["user_metadata"], `user_metadata must be JSON: ${error.message}`, given);
  }
  return "{}";
}

function readFromHash(
  body: ReturnType<typeof bodyJson>,
  viewer: string,
): UploadRequest & { readonly hash: string } {
  const problems = new Problems();
  const object: JsonObject = checkBody(problems, body);
  const given = object["hash"];
  if (problems.isEmpty && given === undefined) problems.addMissing(["hash"], object);
  if (given === null) problems.add("string_type", ["hash"], "Input should be a valid string", given);
  const text = checkText(problems, ["hash"], given, 512);
  const hash = text === undefined ? undefined : parseHash(text);
  if (text !== undefined && hash === undefined) {
    problems.addValue(["hash"], "hash must be 'blake3:<hex>'", text);
  }
  const name = checkText(problems, ["name"], object["name"], 512)?.trim();
  const tags = normalizedTags(checkTexts(problems, "tags", object["tags"], MAX_TAGS));
  const metadata = checkObject(problems, "user_metadata", object["user_metadata"]);
  const mimeType = checkText(problems, ["mime_type"], object["mime_type"], 255)?.trim();
  const previewId = checkPreviewId(problems, object);
  problems.throwIfAny("INVALID_BODY", "Validation failed.");
  return {
    viewer,
    name,
    tags,
    userMetadata: printJson(metadata ?? {}),
    hash: hash ?? "",
    mimeType: mimeType === "" ? undefined : mimeType,
    previewId,
  };
}
