/** `/v1/runner`: registered ComfyUI servers, which run jobs while they are active. */
import type { FastifyRequest } from "fastify";
import Type, { type Static } from "typebox";
import { sendEmpty, sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { type Runner, RUNNERS } from "../../workers/registered-runners.ts";
import { checkedBody, checkedQuery } from "../validate.ts";
import type { ControlContext } from "./context.ts";
import { OwnedDocuments, type OwnedDocument, shownTimes } from "./owned-documents.ts";
import { PAGE_QUERY, windowOf } from "./pages.ts";
import { LONGEST_TAG, MOST_TAGS } from "./tags.ts";

const STATUS = Type.Union([Type.Literal("active"), Type.Literal("disabled")]);
export const NEW_RUNNER = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  endpoint: Type.String({ minLength: 1, maxLength: 2048 }),
  headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  tags: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: LONGEST_TAG }), { maxItems: MOST_TAGS }),
  ),
  status: Type.Optional(STATUS),
});
export const CHANGED_RUNNER = Type.Partial(NEW_RUNNER);
export const LIST_QUERY = Type.Object({ ...PAGE_QUERY, status: Type.Optional(STATUS) });

export function registerRunners({ register, parts }: ControlContext): void {
  const runners = new OwnedDocuments<Runner>(parts.store.documents, RUNNERS, "runner");
  const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id;

  register("GET", "/v1/runner", "read", async (request, reply) => {
    const query = checkedQuery(request, LIST_QUERY);
    const all = (await runners.list(request)).filter(
      ({ value }) => query.status === undefined || value.status === query.status,
    );
    const { limit, offset } = windowOf(query);
    return sendJson(reply, { runners: all.slice(offset, offset + limit).map(shown), total: all.length });
  });
  register("POST", "/v1/runner", "run", async (request, reply) => {
    const { name, endpoint, headers = {}, tags = [], status = "active" } = checkedBody(request, NEW_RUNNER);
    const runner = checked({ name, endpoint, headers, tags, status });
    const created = await runners.create(request, runner);
    parts.runnersChanged();
    return sendJson(reply, shown(created), 201);
  });
  register("GET", "/v1/runner/:id", "read", async (request, reply) =>
    sendJson(reply, shown(await runners.get(request, idOf(request)))),
  );
  register("PUT", "/v1/runner/:id", "run", async (request, reply) => {
    const document = await runners.get(request, idOf(request));
    const changed = merged(document.value, checkedBody(request, CHANGED_RUNNER));
    const replaced = await runners.replace(document, checked(changed));
    parts.runnersChanged();
    return sendJson(reply, shown(replaced));
  });
  register("DELETE", "/v1/runner/:id", "run", async (request, reply) => {
    await runners.remove(request, idOf(request));
    parts.runnersChanged();
    return sendEmpty(reply, 204);
  });
}

function merged(runner: Runner, change: Static<typeof CHANGED_RUNNER>): Runner {
  const {
    name = runner.name,
    endpoint = runner.endpoint,
    headers = runner.headers,
    tags = runner.tags,
    status = runner.status,
  } = change;
  return { name, endpoint, headers, tags, status };
}

/** What the schema cannot say. @throws HttpError 400 */
function checked(runner: Runner): Runner {
  const { endpoint, headers } = runner;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new HttpError(400, `endpoint '${endpoint}' is no http or https address`);
  }
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new HttpError(400, `headers: '${name}' is no name of one`);
    if (/[\r\n\0]/.test(value)) throw new HttpError(400, `headers: '${name}' has a line break`);
  }
  return { ...runner, tags: [...new Set(runner.tags)] };
}

function shown(document: OwnedDocument<Runner>): object {
  return { ...shownTimes(document), user_id: document.owner, ...document.value };
}
