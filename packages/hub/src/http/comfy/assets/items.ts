/** One asset: what it is, its content, its tags, changing and deleting it. */
import { isJsonObject, type JsonObject, printJson } from "@hearth/protocol";
import type { FastifyInstance, FastifyReply } from "fastify";
import { contentTypeOf, isDangerous, UNKNOWN_TYPE } from "../../../files/content-types.ts";
import type { AssetChanges } from "../../../assets/asset.ts";
import { assetNotFound } from "../../../assets/errors.ts";
import { AssetError } from "../../../assets/index.ts";
import { MAX_TAGS, normalizedTags } from "../../../assets/tag-names.ts";
import { bodyJson, sendEmpty, sendJson } from "../../answers.ts";
import { openFile, sendFile } from "../../send-file.ts";
import { assetJson, quoted } from "./asset-json.ts";
import { type AssetRequest, type AssetRoutesOptions, idRoute, isUuid } from "./operation.ts";
import { checkBody, checkObject, checkText, checkTexts, Problems } from "./problems.ts";
import { first, queryOf } from "./query.ts";

export function registerAssetItems(app: FastifyInstance, options: AssetRoutesOptions): void {
  idRoute(app, options, "GET", "/api/assets/:id", async ({ assets, viewer, reply }, id) => {
    const asset = await assets.catalogue.get(id, viewer);
    if (asset === undefined) throw assetNotFound(id);
    return sendJson(reply, assetJson(asset));
  });

  idRoute(app, options, "PUT", "/api/assets/:id", async ({ assets, viewer, request, reply }, id) => {
    const changes = readChanges(bodyJson(request));
    return sendJson(reply, assetJson(await assets.catalogue.update(id, viewer, changes)));
  });

  idRoute(app, options, "DELETE", "/api/assets/:id", async ({ assets, viewer, request, reply }, id) => {
    const given = first(queryOf(request), "delete_content")?.trim().toLowerCase();
    const keeps = given === undefined || ["", "0", "false", "no"].includes(given);
    await assets.contents.remove(id, viewer, !keeps);
    return sendEmpty(reply, 204);
  });

  idRoute(app, options, "GET", "/api/assets/:id/content", sendContent);

  idRoute(app, options, "POST", "/api/assets/:id/tags", async (given, id) => {
    const tags = readTags(given, "add");
    const { added, alreadyPresent, total } = await given.assets.catalogue.addTags(id, given.viewer, tags);
    return sendJson(given.reply, { added, already_present: alreadyPresent, total_tags: total });
  });

  idRoute(app, options, "DELETE", "/api/assets/:id/tags", async (given, id) => {
    const tags = readTags(given, "remove");
    const { removed, notPresent, total } = await given.assets.catalogue.removeTags(id, given.viewer, tags);
    return sendJson(given.reply, { removed, not_present: notPresent, total_tags: total });
  });
}

/** The whole file or a range of it; a page of ours never runs what somebody uploaded. */
async function sendContent(
  { assets, viewer, request, reply }: AssetRequest,
  id: string,
): Promise<FastifyReply> {
  const content = await assets.contents.byId(id, viewer);
  const handle = await openFile(content.path);
  if (handle === undefined || handle === "directory") {
    throw new AssetError("FILE_NOT_FOUND", 404, "Underlying file not found on disk.");
  }
  // That somebody looked is not worth an error to who looks.
  await assets.catalogue
    .touch(id)
    .catch((error: unknown) => request.log.warn({ err: error }, "an access time could not be kept"));
  const word = first(queryOf(request), "disposition") === "inline" ? "inline" : "attachment";
  const type = content.mimeType ?? contentTypeOf(content.name);
  return sendFile(request, reply, handle, {
    contentType: isDangerous(type) || !isHeaderValue(type) ? UNKNOWN_TYPE : type,
    headers: {
      "x-content-type-options": "nosniff",
      "content-disposition": `${word}; filename*=UTF-8''${quoted(content.name)}`,
    },
  });
}

/** Clients say a type in what words they like; a header takes only some. */
function isHeaderValue(type: string): boolean {
  return /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;[\x20-\x7e]*)?$/.test(type);
}

function readChanges(body: ReturnType<typeof bodyJson>): AssetChanges {
  const problems = new Problems();
  const object = checkBody(problems, body);
  const name = checkText(problems, ["name"], object["name"], 512);
  const metadata = checkObject(problems, "user_metadata", object["user_metadata"]);
  const previewId = checkPreviewId(problems, object);
  const isNothing = name === undefined && metadata === undefined && previewId === undefined;
  if (problems.isEmpty && isNothing) {
    problems.addValue([], "Provide at least one of: name, user_metadata, preview_id.", object);
  }
  problems.throwIfAny("INVALID_BODY", "Validation failed.");
  return {
    ...(name === undefined ? {} : { name }),
    ...(metadata === undefined ? {} : { userMetadata: printJson(metadata) }),
    ...(previewId === undefined ? {} : { previewId }),
  };
}

/** The id of a preview in a body or a form. */
export function checkPreviewId(problems: Problems, object: JsonObject): string | undefined {
  const given = checkText(problems, ["preview_id"], object["preview_id"], 512);
  if (given === undefined || given.trim() === "") return undefined;
  const id = given.trim().toLowerCase();
  if (!isUuid(id)) problems.addValue(["preview_id"], `preview_id must be a valid UUID: ${given}`, given);
  return id;
}

function readTags({ request }: AssetRequest, what: "add" | "remove"): string[] {
  const problems = new Problems();
  const body = checkBody(problems, bodyJson(request));
  const given = body["tags"];
  if (given === undefined && isJsonObject(body) && problems.isEmpty) problems.addMissing(["tags"], body);
  if (given === null) problems.add("list_type", ["tags"], "Input should be a valid list", given);
  const tags = checkTexts(problems, "tags", given, MAX_TAGS);
  if (Array.isArray(given) && given.length === 0) {
    const message = "List should have at least 1 item after validation, not 0";
    problems.add("too_short", ["tags"], message, given, {
      field_type: "List",
      min_length: 1,
      actual_length: 0,
    });
  }
  problems.throwIfAny("INVALID_BODY", `Invalid JSON body for tags ${what}.`);
  return normalizedTags(tags);
}
