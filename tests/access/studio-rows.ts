/** Studio: `/api/admin` without its catalogues, `/api/auth`, `/api/health`. A key is wanted from everybody. */
import { hidden, own, type Row, rowsOf } from "./row.ts";
import { formOf } from "./things.ts";

const HISTORY = "/api/admin/history";
const DOES_NOTHING = "the name is nobody's";

const JOBS: readonly Row[] = rowsOf("everybody", [
  ["GET /api/admin/queue", "read", hidden(({ jobs }) => jobs.waiting)],
  // Numbers of everybody's jobs, without saying whose.
  ["GET /api/admin/queue/state", "read"],
  ["POST /api/admin/queue/pause", "admin", { harmless: "the queue is held already" }],
  // The rows run while the queue is held: with this one the jobs that wait would begin.
  ["POST /api/admin/queue/resume", "admin", { notSent: "it would start what waits; tests/studio-jobs S-43" }],
  [
    "POST /api/admin/queue/cancel",
    "run",
    {
      body: { prompt_ids: [] },
      harmless: "it names no job",
      foreign: {
        gets: "untouched",
        body: ({ jobs }) => ({ prompt_ids: [jobs.studioCancelled] }),
        state: ({ jobs }) => `${HISTORY}/${jobs.studioCancelled}`,
      },
    },
  ],
  [
    "PATCH /api/admin/queue/{prompt_id}",
    "run",
    {
      body: { number: -5 },
      harmless: DOES_NOTHING,
      foreign: {
        gets: "404",
        path: ({ jobs }) => ({ prompt_id: jobs.moved }),
        state: () => "/api/queue",
      },
    },
  ],
  ["GET /api/admin/queue/{prompt_id}/why", "read", own(({ running }) => ({ prompt_id: running }))],
  ["GET /api/admin/history", "read", hidden(({ ended }) => ended)],
  ["GET /api/admin/history/{prompt_id}", "read", own(({ ended }) => ({ prompt_id: ended }))],
  ["GET /api/admin/history/{prompt_id}/package", "read", own(({ ended }) => ({ prompt_id: ended }))],
  [
    "POST /api/admin/history/delete",
    "run",
    {
      body: { prompt_ids: [] },
      harmless: "it names no job",
      foreign: {
        gets: "untouched",
        body: ({ endedToDelete, jobs }) => ({ prompt_ids: [endedToDelete, jobs.studioDeleted] }),
        state: () => "/api/jobs",
      },
    },
  ],
  // A job that was a raw prompt has no workflow, so its owner is told that (400); others learn nothing of it.
  [
    "POST /api/admin/history/retry",
    "run",
    { body: { prompt_id: "none" }, foreign: { gets: "404", body: ({ ended }) => ({ prompt_id: ended }) } },
  ],
  [
    "POST /api/admin/history/rerun",
    "run",
    {
      body: { prompt_id: "none" },
      foreign: {
        gets: "404",
        body: ({ ended }) => ({ prompt_id: ended }),
        state: () => "/api/admin/queue",
      },
    },
  ],
  ["GET /api/admin/events", "read", { query: "limit=1000", ...hidden(({ jobs }) => jobs.waiting) }],
]);

const SAVED = "/api/admin/saved-prompts";
const SAVED_PROMPTS: readonly Row[] = rowsOf("everybody", [
  [`GET ${SAVED}`, "read", hidden(({ savedPrompt }) => savedPrompt)],
  [`POST ${SAVED}`, "run", { body: {}, harmless: "the body has no text" }],
  [`GET ${SAVED}/{id}`, "read", own(({ savedPrompt }) => ({ id: savedPrompt }))],
  [
    `PUT ${SAVED}/{id}`,
    "run",
    {
      body: { text: "a dog" },
      foreign: {
        gets: "404",
        path: ({ savedPrompt }) => ({ id: savedPrompt }),
        state: ({ savedPrompt }) => `${SAVED}/${savedPrompt}`,
      },
    },
  ],
  [
    `DELETE ${SAVED}/{id}`,
    "run",
    {
      harmless: DOES_NOTHING,
      foreign: { gets: "404", path: ({ savedPrompt }) => ({ id: savedPrompt }), state: () => SAVED },
    },
  ],
]);

/** Files lie in folders that all keys share, as ComfyUI's do. */
const FILES: readonly Row[] = rowsOf("everybody", [
  ["GET /api/admin/assets/{folder}", "read", { path: { folder: "outputs" } }],
  ["GET /api/admin/assets/thumbnail", "read", { query: "path=outputs/none.png" }],
  ["POST /api/admin/assets/upload-inputs", "run", { body: () => formOf({}), harmless: "it has no file" }],
  ["POST /api/admin/assets/delete", "admin", { body: { paths: [] }, harmless: "it names no file" }],
  ["GET /api/admin/outputs-zip", "read", { query: "folder=none" }],
  ["POST /api/admin/outputs-zip", "read", { body: {} }],
]);

const SYSTEM = "/api/admin/system";
const SERVER: readonly Row[] = rowsOf("everybody", [
  ["GET /api/admin/keys", "admin"],
  ["POST /api/admin/keys", "admin", { body: {}, harmless: "the body has no name" }],
  ["DELETE /api/admin/keys/{id}", "admin", { harmless: DOES_NOTHING }],
  ["GET /api/admin/settings", "read"],
  ["PUT /api/admin/settings", "admin", { body: {}, harmless: "it changes nothing" }],
  ["GET /api/admin/settings/env", "admin"],
  [
    "PUT /api/admin/settings/env",
    "admin",
    { body: { key: "NONE", value: "" }, harmless: "no such variable" },
  ],
  ["POST /api/admin/settings/reveal", "admin", { body: {}, harmless: "the body has no key" }],
  ["GET /api/admin/telemetry", "read"],
  ["GET /api/admin/telegram/status", "read"],
  ["POST /api/admin/telegram/start", "admin", { harmless: "the bot has no token" }],
  ["POST /api/admin/telegram/stop", "admin", { harmless: "the bot does not run" }],
  ["GET /api/admin/telegram/chats", "admin"],
  ["DELETE /api/admin/telegram/chats/{id}", "admin", { path: { id: "1" }, harmless: "no such chat" }],
  [`GET ${SYSTEM}/status`, "read"],
  [`GET ${SYSTEM}/uptime`, "read"],
  [`POST ${SYSTEM}/reload-catalogs`, "admin", { harmless: "it reads files" }],
  [`GET ${SYSTEM}/flush-status`, "read"],
  [`POST ${SYSTEM}/prepare-shutdown`, "admin", { harmless: "nothing is downloaded, and the server goes on" }],
  [`POST ${SYSTEM}/restart`, "admin", { notSent: "it would restart; tests/studio-system S-103" }],
  [`GET ${SYSTEM}/chrome-extension`, "read"],
  [`GET ${SYSTEM}/remote-version`, "admin", { harmless: "there is no repository to ask" }],
  [`POST ${SYSTEM}/update`, "admin", { body: { skip_components: "x" }, harmless: "the body is refused" }],
]);

/** Signing in shows the key in its body; signing out ends the session that it came with. */
const SIGNING_IN: readonly Row[] = [
  ...rowsOf("nobody", [
    ["GET /login", "read"],
    ["POST /api/auth/login", "read", { body: {} }],
    ["GET /api/health", "read"],
  ]),
  ...rowsOf("elsewhere", [["POST /api/auth/logout", "run"]]),
];

const WORKERS_PATH = "/api/admin/workers";
/** Everybody sees the workers, and of what they run the own jobs. */
const WORKERS: readonly Row[] = rowsOf("everybody", [
  [`GET ${WORKERS_PATH}`, "read", hidden(({ running }) => running)],
  [
    `GET ${WORKERS_PATH}/{name}`,
    "read",
    { foreign: { gets: "hidden", path: () => ({ name: "native" }), text: ({ running }) => running } },
  ],
  [`PATCH ${WORKERS_PATH}/{name}`, "admin", { body: {}, harmless: DOES_NOTHING }],
  [`POST ${WORKERS_PATH}/{name}/canary`, "admin", { harmless: DOES_NOTHING }],
  [`POST ${WORKERS_PATH}/{name}/free`, "admin", { body: {}, harmless: DOES_NOTHING }],
  [`DELETE ${WORKERS_PATH}/{name}`, "admin", { harmless: DOES_NOTHING }],
]);

export const STUDIO_ROWS: readonly Row[] = [
  ...JOBS,
  ...WORKERS,
  ...SAVED_PROMPTS,
  ...FILES,
  ...SERVER,
  ...SIGNING_IN,
];
