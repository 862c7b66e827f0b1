/** `Prefer: wait=n` (RFC 7240): the answer waits for the end of what it is about. */
import type { FastifyRequest } from "fastify";

const MOST_SECONDS = 60;

/** How long the client wants to wait, in seconds; at most a minute. `undefined`: not at all. */
export function waitSeconds(request: FastifyRequest): number | undefined {
  const header = request.headers["prefer"];
  const words = (Array.isArray(header) ? header.join(",") : (header ?? "")).split(/[,;]/);
  for (const word of words) {
    const match = /^\s*wait(?:\s*=\s*"?(\d{1,9})"?)?\s*$/i.exec(word);
    if (match !== null) return Math.min(MOST_SECONDS, Number(match[1] ?? MOST_SECONDS));
  }
  return undefined;
}
