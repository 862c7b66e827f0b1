/** Host names, addresses and transport of requests. */
import type { IncomingMessage } from "node:http";
import net from "node:net";

/** The parts of a `Host` header or of an origin's network location; IPv6 comes without brackets. */
export function splitHost(value: string): { hostname: string; port: string | undefined } {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/.exec(value.trim());
  if (match === null) return { hostname: value, port: undefined };
  return { hostname: match[1] ?? match[2] ?? "", port: match[3] === "" ? undefined : match[3] };
}

/** 127.0.0.0/8, `::1`, and the IPv4 ones written as IPv6. */
export function isLoopbackAddress(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:/, "");
  return plain === "::1" || (net.isIPv4(plain) && plain.startsWith("127."));
}

/** A name that always means this machine. Names are never looked up: whoever owns a name decides what it resolves to. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || isLoopbackAddress(hostname);
}

/** True when the browser speaks TLS, with this server or with a proxy before it. */
export function isHttps(request: IncomingMessage): boolean {
  if ("encrypted" in request.socket) return true;
  const forwarded = request.headers["x-forwarded-proto"];
  return typeof forwarded === "string" && forwarded.split(",")[0]?.trim().toLowerCase() === "https";
}
