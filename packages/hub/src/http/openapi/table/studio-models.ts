/** Models, LoRAs and LLM files of Studio: the same operations for each of the three catalogues. */
import { Type } from "typebox";
import { type CatalogueKind, KINDS } from "../../../model-catalogue/entry.ts";
import { BASES } from "../../studio/models-answers.ts";
import { BATCH } from "../../studio/models-downloads.ts";
import { FETCH } from "../../studio/models-metadata.ts";
import { IMPORT, LIST, WHICH } from "../../studio/models.ts";
import { inPath, json, jsonBody, type Operation } from "../operation.ts";
import { anyObject, open } from "../schema.ts";
import { ref } from "../schemas/ref.ts";
import { type ContractRow, queryOf } from "./contract-row.ts";
import { studioRows } from "./studio-words.ts";

const TAG = "Studio: models";
const FILENAME = inPath("filename", "The model, relative to its folder.");
const models = Type.Array(ref("StudioModel"));
const text = Type.String();
const NAMES: Readonly<Record<CatalogueKind, string>> = { models: "Model", loras: "Lora", llm: "Llm" };

export const STUDIO_MODELS: readonly Operation[] = studioRows([
  {
    id: "studioFollowDownloads",
    method: "GET",
    path: "/api/admin/models/status",
    scope: "read",
    tag: TAG,
    summary: "All downloads as server-sent events",
    answers: {
      200: {
        description: "Every second one event: `downloads`, the same as of `studioListDownloads`.",
        content: { "text/event-stream": text },
      },
    },
  },
  {
    id: "studioListDownloads",
    method: "GET",
    path: "/api/admin/downloads",
    scope: "read",
    tag: TAG,
    summary: "All downloads",
    answers: { 200: json("The downloads.", Type.Array(ref("StudioDownload"))) },
  },
  ...KINDS.flatMap((kind) => [...listRows(kind), ...downloadRows(kind), ...metadataRows(kind)]),
]);

function listRows(kind: CatalogueKind): ContractRow[] {
  const base = BASES[kind];
  const name = NAMES[kind];
  const compatible: ContractRow = {
    id: "studioListCompatibleLoras",
    method: "GET",
    path: `${base}/compatible/:base_model`,
    scope: "read",
    tag: TAG,
    summary: "Files that fit a base model",
    parameters: [inPath("base_model", "The base model, however it is spelled.")],
    answers: { 200: json("The files.", models) },
  };
  return [
    {
      id: `studioList${name}s`,
      method: "GET",
      path: base,
      scope: "read",
      tag: TAG,
      summary: "Files of the catalogue and of the disk",
      parameters: queryOf(LIST, {
        type: "The model type.",
        search: "Part of the name.",
        present: "Whether it is on the disk.",
        base_model: "Only what fits it.",
      }),
      answers: { 200: json("The files.", models) },
    },
    {
      id: `studioImport${name}s`,
      method: "POST",
      path: `${base}/import`,
      scope: "admin",
      tag: TAG,
      summary: "Put entries into the catalogue",
      body: jsonBody(IMPORT),
      answers: { 200: json("What was added and replaced.", anyObject()) },
    },
    ...(kind === "loras" ? [compatible] : []),
    {
      id: `studioDelete${name}`,
      method: "DELETE",
      path: `${base}/:filename`,
      scope: "admin",
      tag: TAG,
      summary: "Delete a file from the disk",
      parameters: [FILENAME, ...queryOf(WHICH, { type: "The type, where a name alone does not tell." })],
      answers: { 200: json("Deleted.", open({ deleted: text, type: text, size: Type.Number() })) },
      refusals: { 404: "There is no such file.", 409: "There are several of this name." },
    },
    {
      id: `studioForget${name}`,
      method: "DELETE",
      path: `${base}/:filename/catalog`,
      scope: "admin",
      tag: TAG,
      summary: "Take an entry out of the catalogue",
      parameters: [FILENAME],
      answers: { 200: json("Removed.", open({ removed: text })) },
      refusals: { 404: "There is no such entry.", 409: "The file is here, or is being downloaded." },
    },
  ];
}

function downloadRows(kind: CatalogueKind): ContractRow[] {
  const name = NAMES[kind];
  const one = `${BASES[kind]}/download/:filename`;
  const download = json("The download.", ref("StudioDownload"));
  const common = { scope: "admin", tag: TAG, parameters: [FILENAME] } as const;
  const refusals = { 404: "There is no such entry or download.", 409: "The download does not stand so." };
  return [
    {
      ...common,
      id: `studioDownload${name}`,
      method: "POST",
      path: one,
      summary: "Download a file of the catalogue",
      answers: { 200: download },
      refusals: { ...refusals, 422: "The catalogue does not say from where." },
    },
    {
      ...common,
      id: `studioPause${name}Download`,
      method: "POST",
      path: `${one}/pause`,
      summary: "Pause a download",
      answers: { 200: download },
      refusals,
    },
    {
      ...common,
      id: `studioResume${name}Download`,
      method: "POST",
      path: `${one}/resume`,
      summary: "Take up a download again",
      answers: { 200: download },
      refusals,
    },
    {
      ...common,
      id: `studioCancel${name}Download`,
      method: "DELETE",
      path: one,
      summary: "Give up a download",
      answers: { 200: json("Cancelled.", open({ cancelled: text })) },
      refusals: { 404: "There is no such entry or download." },
    },
    {
      id: `studioDownload${name}s`,
      method: "POST",
      path: `${BASES[kind]}/download-batch`,
      scope: "admin",
      tag: TAG,
      summary: "Download many files of the catalogue",
      body: jsonBody(BATCH),
      answers: {
        200: json(
          "What was begun, and what was not.",
          open({ queued: Type.Array(ref("StudioDownload")), skipped: ref("StudioFailures") }),
        ),
      },
    },
  ];
}

function metadataRows(kind: CatalogueKind): ContractRow[] {
  if (kind === "llm") return [];
  const status = anyObject("how far fetching is");
  return [
    {
      id: `studioFetch${NAMES[kind]}Metadata`,
      method: "POST",
      path: `${BASES[kind]}/fetch-metadata`,
      scope: "admin",
      tag: TAG,
      summary: "Ask a model site about files, by their hashes",
      description: "`filename` is answered at once; otherwise it goes on in the background.",
      body: jsonBody(FETCH),
      answers: {
        200: json("What is known of the one file.", open({ filename: text })),
        202: json("It has begun.", status),
      },
      refusals: {
        404: "There is no such file.",
        409: "Metadata is being fetched already.",
        502: "The model site cannot be asked.",
      },
    },
    {
      id: `studioGet${NAMES[kind]}MetadataStatus`,
      method: "GET",
      path: `${BASES[kind]}/metadata-status`,
      scope: "read",
      tag: TAG,
      summary: "How far fetching metadata is",
      answers: { 200: json("The status.", status) },
    },
  ];
}
