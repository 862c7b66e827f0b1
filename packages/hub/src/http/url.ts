/** Request targets: what a router and a query parser must get right for odd clients. */

/**
 * Makes a request target decodable: percent signs that do not begin valid UTF-8 are taken literally, and an absolute
 * target loses its scheme and host.
 */
export function repairTarget(target: string): string {
  const relative = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "");
  const start = relative.startsWith("/") ? relative : `/${relative}`;
  const end = start.search(/[?#]/);
  const path = end < 0 ? start : start.slice(0, end);
  if (!path.includes("%")) return start;
  const fixed = path
    .replace(/%(?![0-9a-fA-F]{2})/g, "%25")
    .replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => (decodes(run) ? run : run.replaceAll("%", "%25")));
  return end < 0 ? fixed : fixed + start.slice(end);
}

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** The decoded path of a target, without its query; also of one that was not repaired. */
export function pathOf(target: string): string {
  return decodeURIComponent(rawPathOf(repairTarget(target)));
}

/** The path of a target as it was sent, without its query. */
export function rawPathOf(target: string): string {
  return /^[^?#]*/.exec(target)?.[0] ?? "";
}

/** A query as a record without prototype; of a repeated name the first value counts. */
export function parseQuery(text: string): Record<string, string> {
  const query = Object.create(null) as Record<string, string>;
  for (const [name, value] of new URLSearchParams(text)) query[name] ??= value;
  return query;
}
