/** Cursors of listings: the place of the last asset of a page, opaque to clients. */
import { isJsonObject, parseJson, printJson } from "@hearth/protocol";
import type { Asset } from "./asset.ts";
import type { Position, SortField, SortOrder } from "./catalogue.ts";
import { invalidCursor } from "./errors.ts";

const BASE64URL = /^[A-Za-z0-9_-]+$/;
/** Names have at most 512 characters; what is longer was not made here. */
const MAX_LENGTH = 8192;

/** Sorts by which a listing can be continued behind a cursor. The time of access changes while somebody pages. */
export function hasCursor(sort: SortField): boolean {
  return sort !== "last_access_time";
}

/** The value by which an asset is sorted. */
export function sortValue(asset: Asset, sort: SortField): string | number {
  switch (sort) {
    case "name":
      return asset.name;
    case "created_at":
      return asset.createdAt;
    case "updated_at":
      return asset.updatedAt;
    case "size":
      return asset.size;
    case "last_access_time":
      return asset.lastAccessTime;
  }
}

/** base64url without padding of compact JSON `{"s", "v", "id", "o"}`; numbers are decimal text. */
export function encodeCursor(asset: Asset, sort: SortField, order: SortOrder): string {
  const payload = { s: sort, v: String(sortValue(asset, sort)), id: asset.id, o: order };
  return Buffer.from(printJson(payload, "compact")).toString("base64url");
}

/** @throws AssetError `INVALID_CURSOR` when it is malformed, or of a listing that was sorted in another way */
export function decodeCursor(text: string, sort: SortField, order: SortOrder): Position {
  if (text.length > MAX_LENGTH || !BASE64URL.test(text)) throw invalidCursor("encoding: not base64url");
  let payload: unknown;
  try {
    payload = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(text, "base64url")));
  } catch (error) {
    throw invalidCursor(`payload: ${(error as Error).message}`);
  }
  if (!isJsonObject(payload)) throw invalidCursor("payload: not an object");
  const { s, v, id, o } = payload;
  if (typeof s !== "string" || typeof id !== "string" || typeof o !== "string" || v === undefined) {
    throw invalidCursor("payload: expected s, v, id and o");
  }
  if (s !== sort) throw invalidCursor(`cursor sort field '${s}' does not match request sort '${sort}'`);
  if (o !== order) throw invalidCursor(`cursor order '${o}' does not match request order '${order}'`);
  if (!hasCursor(sort)) throw invalidCursor(`sort '${sort}' has no cursor`);
  return { value: valueOf(v, sort), id };
}

function valueOf(value: unknown, sort: SortField): string | number {
  if (sort === "name") {
    if (typeof value !== "string") throw invalidCursor("payload: v is not a text");
    return value;
  }
  const number = typeof value === "string" && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number)) {
    throw invalidCursor("payload: v is not an integer");
  }
  return number;
}
