/** The origin check of the default mode (section 2.4). */
import type { IncomingHttpHeaders } from "node:http";
import { isLoopbackHost, splitHost } from "./host.ts";

/** The network location of an origin; `null` and other origins without one give "". */
function locationOf(origin: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#]*)/.exec(origin)?.[1] ?? "";
}

/** True when both name the same place. A side without a port matches every port of the other. */
export function sameHost(origin: string, host: string): boolean {
  const ours = splitHost(host.toLowerCase());
  const theirs = splitHost(locationOf(origin.toLowerCase()));
  if (ours.hostname !== theirs.hostname) return false;
  return ours.port === undefined || theirs.port === undefined || ours.port === theirs.port;
}

/**
 * False for requests that another site's page makes: marked cross-site by the browser, or sent to this machine under
 * an origin that is not the host they were sent to. Requests without `Origin` are not from pages.
 */
export function originAllowed(headers: IncomingHttpHeaders): boolean {
  if (headers["sec-fetch-site"] === "cross-site") return false;
  const { host, origin } = headers;
  if (host === undefined || origin === undefined) return true;
  if (locationOf(origin.toLowerCase()) === "" || host.trim() === "") return true;
  return !isLoopbackHost(splitHost(host.toLowerCase()).hostname) || sameHost(origin, host);
}
