/** Studio's input and output files. */
import { Type } from "typebox";
import { LIST, PATHS, ZIP } from "../../studio/assets.ts";
import { QUERY as THUMBNAIL } from "../../studio/thumbnail.ts";
import { BINARY, bytes, empty, inPath, json, jsonBody, type Operation } from "../operation.ts";
import { mapOf, open, words } from "../schema.ts";
import { ref } from "../schemas/ref.ts";
import { queryOf } from "./contract-row.ts";
import { studioRows } from "./studio-words.ts";

const TAG = "Studio: files";
const zip = bytes("The archive.", "application/zip");

export const STUDIO_FILES: readonly Operation[] = studioRows([
  {
    id: "studioListAssets",
    method: "GET",
    path: "/api/admin/assets/:folder",
    scope: "read",
    tag: TAG,
    summary: "Input or output files",
    parameters: [
      inPath("folder", "Which.", words("inputs", "outputs", "input", "output")),
      ...queryOf(LIST, {
        limit: "So many; absent: all.",
        offset: "Without the first.",
        search: "Part of the path.",
        media: "Of this kind.",
      }),
    ],
    answers: { 200: json("The newest first; `X-Total-Count`: of all.", Type.Array(ref("StudioAsset"))) },
    refusals: { 400: "There is no such folder." },
  },
  {
    id: "studioGetThumbnail",
    method: "GET",
    path: "/api/admin/assets/thumbnail",
    scope: "read",
    tag: TAG,
    summary: "A small picture of a file",
    parameters: queryOf(THUMBNAIL, {
      path: "`input/…` or `output/…`.",
      size: "The longer side in pixels; absent: 256.",
    }),
    answers: {
      200: bytes("The picture.", "image/webp"),
      206: bytes("The range that was asked for.", "image/webp"),
      304: empty("It is as the caller knows it."),
      416: empty("The range lies outside the picture."),
    },
    refusals: { 400: "The path is wrong.", 404: "There is no such file.", 503: "Ask again." },
  },
  {
    id: "studioUploadInputs",
    method: "POST",
    path: "/api/admin/assets/upload-inputs",
    scope: "run",
    tag: TAG,
    summary: "Put files into the input folder",
    body: {
      required: true,
      content: { "multipart/form-data": mapOf(BINARY, "Every part that is a file is kept.") },
    },
    answers: {
      200: json(
        "What was kept, and what was not.",
        open({
          uploaded: Type.Array(
            open({
              filename: Type.String(),
              original: Type.String(),
              size: Type.Integer({ minimum: 0, description: "bytes" }),
              path: Type.String(),
            }),
          ),
          failed: ref("StudioFailures"),
        }),
      ),
    },
    refusals: { 413: "The files are larger than the limit.", 507: "The disk is full." },
  },
  {
    id: "studioDeleteAssets",
    method: "POST",
    path: "/api/admin/assets/delete",
    scope: "admin",
    tag: TAG,
    summary: "Delete files",
    body: jsonBody(PATHS),
    answers: {
      200: json(
        "What was deleted, and what was not.",
        open({ deleted: ref("Strings"), failed: ref("StudioFailures") }),
      ),
    },
  },
  {
    id: "studioZipOutputs",
    method: "GET",
    path: "/api/admin/outputs-zip",
    scope: "read",
    tag: TAG,
    summary: "A folder of outputs as an archive",
    parameters: queryOf(ZIP, { folder: "Below the output folder; absent: all of it." }),
    answers: { 200: zip },
    refusals: { 400: "The folder leads out.", 404: "There are no files." },
  },
  {
    id: "studioZipAssets",
    method: "POST",
    path: "/api/admin/outputs-zip",
    scope: "read",
    tag: TAG,
    summary: "Chosen files as an archive",
    body: jsonBody(PATHS),
    answers: { 200: zip },
    refusals: { 400: "A path is wrong.", 404: "A file is not there." },
  },
]);
