/** `GET /api/admin/events`. */
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import { sees } from "../../auth/identity.ts";
import { type EventLog, maySee, RING_SIZE } from "../../events/event-log.ts";
import { sendJson } from "../answers.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { checkedQuery } from "../validate.ts";

export const QUERY = Type.Object({
  /** of the newest that match; more than the log keeps counts as all */
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  /** comma-separated; `job.*` takes all types that begin so */
  types: Type.Optional(Type.String()),
  /** comma-separated */
  severity: Type.Optional(Type.String()),
});

const DEFAULT_LIMIT = 100;

export function registerStudioEvents(app: FastifyInstance, { events }: { readonly events: EventLog }): void {
  const register = ownContract(app, studioError);
  register("GET", "/api/admin/events", "read", async (request, reply) => {
    const { limit, types, severity } = checkedQuery(request, QUERY);
    // What the caller did just before the question is in the answer.
    await events.pull();
    const owner = sees(request.identity);
    const isWanted = typeFilter(types);
    const severities = names(severity);
    const found = events
      .recent()
      .filter(
        (event) =>
          isWanted(event.shown.type) &&
          (severities === undefined || severities.includes(event.shown.severity)) &&
          maySee(owner, event),
      );
    const wanted = Math.min(limit ?? DEFAULT_LIMIT, RING_SIZE);
    return sendJson(
      reply,
      found.slice(found.length - Math.min(wanted, found.length)).map((event) => event.shown),
    );
  });
}

/** The parts of a comma list without blanks; undefined when there are none, which means all. */
export function names(list: string | undefined): string[] | undefined {
  const parts = (list ?? "").split(",").map((part) => part.trim());
  const given = parts.filter((part) => part !== "");
  return given.length === 0 ? undefined : given;
}

/** Whether a type is among those of a comma list. */
export function typeFilter(list: string | undefined): (type: string) => boolean {
  const wanted = names(list);
  if (wanted === undefined) return () => true;
  const exact = new Set(wanted);
  const beginnings = wanted.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1));
  return (type) => exact.has(type) || beginnings.some((beginning) => type.startsWith(beginning));
}
