/**
 * ComfyUI's contract, and what operators read: open to programs of this machine, as with ComfyUI. From elsewhere reading
 * wants the scope `read`, and all else `run`. Who shows a named key sees and stops its own jobs, wherever it asks from.
 */
import { type ContractRow, hidden, own, type Row, rowsOf, type Scope } from "./row.ts";
import { formOf } from "./things.ts";

const NOTHING: ContractRow = { body: {}, harmless: "the body asks for nothing, or is refused" };
const NONE: ContractRow = { harmless: "there is none of this name" };
const NO_FILE: ContractRow = { body: () => formOf({}), harmless: "it has no file" };
const UNKNOWN = "00000000-0000-4000-8000-000000000000";

type Rows = readonly (readonly [operation: string, scope: Scope, more?: ContractRow])[];

const JOBS: Rows = [
  ["GET /api/prompt", "read"],
  ["POST /api/prompt", "run", NOTHING],
  ["GET /api/queue", "read", hidden(({ jobs }) => jobs.waiting)],
  [
    "POST /api/queue",
    "run",
    {
      ...NOTHING,
      foreign: {
        gets: "untouched",
        body: ({ jobs }) => ({ delete: [jobs.deletedFromQueue] }),
        state: () => "/api/queue",
      },
    },
  ],
  [
    "POST /api/interrupt",
    "run",
    {
      body: { prompt_id: UNKNOWN },
      harmless: "no job has this id",
      foreign: {
        gets: "untouched",
        body: () => ({}),
        state: ({ running }) => `/api/jobs/${running}`,
      },
    },
  ],
  ["POST /api/free", "run", NOTHING],
  ["GET /api/history", "read", hidden(({ ended }) => ended)],
  [
    "POST /api/history",
    "run",
    {
      ...NOTHING,
      foreign: {
        gets: "untouched",
        body: ({ ended }) => ({ delete: [ended] }),
        state: ({ ended }) => `/api/history/${ended}`,
      },
    },
  ],
  [
    "GET /api/history/{prompt_id}",
    "read",
    {
      foreign: {
        gets: "hidden",
        path: ({ ended }) => ({ prompt_id: ended }),
        text: ({ ended }) => ended,
      },
    },
  ],
  ["GET /api/jobs", "read", hidden(({ jobs }) => jobs.waiting)],
  ["GET /api/jobs/{job_id}", "read", own(({ ended }) => ({ job_id: ended }))],
  [
    "POST /api/jobs/{job_id}/cancel",
    "run",
    {
      ...NONE,
      foreign: {
        gets: "untouched",
        path: ({ jobs }) => ({ job_id: jobs.cancelled }),
        state: () => "/api/queue",
      },
    },
  ],
  [
    "POST /api/jobs/cancel",
    "run",
    {
      body: { job_ids: [UNKNOWN] },
      harmless: "no job has this id",
      foreign: {
        gets: "untouched",
        body: ({ jobs }) => ({ job_ids: [jobs.cancelledWithOthers] }),
        state: () => "/api/queue",
      },
    },
  ],
];

const FILES: Rows = [
  ["POST /api/upload/image", "run", NO_FILE],
  ["POST /api/upload/mask", "run", NO_FILE],
  ["GET /api/view", "read", { query: "filename=none.png" }],
  ["GET /api/view_metadata/{folder_name}", "read", { query: "filename=none.safetensors" }],
  ["GET /api/assets", "read"],
  ["POST /api/assets", "run", NO_FILE],
  ["GET /api/assets/tags/refine", "read"],
  ["GET /api/tags", "read"],
  ["GET /api/assets/{id}", "read"],
  ["PUT /api/assets/{id}", "run", NOTHING],
  ["DELETE /api/assets/{id}", "run", NONE],
  ["GET /api/assets/{id}/content", "read"],
  ["POST /api/assets/{id}/tags", "run", NOTHING],
  ["DELETE /api/assets/{id}/tags", "run", NOTHING],
  ["HEAD /api/assets/hash/{hash}", "read"],
  ["POST /api/assets/from-hash", "run", NOTHING],
  ["POST /api/assets/seed", "run", { body: {}, harmless: "it looks at files" }],
  ["GET /api/assets/seed/status", "read"],
  ["POST /api/assets/seed/cancel", "run", { harmless: "files are looked at anew the next time" }],
  ["POST /api/assets/prune", "run", { harmless: "it forgets only files that are gone" }],
  ["POST /api/assets/export", "run", NOTHING],
  ["GET /api/assets/export/{task}", "read"],
  ["GET /api/assets/export/{task}/content", "read"],
  ["POST /api/assets/download", "run", NOTHING],
  ["GET /api/assets/download/{task}", "read"],
];

const NODES_AND_MODELS: Rows = [
  ["GET /api/object_info", "read"],
  ["GET /api/object_info/{node_class}", "read"],
  ["GET /api/node_replacements", "read"],
  ["GET /api/embeddings", "read"],
  ["GET /api/models", "read"],
  ["GET /api/models/{folder}", "read"],
  ["GET /api/experiment/models", "read"],
  ["GET /api/experiment/models/{folder}", "read"],
  [
    "GET /api/experiment/models/preview/{folder}/{path_index}/{path}",
    "read",
    { path: { folder: "checkpoints", path_index: "0", path: "none.png" } },
  ],
];

/** Without `--multi-user` these are one person's, whichever key is shown. */
const USERS: Rows = [
  ["GET /api/users", "read"],
  ["POST /api/users", "run", NOTHING],
  ["GET /api/userdata", "read", { query: "dir=none" }],
  ["GET /api/v2/userdata", "read"],
  ["GET /api/userdata/{file}", "read"],
  ["POST /api/userdata/{file}", "run", { body: {}, harmless: "a file of the test" }],
  ["DELETE /api/userdata/{file}", "run", { harmless: "a file of the test" }],
  ["POST /api/userdata/{file}/move/{dest}", "run", NONE],
  ["GET /api/settings", "read"],
  ["POST /api/settings", "run", { body: {}, harmless: "it changes nothing" }],
  ["GET /api/settings/{id}", "read"],
  ["POST /api/settings/{id}", "run", { body: {}, harmless: "a setting of the test" }],
];

const SERVER: Rows = [
  ["GET /", "read"],
  ["GET /api/extensions", "read"],
  ["GET /api/workflow_templates", "read"],
  ["GET /api/workflow_templates/{name}/{path}", "read"],
  ["GET /api/i18n", "read"],
  ["GET /api/global_subgraphs", "read"],
  ["GET /api/global_subgraphs/{id}", "read"],
  ["GET /api/system_stats", "read"],
  ["GET /api/features", "read"],
  ["GET /api/ws", "read"],
  ["GET /internal/logs", "read"],
  ["GET /internal/logs/raw", "read"],
  ["PATCH /internal/logs/subscribe", "run", { body: { clientId: "none", enabled: false }, ...NONE }],
  ["GET /internal/folder_paths", "read"],
  ["GET /internal/files/{directory_type}", "read", { path: { directory_type: "output" } }],
];

const OPERATORS: readonly Row[] = [
  ...rowsOf("elsewhere", [
    ["GET /metrics", "read"],
    ["GET /openapi.json", "read"],
    ["GET /reference", "read"],
  ]),
  ...rowsOf("nobody", [["GET /ready", "read"]]),
];

export const COMFY_ROWS: readonly Row[] = [
  ...rowsOf("elsewhere", [...JOBS, ...FILES, ...NODES_AND_MODELS, ...USERS, ...SERVER]),
  ...OPERATORS,
];
