/** `/api/assets`: what goes on in the background: searches, archives, downloads. */
import { Type } from "typebox";
import { bytes, empty, inPath, inQuery, json, jsonBody, type Operation } from "../operation.ts";
import { closed, open, orNull, words } from "../schema.ts";
import { ref } from "../schemas/ref.ts";
import { HASH, problem, OFF, BAD_BODY } from "./asset-answers.ts";

const SCANS: readonly Operation[] = [
  {
    id: "scanAssets",
    method: "POST",
    path: "/api/assets/seed",
    tag: "assets",
    summary: "Look for files that are no assets yet",
    parameters: [inQuery("wait", "`true`, `1` or `yes`: the answer comes at the end.")],
    body: {
      ...jsonBody(
        open({
          roots: Type.Optional(Type.Array(words("models", "input", "output", "temp"), { minItems: 1 })),
        }),
        "a body that cannot be read counts as absent, and so do words that are no folder beside others that are",
      ),
      required: false,
    },
    answers: {
      200: json("With `wait`: it is over.", ref("ScanResult")),
      202: json("It has begun.", closed({ status: words("started") })),
      400: problem("None of the roots is one."),
      409: json("One runs already.", closed({ status: words("already_running") })),
      503: OFF,
    },
  },
  {
    id: "getScan",
    method: "GET",
    path: "/api/assets/seed/status",
    tag: "assets",
    summary: "How far the search is",
    answers: { 200: json("The running one, or the last.", ref("ScanStatus")), 503: OFF },
  },
  {
    id: "cancelScan",
    method: "POST",
    path: "/api/assets/seed/cancel",
    tag: "assets",
    summary: "Stop the search",
    answers: {
      200: json("Whether there was one.", closed({ status: words("cancelling", "idle") })),
      503: OFF,
    },
  },
  {
    id: "pruneAssets",
    method: "POST",
    path: "/api/assets/prune",
    tag: "assets",
    summary: "Hide assets whose files are gone",
    answers: {
      200: json("How many.", closed({ status: words("completed"), marked: Type.Integer({ minimum: 0 }) })),
      409: json("A search runs.", closed({ status: words("scan_running"), marked: Type.Integer() })),
      503: OFF,
    },
  },
];

const TASK = inPath("task", "The id of the task.");
const NO_TASK = problem("There is no such task.");

const TASKS: readonly Operation[] = [
  {
    id: "exportAssets",
    method: "POST",
    path: "/api/assets/export",
    tag: "assets",
    summary: "Pack assets into an archive",
    description: "In the background; `asset_export` messages tell how far it is.",
    body: jsonBody(
      Type.Unsafe({
        ...open({
          asset_ids: Type.Optional(orNull(Type.Array(Type.String({ format: "uuid" }), { maxItems: 10_000 }))),
          job_ids: Type.Optional(orNull(Type.Array(Type.String({ maxLength: 512 }), { maxItems: 1000 }))),
          name: Type.Optional(orNull(Type.String({ maxLength: 200 }))),
        }),
        anyOf: [
          { required: ["asset_ids"], properties: { asset_ids: { type: "array", minItems: 1 } } },
          { required: ["job_ids"], properties: { job_ids: { type: "array", minItems: 1 } } },
        ],
      }),
    ),
    answers: {
      202: json("It is planned.", ref("ExportTask")),
      400: BAD_BODY,
      404: problem("One of the assets, or all that a job made, is not there."),
      429: problem("Too many wait already."),
      503: OFF,
    },
  },
  {
    id: "getExport",
    method: "GET",
    path: "/api/assets/export/:task",
    tag: "assets",
    summary: "How far an archive is",
    parameters: [TASK],
    answers: { 200: json("The task.", ref("ExportTask")), 404: NO_TASK, 503: OFF },
  },
  {
    id: "readExport",
    method: "GET",
    path: "/api/assets/export/:task/content",
    tag: "assets",
    summary: "The archive",
    parameters: [TASK],
    answers: {
      200: bytes("The archive.", "application/zip"),
      206: bytes("The range that was asked for.", "application/zip", "multipart/byteranges"),
      304: empty("It is as the caller knows it."),
      404: NO_TASK,
      409: problem("It is not ready."),
      416: empty("The range lies outside the file."),
      503: OFF,
    },
  },
  {
    id: "downloadAsset",
    method: "POST",
    path: "/api/assets/download",
    tag: "assets",
    summary: "Have the server fetch a file and make it an asset",
    description:
      "In the background; `asset_download` messages tell how far it is. Private addresses are refused.",
    body: jsonBody(
      open({
        url: Type.String({ maxLength: 4096, pattern: "^[Hh][Tt][Tt][Pp][Ss]?://" }),
        name: Type.Optional(orNull(Type.String({ maxLength: 512 }))),
        tags: Type.Array(Type.String({ maxLength: 512 }), { minItems: 1, maxItems: 1000 }),
        hash: Type.Optional(orNull(Type.String({ pattern: HASH }))),
      }),
    ),
    answers: {
      202: json("It is planned.", ref("DownloadTask")),
      400: BAD_BODY,
      429: problem("Too many wait already."),
      503: OFF,
    },
  },
  {
    id: "getDownload",
    method: "GET",
    path: "/api/assets/download/:task",
    tag: "assets",
    summary: "How far a download is",
    parameters: [TASK],
    answers: { 200: json("The task.", ref("DownloadTask")), 404: NO_TASK, 503: OFF },
  },
];

export const ASSET_WORK: readonly Operation[] = [...SCANS, ...TASKS];
