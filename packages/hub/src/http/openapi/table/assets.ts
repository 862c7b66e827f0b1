/** `/api/assets`, `/api/tags`: lists, one asset, adding assets. */
import { Type } from "typebox";
import {
  BINARY,
  bytes,
  empty,
  inPath,
  inQuery,
  json,
  jsonBody,
  type Operation,
  type Parameter,
} from "../operation.ts";
import { anyObject, described, open, orNull, words } from "../schema.ts";
import { ref } from "../schemas/ref.ts";
import {
  HASH,
  PREVIEW_ID,
  problem,
  OFF,
  BAD_QUERY,
  BAD_BODY,
  NO_ASSET,
  FOREIGN,
  NO_ID,
} from "./asset-answers.ts";

const ID = inPath("id", "The id of the asset.", Type.String({ format: "uuid" }));

const list = (name: string, description: string): Parameter =>
  inQuery(
    name,
    `${description} Several values, or one with commas.`,
    Type.Array(Type.String({ maxLength: 512 }), { maxItems: 100 }),
  );

const FILTERS: readonly Parameter[] = [
  list("tags_all", "Assets with all of these tags."),
  list("tags_any", "Assets with one of these tags."),
  list("tags_none", "Assets without these tags."),
  list("include_tags", "The older name of `tags_all`."),
  list("exclude_tags", "The older name of `tags_none`."),
  inQuery("name_contains", "A part of the name, in either case.", Type.String({ maxLength: 512 })),
  inQuery(
    "metadata_filter",
    "JSON object: every key of the user metadata must have this value, or one of this list; null: be absent.",
  ),
];
const within = (least: number, most: number) => Type.Integer({ minimum: least, maximum: most });

const LISTS: readonly Operation[] = [
  {
    id: "listAssets",
    method: "GET",
    path: "/api/assets",
    tag: "assets",
    summary: "Assets, in pages",
    parameters: [
      ...FILTERS,
      inQuery("limit", "At most so many. Default: 20.", within(1, 500)),
      inQuery("offset", "Leave out so many.", Type.Integer({ minimum: 0 })),
      inQuery("after", "`next_cursor` of the page before; `offset` does not count then."),
      inQuery(
        "sort",
        "Default: created_at.",
        words("name", "created_at", "updated_at", "size", "last_access_time"),
      ),
      inQuery("order", "Default: desc.", words("asc", "desc")),
    ],
    answers: { 200: json("The page.", ref("AssetPage")), 400: BAD_QUERY, 503: OFF },
  },
  {
    id: "refineTags",
    method: "GET",
    path: "/api/assets/tags/refine",
    tag: "assets",
    summary: "Tags that the assets of a filter have",
    parameters: [...FILTERS, inQuery("limit", "At most so many. Default: 100.", within(1, 1000))],
    answers: { 200: json("The most frequent first.", ref("TagCounts")), 400: BAD_QUERY, 503: OFF },
  },
  {
    id: "listTags",
    method: "GET",
    path: "/api/tags",
    tag: "assets",
    summary: "All tags, in pages",
    parameters: [
      inQuery("prefix", "The beginning of a tag.", Type.String({ maxLength: 256 })),
      inQuery("search", "A part of a tag.", Type.String({ maxLength: 256 })),
      inQuery("limit", "At most so many. Default: 100.", within(1, 1000)),
      inQuery("offset", "Leave out so many.", within(0, 10_000_000)),
      inQuery("order", "Default: count_desc.", words("count_desc", "name_asc")),
      inQuery(
        "include_zero",
        "`false`: only tags in use.",
        words("true", "1", "t", "yes", "y", "on", "false", "0", "f", "no", "n", "off"),
      ),
    ],
    answers: { 200: json("The page.", ref("TagPage")), 400: BAD_QUERY, 503: OFF },
  },
];

const ITEMS: readonly Operation[] = [
  {
    id: "getAsset",
    method: "GET",
    path: "/api/assets/:id",
    tag: "assets",
    summary: "One asset",
    parameters: [ID],
    answers: { 200: json("The asset.", ref("Asset")), 404: NO_ASSET, 503: OFF },
  },
  {
    id: "changeAsset",
    method: "PUT",
    path: "/api/assets/:id",
    tag: "assets",
    summary: "Change what is said of an asset",
    parameters: [ID],
    body: jsonBody(
      Type.Unsafe({
        ...open({
          name: Type.Optional(orNull(Type.String({ maxLength: 512 }))),
          user_metadata: Type.Optional(
            described(orNull(anyObject()), "Takes the place of all that was there."),
          ),
          preview_id: Type.Optional(orNull(PREVIEW_ID)),
        }),
        anyOf: [
          { required: ["name"], properties: { name: { type: "string" } } },
          { required: ["user_metadata"], properties: { user_metadata: { type: "object" } } },
          { required: ["preview_id"], properties: { preview_id: { type: "string", minLength: 1 } } },
        ],
      }),
    ),
    answers: {
      200: json("As it is now.", ref("Asset")),
      400: BAD_BODY,
      403: FOREIGN,
      404: NO_ASSET,
      405: NO_ID,
      503: OFF,
    },
  },
  {
    id: "deleteAsset",
    method: "DELETE",
    path: "/api/assets/:id",
    tag: "assets",
    summary: "Delete an asset",
    parameters: [
      ID,
      inQuery(
        "delete_content",
        "Absent, empty, `0`, `false` or `no`: its file stays. Else it goes with its last asset.",
      ),
    ],
    answers: { 204: empty("It is gone."), 404: NO_ASSET, 405: NO_ID, 503: OFF },
  },
  {
    id: "readAsset",
    method: "GET",
    path: "/api/assets/:id/content",
    tag: "assets",
    summary: "The file of an asset",
    parameters: [ID, inQuery("disposition", "Default: attachment.", words("attachment", "inline"))],
    answers: {
      200: bytes("Its bytes.", "*/*"),
      206: bytes("The range that was asked for.", "*/*"),
      304: empty("It is as the caller knows it."),
      404: NO_ASSET,
      416: empty("The range lies outside the file."),
      503: OFF,
    },
  },
  {
    id: "addTags",
    method: "POST",
    path: "/api/assets/:id/tags",
    tag: "assets",
    summary: "Add tags to an asset",
    parameters: [ID],
    body: jsonBody(ref("TagList")),
    answers: {
      200: json("What came of each.", ref("TagsAdded")),
      400: BAD_BODY,
      403: FOREIGN,
      404: NO_ASSET,
      405: NO_ID,
      503: OFF,
    },
  },
  {
    id: "removeTags",
    method: "DELETE",
    path: "/api/assets/:id/tags",
    tag: "assets",
    summary: "Remove tags from an asset",
    parameters: [ID],
    body: jsonBody(ref("TagList")),
    answers: {
      200: json("What came of each.", ref("TagsRemoved")),
      400: BAD_BODY,
      403: FOREIGN,
      404: NO_ASSET,
      405: NO_ID,
      503: OFF,
    },
  },
];

const UPLOADS: readonly Operation[] = [
  {
    id: "checkHash",
    method: "HEAD",
    path: "/api/assets/hash/:hash",
    tag: "assets",
    summary: "Whether a content is known",
    parameters: [inPath("hash", "`blake3:` and 64 hexadecimal digits.", Type.String({ pattern: HASH }))],
    answers: {
      200: empty("It is."),
      400: empty("That is no hash."),
      404: empty("It is not."),
      503: empty("The server runs without `--enable-assets`."),
    },
  },
  {
    id: "uploadAsset",
    method: "POST",
    path: "/api/assets",
    tag: "assets",
    summary: "Upload an asset",
    description:
      "A new content needs exactly one of the tags `input`, `output`, `models`, and with `models` one `model_type:…`. With a `hash` that is known the file need not be sent.",
    body: {
      required: true,
      content: {
        "multipart/form-data": Type.Object({
          file: Type.Optional(BINARY),
          hash: Type.Optional(Type.String({ pattern: HASH })),
          name: Type.Optional(Type.String({ maxLength: 512 })),
          tags: Type.Optional(Type.String({ description: "JSON list, or separated by commas; repeatable" })),
          user_metadata: Type.Optional(Type.String({ description: "JSON object" })),
          mime_type: Type.Optional(Type.String({ maxLength: 255 })),
          preview_id: Type.Optional(Type.String({ format: "uuid" })),
        }),
      },
    },
    answers: {
      200: json("The content was known.", ref("NewAsset")),
      201: json("The content is new.", ref("NewAsset")),
      400: problem("The form, its tags or its hash are wrong."),
      404: problem("`preview_id` is no asset."),
      413: problem("It is larger than `--max-upload-size`."),
      415: problem("It is no form."),
      503: OFF,
      507: problem("There is no space left for it."),
    },
  },
  {
    id: "addAssetOfHash",
    method: "POST",
    path: "/api/assets/from-hash",
    tag: "assets",
    summary: "Another asset of a known content",
    body: jsonBody(
      open({
        hash: Type.String({ pattern: HASH }),
        name: Type.Optional(orNull(Type.String({ maxLength: 512 }))),
        tags: Type.Optional(orNull(Type.Array(Type.String({ maxLength: 512 }), { maxItems: 1000 }))),
        user_metadata: Type.Optional(orNull(anyObject())),
        mime_type: Type.Optional(orNull(Type.String({ maxLength: 255 }))),
        preview_id: Type.Optional(orNull(PREVIEW_ID)),
      }),
    ),
    answers: {
      201: json("The asset.", ref("NewAsset")),
      400: BAD_BODY,
      404: problem("The content or the preview is not known."),
      503: OFF,
    },
  },
];

export const ASSETS: readonly Operation[] = [...LISTS, ...ITEMS, ...UPLOADS];
