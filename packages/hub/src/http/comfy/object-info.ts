/** `/object_info` (section 3.17). */
import { REPLACEMENTS } from "@hearth/graph";
import type { FastifyInstance } from "fastify";
import type { ObjectInfo } from "../../files/file-lists.ts";
import { sendJson, sendText } from "../answers.ts";
import { twin } from "../twin.ts";

const JSON_TYPE = "application/json; charset=utf-8";

export interface ObjectInfoParts {
  readonly objectInfo: ObjectInfo;
  readonly whenNodesKnown: () => Promise<void>;
  /** all classes were asked for */
  readonly asked: () => void;
}

export function registerObjectInfo(
  app: FastifyInstance,
  { objectInfo, whenNodesKnown, asked }: ObjectInfoParts,
): void {
  twin(app, "GET", "/object_info", async (_request, reply) => {
    asked();
    await whenNodesKnown();
    return sendText(reply, objectInfo.current().text, JSON_TYPE);
  });

  twin(app, "GET", "/object_info/:node_class", async (request, reply) => {
    await whenNodesKnown();
    const { node_class } = request.params as { node_class: string };
    const info = objectInfo.current().byClass.get(node_class);
    return sendJson(reply, info === undefined ? {} : { [node_class]: info });
  });

  twin(app, "GET", "/node_replacements", (_request, reply) => {
    const table: Record<string, unknown[]> = {};
    for (const entry of REPLACEMENTS) (table[entry.old_node_id] ??= []).push(entry);
    return sendJson(reply, table);
  });
}
