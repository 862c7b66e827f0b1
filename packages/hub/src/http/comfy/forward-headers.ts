/** Headers of requests that go on to a ComfyUI, and of its answers: what belongs to one connection or to us stays here. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { isDangerous, UNKNOWN_TYPE } from "../../files/content-types.ts";
import { disposition } from "../send-file.ts";

/** They are about one connection, and not passed on. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** Keys of this server, and names of the page that asked, which a ComfyUI would take for foreign. */
const OURS = new Set([
  "authorization",
  "x-api-key",
  "host",
  "origin",
  "referer",
  "cookie",
  "expect",
  "sec-fetch-site",
]);
/** of our sessions (`auth/sessions.ts`) */
const SESSION_COOKIE = "session";
/** What this server says for itself. */
const OUR_ANSWERS = /^(?:access-control-|content-security-policy|strict-transport-security$|server$|date$)/;

type Headers = Record<string, string | string[]>;

/** Headers for the ComfyUI at `base`. The body's length stays, unless it is sent in chunks. */
export function forwardedHeaders(request: IncomingMessage, base: URL): Headers {
  const { headers } = request;
  const kept = withoutHops(headers, (name) => OURS.has(name));
  kept["host"] = base.host;
  // A page of ours asks: on the ComfyUI it counts as a page of its own.
  if (headers.origin !== undefined) kept["origin"] = base.origin;
  if (headers["sec-fetch-site"] !== undefined) kept["sec-fetch-site"] = "same-origin";
  const cookies = otherCookies(headers.cookie);
  if (cookies !== "") kept["cookie"] = cookies;
  const client = request.socket.remoteAddress ?? "";
  const before = headers["x-forwarded-for"];
  kept["x-forwarded-for"] = before === undefined ? client : `${String(before)}, ${client}`;
  return kept;
}

/** Path and query for the ComfyUI at `base`: without our key. */
export function forwardedPath(target: string, base: URL): string {
  const prefix = base.pathname.replace(/\/+$/, "");
  const at = target.indexOf("?");
  if (at < 0) return prefix + target;
  const kept = target
    .slice(at + 1)
    .split("&")
    .filter((pair) => !/^token(?:=|$)/.test(pair));
  const query = kept.join("&");
  return prefix + target.slice(0, at) + (query === "" ? "" : `?${query}`);
}

/** Headers of an answer for our client, who asked for the decoded `path`. */
export function answeredHeaders(
  answer: IncomingMessage,
  { path, base, destination }: { path: string; base: URL; destination: string | undefined },
): Headers {
  const kept = withoutHops(answer.headers, (name) => OUR_ANSWERS.test(name));
  const { location, "set-cookie": cookies, "content-type": type = "" } = answer.headers;
  if (location !== undefined) kept["location"] = ownLocation(location, base);
  if (cookies !== undefined) {
    const others = cookies.filter((cookie) => cookie.split("=")[0]?.trim() !== SESSION_COOKIE);
    if (others.length > 0) kept["set-cookie"] = others;
    else delete kept["set-cookie"];
  }
  // Scripts of web extensions are there to be run; anything else that a browser would run as a page of this server is
  // downloaded (section 2.7).
  if (!path.startsWith("/extensions/") && isDangerous(type)) {
    const asImage = type.startsWith("image/svg+xml") && destination === "image";
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (!asImage) {
      kept["content-type"] = UNKNOWN_TYPE;
      kept["content-disposition"] = disposition(name === "" ? "file" : name, "attachment");
    }
    kept["x-content-type-options"] = "nosniff";
    kept["vary"] = "Sec-Fetch-Dest";
    kept["cache-control"] = "no-store";
  }
  return kept;
}

function withoutHops(headers: IncomingHttpHeaders, isDropped: (name: string) => boolean): Headers {
  const listed = new Set((headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase()));
  const kept: Headers = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || HOP_BY_HOP.has(name) || listed.has(name) || isDropped(name)) continue;
    kept[name] = value;
  }
  return kept;
}

function otherCookies(header: string | undefined): string {
  return (header ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair !== "" && pair.split("=")[0]?.trim() !== SESSION_COOKIE)
    .join("; ");
}

/** A place on the ComfyUI as a place on this server. */
function ownLocation(location: string, base: URL): string {
  const prefix = base.pathname.replace(/\/+$/, "");
  const relative = location.startsWith(base.origin) ? location.slice(base.origin.length) || "/" : location;
  return prefix !== "" && relative.startsWith(`${prefix}/`) ? relative.slice(prefix.length) : relative;
}
