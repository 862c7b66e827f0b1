/** Listings: assets, tags, and the tags that narrow a listing down. */
import { objectFrom } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import { encodeCursor, hasCursor } from "../../../assets/cursor.ts";
import { sendJson } from "../../answers.ts";
import { assetJson } from "./asset-json.ts";
import { type AssetRequest, assetRoute, type AssetRoutesOptions } from "./operation.ts";
import { checkBoolean, checkInteger, checkText, checkWord, Problems } from "./problems.ts";
import { first, MAX_OFFSET, queryOf, readListQuery, readRefineQuery } from "./query.ts";

export function registerAssetLists(app: FastifyInstance, options: AssetRoutesOptions): void {
  assetRoute(app, options, "GET", "/api/assets", async ({ assets, viewer, request, reply }) => {
    const query = readListQuery(queryOf(request), viewer);
    const page = await assets.catalogue.list(query);
    const last = page.assets.at(-1);
    const cursor =
      page.hasMore && last !== undefined && hasCursor(query.sort)
        ? encodeCursor(last, query.sort, query.order)
        : undefined;
    return sendJson(reply, {
      assets: page.assets.map(assetJson),
      total: page.total,
      has_more: page.hasMore,
      next_cursor: cursor,
    });
  });

  assetRoute(app, options, "GET", "/api/assets/tags/refine", async ({ assets, viewer, request, reply }) => {
    const { filter, limit } = readRefineQuery(queryOf(request), viewer);
    const counts = await assets.catalogue.refine(filter, limit);
    return sendJson(reply, { tag_counts: objectFrom(counts.map(({ name, count }) => [name, count])) });
  });

  assetRoute(app, options, "GET", "/api/tags", listTags);
}

async function listTags({ assets, viewer, request, reply }: AssetRequest): ReturnType<typeof sendAnswer> {
  const query = queryOf(request);
  const problems = new Problems();
  const prefix = checkText(problems, ["prefix"], first(query, "prefix"), 256) ?? "";
  const search = checkText(problems, ["search"], first(query, "search"), 256) ?? "";
  const limit = checkInteger(problems, "limit", first(query, "limit"), {
    least: 1,
    most: 1000,
    fallback: 100,
  });
  const offset = checkInteger(problems, "offset", first(query, "offset"), {
    least: 0,
    most: MAX_OFFSET,
    fallback: 0,
  });
  const order = checkWord(problems, "order", first(query, "order"), ["count_desc", "name_asc"], "count_desc");
  const includeZero = checkBoolean(problems, "include_zero", first(query, "include_zero"), true);
  problems.throwIfAny("INVALID_QUERY", "Invalid query parameters");
  const { tags, total } = await assets.catalogue.tags({
    viewer,
    prefix: prefix.trim(),
    search: search.trim(),
    limit,
    offset,
    order,
    includeZero,
  });
  return sendAnswer(reply, { tags, total, has_more: offset + tags.length < total });
}

async function sendAnswer(reply: AssetRequest["reply"], value: object): Promise<AssetRequest["reply"]> {
  return sendJson(reply, value);
}
