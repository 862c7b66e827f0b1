/** `/history` (section 3.7). Stored texts go into the answer as they are. */
import type { HistoryRow } from "@hearth/jobs";
import { isJsonObject, type JsonObject, printJson, RawJson } from "@hearth/protocol";
import type { FastifyInstance, FastifyReply } from "fastify";
import { bodyJson, JSON_TYPE, sendEmpty, sendJson, sendText } from "../answers.ts";
import { twin } from "../twin.ts";
import { AnswerCache } from "./answer-cache.ts";
import { callerOf } from "./caller.ts";
import type { ComfyContext } from "./context.ts";
import { idList, queueItem } from "./queue.ts";

function entry(row: HistoryRow): RawJson {
  return new RawJson(
    `{"prompt": ${queueItem(row).text}, "outputs": ${row.outputs}, "status": ${row.status}, "meta": ${row.meta}}`,
  );
}

/** Entries by prompt id, in the order given. */
function historyText(rows: readonly HistoryRow[]): RawJson {
  return new RawJson(`{${rows.map((row) => `${printJson(row.promptId)}: ${entry(row).text}`).join(", ")}}`);
}

/** A query value as Python's `int()` takes it. `undefined`: absent. `null`: not an integer. */
export function queryInt(value: string | undefined): number | null | undefined {
  if (value === undefined) return undefined;
  if (!/^\s*[+-]?\d+(_\d+)*\s*$/.test(value)) return null;
  // Python's integers have no end; no list is that long.
  const { MAX_SAFE_INTEGER: most } = Number;
  return Math.min(most, Math.max(-most, Number(value.replaceAll("_", ""))));
}

function badInteger(reply: FastifyReply, name: string): FastifyReply {
  return sendJson(reply, { error: `${name} must be an integer` }, 400);
}

export function registerHistory(app: FastifyInstance, { store }: ComfyContext): void {
  const cache = new AnswerCache();
  twin(app, "GET", "/history", async (request, reply) => {
    const query = request.query as Record<string, string | undefined>;
    const maxItems = queryInt(query["max_items"]);
    const offset = queryInt(query["offset"]);
    if (maxItems === null) return badInteger(reply, "max_items");
    if (offset === null) return badInteger(reply, "offset");
    const isWindow = offset !== undefined && offset >= 0;
    if (maxItems !== undefined && maxItems <= 0 && !isWindow) return sendJson(reply, {});
    const window = {
      owner: callerOf(request).sees,
      // With an offset, ComfyUI stops only after the first entry.
      ...(maxItems === undefined ? {} : { maxItems: Math.max(1, maxItems) }),
      ...(isWindow ? { offset } : {}),
    };
    const text = await cache.text(
      store.version,
      JSON.stringify(window),
      async () => historyText(await store.listHistory(window)).text,
    );
    return sendText(reply, text, JSON_TYPE);
  });

  twin(app, "GET", "/history/:prompt_id", async (request, reply) => {
    const { prompt_id } = request.params as { prompt_id: string };
    const row = await store.historyById(prompt_id, callerOf(request).sees);
    return sendJson(reply, historyText(row === undefined ? [] : [row]));
  });

  twin(app, "POST", "/history", async (request, reply) => {
    const { sees } = callerOf(request);
    const body = bodyJson(request);
    const given: JsonObject = isJsonObject(body) ? body : {};
    if (given["clear"] === true) await store.clearHistory(sees);
    const ids = idList(given["delete"]);
    if (ids.length > 0) await store.deleteHistory(ids, sees);
    return sendEmpty(reply);
  });
}
