/** Queries of listings: filters, order, pages. */
import { entriesOf, isJsonObject, type JsonObject, JsonSyntaxError, parseJson } from "@hearth/protocol";
import type { FastifyRequest } from "fastify";
import {
  type AssetFilter,
  type AssetQuery,
  type MetadataTerm,
  SORT_FIELDS,
} from "../../../assets/catalogue.ts";
import { decodeCursor } from "../../../assets/cursor.ts";
import { AssetError } from "../../../assets/index.ts";
import { MAX_TAG_LENGTH, normalizedTags } from "../../../assets/tag-names.ts";
import { metadataValue } from "../../../assets/user-metadata.ts";
import { checkInteger, checkText, checkWord, Problems } from "./problems.ts";

const MAX_FILTER_TAGS = 100;
/** Further conditions are nobody's. */
const MAX_TERMS = 100;
export const MAX_OFFSET = 10_000_000;
const MAX_NAME = 512;

/** The query of a request, with all values of each name. */
export function queryOf(request: FastifyRequest): URLSearchParams {
  const at = request.url.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : request.url.slice(at + 1));
}

/** The first value of a name. */
export function first(query: URLSearchParams, name: string): string | undefined {
  return query.get(name) ?? undefined;
}

/** @throws AssetError `INVALID_QUERY`, `INVALID_TAG_FILTER`, `INVALID_CURSOR` */
export function readListQuery(query: URLSearchParams, viewer: string): AssetQuery {
  const problems = new Problems();
  const filter = checkFilter(problems, query, viewer);
  const limit = checkInteger(problems, "limit", first(query, "limit"), { least: 1, most: 500, fallback: 20 });
  const offset = checkInteger(problems, "offset", first(query, "offset"), {
    least: 0,
    most: Number.MAX_SAFE_INTEGER,
    fallback: 0,
  });
  const sort = checkWord(problems, "sort", first(query, "sort"), SORT_FIELDS, "created_at");
  const order = checkWord(problems, "order", first(query, "order"), ["asc", "desc"], "desc");
  problems.throwIfAny("INVALID_QUERY", "Validation failed.");
  const after = first(query, "after");
  const position = after === undefined || after === "" ? undefined : decodeCursor(after, sort, order);
  return { ...filter(), limit, offset, sort, order, after: position };
}

/** @throws AssetError `INVALID_QUERY`, `INVALID_TAG_FILTER` */
export function readRefineQuery(
  query: URLSearchParams,
  viewer: string,
): { filter: AssetFilter; limit: number } {
  const problems = new Problems();
  const filter = checkFilter(problems, query, viewer);
  const limit = checkInteger(problems, "limit", first(query, "limit"), {
    least: 1,
    most: 1000,
    fallback: 100,
  });
  problems.throwIfAny("INVALID_QUERY", "Validation failed.");
  return { filter: filter(), limit };
}

/** Notes problems; the filter itself is made when there are none. */
function checkFilter(problems: Problems, query: URLSearchParams, viewer: string): () => AssetFilter {
  const nameContains = checkText(problems, ["name_contains"], first(query, "name_contains"), MAX_NAME);
  const metadata = checkMetadata(problems, first(query, "metadata_filter"));
  return () => ({ viewer, ...readTagFilters(query), nameContains, metadata });
}

/** The names under which tag filters come: the newer one, and the older one where there is one. */
const TAG_FILTERS = [
  { newer: "tags_all", older: "include_tags" },
  { newer: "tags_any", older: undefined },
  { newer: "tags_none", older: "exclude_tags" },
] as const;

function readTagFilters(query: URLSearchParams): Pick<AssetFilter, "tagsAll" | "tagsAny" | "tagsNone"> {
  const read = TAG_FILTERS.map(({ newer, older }) => {
    if (older !== undefined && query.has(older) && query.has(newer)) {
      throw new AssetError(
        "INVALID_TAG_FILTER",
        400,
        `Cannot combine '${older}' with '${newer}'; use '${newer}'.`,
        { parameters: [older, newer] },
      );
    }
    const parameter = older !== undefined && query.has(older) ? older : newer;
    const tags = normalizedTags(query.getAll(parameter).flatMap((text) => text.split(",")));
    if (tags.length > MAX_FILTER_TAGS) {
      throw new AssetError(
        "INVALID_TAG_FILTER",
        400,
        `At most ${MAX_FILTER_TAGS} tags are allowed in '${parameter}'.`,
        { parameters: [parameter] },
      );
    }
    return { parameter, tags };
  });
  const [all, any, none] = read;
  const noneTags = new Set(none?.tags);
  const conflicting = (all?.tags ?? []).filter((tag) => noneTags.has(tag)).sort();
  if (conflicting.length > 0) {
    const named = conflicting.map((tag) => `'${tag}'`).join(", ");
    throw new AssetError(
      "INVALID_TAG_FILTER",
      400,
      `Query can never match: ${named} required by '${all?.parameter}' but rejected by '${none?.parameter}'.`,
      { conflicting_tags: conflicting, parameters: [all?.parameter, none?.parameter] },
    );
  }
  return { tagsAll: all?.tags ?? [], tagsAny: any?.tags ?? [], tagsNone: none?.tags ?? [] };
}

function checkMetadata(problems: Problems, given: string | undefined): MetadataTerm[] {
  if (given === undefined || given === "") return [];
  const place = ["metadata_filter"];
  let filter: JsonObject;
  try {
    const value = parseJson(given, { maxValues: 10_000, maxDigits: 400, maxDepth: 64 });
    if (!isJsonObject(value)) {
      problems.addValue(place, "metadata_filter must be a JSON object", given);
      return [];
    }
    filter = value;
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    problems.addValue(place, `metadata_filter must be JSON: ${error.message}`, given);
    return [];
  }
  const entries = entriesOf(filter);
  if (entries.length > MAX_TERMS) {
    problems.addValue(place, `metadata_filter has more than ${MAX_TERMS} keys`, given);
    return [];
  }
  return entries.map(([key, value]): MetadataTerm => {
    if (value === null) return { key, kind: "absent" };
    const values = (Array.isArray(value) ? value : [value]).map(metadataValue);
    return { key, kind: "any", values: [...new Set(values.filter((item) => item !== undefined))] };
  });
}

/** True for a text that can be a tag. */
export function isTag(tag: string): boolean {
  return tag.trim() !== "" && tag.length <= MAX_TAG_LENGTH;
}
