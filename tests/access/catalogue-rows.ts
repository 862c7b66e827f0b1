/** Studio: the runner and what it runs, models and their downloads. The catalogues are one for all keys. */
import { type ContractRow, own, type Row, rowsOf, type Scope } from "./row.ts";
import { formOf } from "./things.ts";

const NONE: ContractRow = { harmless: "there is none of this name" };
const EMPTY: ContractRow = { body: {}, harmless: "the body is refused" };

const RUNNER: readonly Row[] = rowsOf("everybody", [
  ["GET /api/admin/workflows", "read"],
  ["GET /api/admin/workflows/{id}", "read"],
  ["DELETE /api/admin/workflows/{id}", "admin", NONE],
  ["POST /api/admin/workflows/import", "admin", EMPTY],
  ["GET /api/run/{id}", "read"],
  ["POST /api/run/upload-image", "run", { body: () => formOf({}), harmless: "it has no file" }],
  ["POST /api/run/{id}/build", "run", { body: {}, ...NONE }],
  ["POST /api/run/{id}/execute", "run", { body: {}, ...NONE }],
  ["GET /api/run/status/{promptId}", "read", own(({ running }) => ({ promptId: running }))],
  ["GET /api/run/result/{promptId}", "read", own(({ ended }) => ({ promptId: ended }))],
  // As with ComfyUI's own `/view`, who knows a name may see the file.
  ["GET /api/comfyui/view", "read", { query: "filename=none.png" }],
  ["GET /api/admin/presets", "read"],
  ["POST /api/admin/presets", "admin", EMPTY],
  ["POST /api/admin/presets/import", "admin", EMPTY],
  ["GET /api/admin/presets/{id}", "read"],
  ["DELETE /api/admin/presets/{id}", "admin", NONE],
  ["PUT /api/admin/presets/{id}/rename", "admin", EMPTY],
  ["GET /api/admin/presets/{id}/placeholders", "read"],
  ["GET /api/admin/presets/{id}/export", "read"],
  ["POST /api/admin/presets/{id}/run", "run", { body: {}, ...NONE }],
]);

type Rows = readonly (readonly [operation: string, scope: Scope, more?: ContractRow])[];

/** What every catalogue of model files has. */
function catalogue(base: string): Rows {
  const download = `${base}/download/{filename}`;
  return [
    [`GET ${base}`, "read"],
    [`POST ${base}/import`, "admin", EMPTY],
    [`DELETE ${base}/{filename}`, "admin", NONE],
    [`DELETE ${base}/{filename}/catalog`, "admin", NONE],
    [`POST ${download}`, "admin", NONE],
    [`DELETE ${download}`, "admin", NONE],
    [`POST ${download}/pause`, "admin", NONE],
    [`POST ${download}/resume`, "admin", NONE],
    [`POST ${base}/download-batch`, "admin", EMPTY],
  ];
}

/** Metadata by hash. */
function metadata(base: string): Rows {
  return [
    [`POST ${base}/fetch-metadata`, "admin", { body: { filename: "none" }, ...NONE }],
    [`GET ${base}/metadata-status`, "read"],
  ];
}

const MODELS: readonly Row[] = rowsOf("everybody", [
  ...catalogue("/api/admin/models"),
  ...catalogue("/api/admin/loras"),
  ...catalogue("/api/admin/llm/models"),
  ...metadata("/api/admin/models"),
  ...metadata("/api/admin/loras"),
  ["GET /api/admin/models/status", "read"],
  ["GET /api/admin/downloads", "read"],
  ["GET /api/admin/loras/compatible/{base_model}", "read"],
]);

export const CATALOGUE_ROWS: readonly Row[] = [...RUNNER, ...MODELS];
