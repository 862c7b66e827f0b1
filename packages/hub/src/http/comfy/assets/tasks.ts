/** Work that goes on in the background: archives of assets, and files that the server fetches. */
import type { JsonValue } from "@hearth/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Asset } from "../../../assets/asset.ts";
import { assetNotFound } from "../../../assets/errors.ts";
import { parseHash } from "../../../assets/hash.ts";
import { AssetError } from "../../../assets/index.ts";
import { MAX_TAGS, normalizedTags } from "../../../assets/tag-names.ts";
import { bodyJson, sendJson } from "../../answers.ts";
import { openFile, sendFile } from "../../send-file.ts";
import { quoted } from "./asset-json.ts";
import { type AssetRequest, assetRoute, type AssetRoutesOptions, isUuid } from "./operation.ts";
import { checkBody, checkText, checkTexts, Problems } from "./problems.ts";

/** More assets are exported in parts. */
const MAX_EXPORTED = 10_000;
const MAX_JOBS = 1_000;
const MAX_URL = 4_096;
const PAGE = 500;

export function registerAssetTasks(app: FastifyInstance, options: AssetRoutesOptions): void {
  assetRoute(app, options, "POST", "/api/assets/export", async (given) => {
    const { assets, viewer, request, reply } = given;
    const { ids, jobIds, name } = readExport(bodyJson(request));
    const selected = await selectedAssets(given, ids, jobIds);
    const status = assets.exports.add(selected, name, viewer);
    return sendJson(reply, status, 202);
  });

  assetRoute(app, options, "GET", "/api/assets/export/:task", async ({ assets, viewer, request, reply }) => {
    const id = taskOf(request);
    const status = assets.exports.get(id, viewer);
    if (status === undefined) throw taskNotFound(id);
    const isDone = status.status === "completed";
    return sendJson(reply, {
      ...status,
      download_url: isDone ? `/api/assets/export/${quoted(id)}/content` : undefined,
    });
  });

  assetRoute(app, options, "GET", "/api/assets/export/:task/content", async (given) => {
    const { assets, viewer, request, reply } = given;
    const id = taskOf(request);
    const status = assets.exports.get(id, viewer);
    if (status === undefined) throw taskNotFound(id);
    const file = assets.exports.fileOf(id, viewer);
    if (file === undefined) {
      throw new AssetError("EXPORT_NOT_READY", 409, `Export ${id} is ${status.status}.`, { task_id: id });
    }
    const handle = await openFile(file.path);
    if (handle === undefined || handle === "directory") throw taskNotFound(id);
    return sendFile(request, reply, handle, {
      contentType: "application/zip",
      headers: {
        "x-content-type-options": "nosniff",
        "content-disposition": `attachment; filename*=UTF-8''${quoted(file.name)}`,
      },
    });
  });

  assetRoute(app, options, "POST", "/api/assets/download", async ({ assets, viewer, request, reply }) => {
    const status = assets.downloads.add({ ...readDownload(bodyJson(request)), viewer });
    return sendJson(reply, status, 202);
  });

  assetRoute(
    app,
    options,
    "GET",
    "/api/assets/download/:task",
    async ({ assets, viewer, request, reply }) => {
      const id = taskOf(request);
      const status = assets.downloads.get(id, viewer);
      if (status === undefined) throw taskNotFound(id);
      return sendJson(reply, status);
    },
  );
}

function taskOf(request: FastifyRequest): string {
  return (request.params as { task: string }).task;
}

function taskNotFound(id: string): AssetError {
  return new AssetError("TASK_NOT_FOUND", 404, `Task ${id} not found`, { task_id: id });
}

/** All assets that are named, each once, in their order. @throws AssetError */
async function selectedAssets(
  { assets, viewer }: AssetRequest,
  ids: readonly string[],
  jobIds: readonly string[],
): Promise<Asset[]> {
  const selected = new Map<string, Asset>();
  for (let at = 0; at < ids.length; at += PAGE) {
    const part = ids.slice(at, at + PAGE);
    const found = await Promise.all(part.map((id) => assets.catalogue.get(id, viewer)));
    found.forEach((asset, index) => {
      if (asset === undefined) throw assetNotFound(part[index] ?? "");
      selected.set(asset.id, asset);
    });
  }
  for (let offset = 0, more = jobIds.length > 0; more; offset += PAGE) {
    const page = await assets.catalogue.list({
      viewer,
      tagsAll: [],
      tagsAny: [],
      tagsNone: [],
      nameContains: undefined,
      metadata: [],
      jobIds,
      sort: "created_at",
      order: "asc",
      limit: PAGE,
      offset,
      after: undefined,
    });
    for (const asset of page.assets) selected.set(asset.id, asset);
    more = page.hasMore && selected.size <= MAX_EXPORTED;
  }
  if (selected.size === 0) throw new AssetError("ASSET_NOT_FOUND", 404, "The selection has no assets.");
  if (selected.size > MAX_EXPORTED) {
    throw new AssetError("INVALID_BODY", 400, `An export takes at most ${MAX_EXPORTED} assets.`);
  }
  return [...selected.values()];
}

function readExport(body: JsonValue): { ids: string[]; jobIds: string[]; name: string | undefined } {
  const problems = new Problems();
  const object = checkBody(problems, body);
  const ids = checkTexts(problems, "asset_ids", object["asset_ids"], MAX_EXPORTED);
  const jobIds = checkTexts(problems, "job_ids", object["job_ids"], MAX_JOBS);
  const name = checkText(problems, ["name"], object["name"], 200);
  ids.forEach((id, index) => {
    if (!isUuid(id)) problems.addValue(["asset_ids", index], "asset_ids must be UUIDs", id);
  });
  if (problems.isEmpty && ids.length === 0 && jobIds.length === 0) {
    problems.addValue([], "Provide at least one of: asset_ids, job_ids.", object);
  }
  problems.throwIfAny("INVALID_BODY", "Validation failed.");
  const chosen = name?.trim();
  return {
    ids: [...new Set(ids.map((id) => id.toLowerCase()))],
    jobIds: [...new Set(jobIds)],
    name: chosen === "" ? undefined : chosen,
  };
}

function readDownload(body: JsonValue): {
  url: string;
  name: string | undefined;
  tags: string[];
  hash: string | undefined;
} {
  const problems = new Problems();
  const object = checkBody(problems, body);
  const url = checkText(problems, ["url"], object["url"], MAX_URL);
  if (problems.isEmpty && url === undefined) problems.addMissing(["url"], object);
  const name = checkText(problems, ["name"], object["name"], 512)?.trim();
  const tags = normalizedTags(checkTexts(problems, "tags", object["tags"], MAX_TAGS));
  const text = checkText(problems, ["hash"], object["hash"], 512);
  const hash = text === undefined ? undefined : parseHash(text);
  if (text !== undefined && hash === undefined) {
    problems.addValue(["hash"], "hash must be 'blake3:<hex>'", text);
  }
  problems.throwIfAny("INVALID_BODY", "Validation failed.");
  return { url: url ?? "", name: name === "" ? undefined : name, tags, hash };
}
