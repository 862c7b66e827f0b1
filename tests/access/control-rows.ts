/** Control: `/v1`. A key is wanted from everybody, and what is another's is 404. */
import { type ContractRow, hidden, own, type Row, rowsOf, type Scope } from "./row.ts";
import { formOf, type Things } from "./things.ts";

type Rows = readonly (readonly [operation: string, scope: Scope, more?: ContractRow])[];

/** A thing that its owner may change with the given request. */
function changes(
  path: (things: Things) => Record<string, string>,
  state: (things: Things) => string,
  more: ContractRow = {},
): ContractRow {
  return {
    harmless: "there is none of this id",
    ...more,
    foreign: { gets: "404", path, state },
  };
}

/** Lists, and what is done to one of them. */
function kept(
  base: string,
  id: (things: Things) => string,
  create: ContractRow["body"],
  change: ContractRow["body"],
): Rows {
  const path = (things: Things): Record<string, string> => ({ id: id(things) });
  return [
    [`GET ${base}`, "read", hidden(id)],
    [
      `POST ${base}`,
      "run",
      { ...(create === undefined ? {} : { body: create }), harmless: "what is needed is missing" },
    ],
    [`GET ${base}/{id}`, "read", own(path)],
    [
      `PUT ${base}/{id}`,
      "run",
      changes(path, (things) => `${base}/${id(things)}`, change === undefined ? {} : { body: change }),
    ],
    [`DELETE ${base}/{id}`, "run", changes(path, () => base)],
  ];
}

const WEBHOOK = "/v1/webhook";
const ended = ({ workflow }: Things): Record<string, string> => ({ id: workflow });

export const CONTROL_ROWS: readonly Row[] = [
  ...rowsOf("everybody", [
    ["GET /v1/user", "read"],
    ["GET /v1/workflow", "read", hidden(({ workflow }) => workflow)],
    ["POST /v1/workflow", "run", { body: () => formOf({ name: "none" }), harmless: "it has no workflow" }],
    ["GET /v1/workflow/{id}", "read", own(ended)],
    ["GET /v1/workflow/{id}/outputs", "read", own(ended)],
    ["GET /v1/workflow/{id}/subscribe", "read", own(ended)],
    [
      "POST /v1/workflow/{id}/cancel",
      "run",
      changes(
        ({ waitingWorkflow }) => ({ id: waitingWorkflow }),
        ({ waitingWorkflow }) => `/v1/workflow/${waitingWorkflow}`,
      ),
    ],
    ...kept("/v1/runner", ({ runner }) => runner, {}, { name: "renamed" }),
    ...kept(
      "/v1/template",
      ({ template }) => template,
      () => formOf({ name: "none" }),
      () => formOf({ name: "renamed" }),
    ),
    ...kept(WEBHOOK, ({ webhook }) => webhook, {}, { status: "disabled" }),
    // Every key has its own secret.
    [`GET ${WEBHOOK}/secret`, "run"],
    [`POST ${WEBHOOK}/secret/rotate`, "run", { harmless: "the secret of the key that asks" }],
    // What changes, the new secret, is shown to nobody but in the answer.
    [
      `POST ${WEBHOOK}/{id}/rotate`,
      "run",
      { harmless: "there is none of this id", ...own(({ webhook }) => ({ id: webhook })) },
    ],
    [`GET ${WEBHOOK}/{id}/deliveries`, "read", own(({ webhook }) => ({ id: webhook }))],
    [
      `POST ${WEBHOOK}/{id}/deliveries/{delivery}/resend`,
      "run",
      changes(
        ({ webhook, delivery }) => ({ id: webhook, delivery }),
        ({ webhook }) => `${WEBHOOK}/${webhook}/deliveries`,
      ),
    ],
  ]),
  ...rowsOf("signature", [
    ["GET /v1/output/{id}/{output}/{name}", "read", { query: "expires=1&signature=none" }],
  ]),
];
