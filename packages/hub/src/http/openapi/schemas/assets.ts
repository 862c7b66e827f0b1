/** Shapes of assets. */
import { Type } from "typebox";
import { anyObject, closed, mapOf, orNull, words } from "../schema.ts";
import { ref } from "./ref.ts";

const uuid = Type.String({ format: "uuid" });
const hash = Type.String({ pattern: "^blake3:[0-9a-f]{64}$" });
const strings = Type.Array(Type.String());
const count = Type.Integer({ minimum: 0 });
const time = (what: string) =>
  Type.String({
    description: `${what}: UTC, with microseconds, without a zone`,
    pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{6})?$",
  });

export const ASSET_SCHEMAS = {
  Asset: closed(assetProperties()),
  NewAsset: closed({
    ...assetProperties(),
    created_new: Type.Boolean({ description: "false when the content was known" }),
  }),
  AssetPage: closed({
    assets: Type.Array(ref("Asset")),
    total: count,
    has_more: Type.Boolean(),
    next_cursor: Type.Optional(Type.String({ description: "`after` of the next page" })),
  }),
  AssetProblem: closed({
    error: closed({
      code: Type.String({ description: "a word for programs, e.g. `ASSET_NOT_FOUND`" }),
      message: Type.String(),
      details: anyObject("For queries and bodies `errors`: one object per problem."),
    }),
  }),
  TagPage: closed({
    tags: Type.Array(closed({ name: Type.String(), count })),
    total: count,
    has_more: Type.Boolean(),
  }),
  TagCounts: closed({ tag_counts: mapOf(count, "Tag → how many of the assets have it.") }),
  TagList: tagList(),
  TagsAdded: closed({ added: strings, already_present: strings, total_tags: strings }),
  TagsRemoved: closed({ removed: strings, not_present: strings, total_tags: strings }),
  ScanProgress: closed({ scanned: count, total: count, created: count, skipped: count }),
  ScanStatus: closed({
    state: words("IDLE", "RUNNING", "PAUSED", "CANCELLING"),
    progress: orNull(ref("ScanProgress")),
    errors: strings,
  }),
  ScanResult: closed({
    status: words("completed", "cancelled", "failed"),
    progress: ref("ScanProgress"),
    errors: strings,
  }),
  ExportTask: closed({
    ...taskProperties(),
    export_name: Type.String(),
    assets_total: count,
    assets_attempted: count,
    assets_failed: count,
    bytes_total: count,
    bytes_processed: count,
    download_url: Type.Optional(Type.String({ description: "once it is completed" })),
  }),
  DownloadTask: closed({
    ...taskProperties(),
    asset_name: Type.String(),
    bytes_total: Type.Integer({ minimum: 0, description: "0 while nobody has said it" }),
    bytes_downloaded: count,
    asset_id: Type.Optional(uuid),
  }),
};

function assetProperties() {
  return {
    id: uuid,
    name: Type.String(),
    hash: Type.Optional(hash),
    asset_hash: Type.Optional(hash),
    loader_path: Type.Optional(Type.String({ description: "what a loader node is given" })),
    display_name: Type.Optional(Type.String()),
    size: Type.Integer({ minimum: 0, description: "bytes" }),
    mime_type: Type.Optional(Type.String()),
    tags: strings,
    preview_url: Type.Optional(Type.String({ description: "relative to this server" })),
    preview_id: Type.Optional(uuid),
    user_metadata: anyObject("what people said of it"),
    is_immutable: Type.Boolean(),
    metadata: Type.Optional(anyObject("what the server found out")),
    job_id: Type.Optional(Type.String()),
    prompt_id: Type.Optional(Type.String()),
    created_at: time("registered"),
    updated_at: time("changed"),
    last_access_time: time("last read"),
  };
}

function taskProperties() {
  return {
    task_id: Type.String(),
    progress: Type.Number({ minimum: 0, maximum: 1 }),
    status: words("created", "running", "completed", "failed"),
    error: Type.Optional(Type.String()),
  };
}

function tagList() {
  return Type.Object({ tags: Type.Array(Type.String({ maxLength: 512 }), { minItems: 1, maxItems: 1000 }) });
}
