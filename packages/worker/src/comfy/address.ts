/** Where a ComfyUI is: its URL, taken apart once. */
import type { TunnelTarget } from "../engine-port.ts";

export interface ComfyAddress {
  /** for people: without credentials and without a slash at the end */
  readonly shown: string;
  readonly isTls: boolean;
  /** credentials of the URL, and what the settings add */
  readonly headers: Readonly<Record<string, string>>;
  readonly target: TunnelTarget;
  /** `path` begins with a slash and may have a query */
  readonly http: (path: string) => string;
  readonly webSocket: (clientId: string) => string;
}

/** @throws Error that names what is wrong with the URL */
export function comfyAddress(url: string, headers: Readonly<Record<string, string>> = {}): ComfyAddress {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new Error(`"${url}" is no URL of a ComfyUI; one looks like http://127.0.0.1:8188`);
  }
  const isTls = parsed.protocol === "https:";
  if (!isTls && parsed.protocol !== "http:") {
    throw new Error(`"${url}" is no URL of a ComfyUI: it begins with neither http:// nor https://`);
  }
  const prefix = parsed.pathname.replace(/\/+$/, "");
  const shown = `${parsed.protocol}//${parsed.host}${prefix}`;
  const user = decodeURIComponent(parsed.username);
  const password = decodeURIComponent(parsed.password);
  const credentials = Buffer.from(`${user}:${password}`).toString("base64");
  return {
    shown,
    isTls,
    headers: {
      ...(parsed.username === "" && parsed.password === "" ? {} : { authorization: `Basic ${credentials}` }),
      ...headers,
    },
    target: {
      host: parsed.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: parsed.port === "" ? (isTls ? 443 : 80) : Number(parsed.port),
      isTls,
    },
    http: (path) => shown + path,
    webSocket: (clientId) =>
      `${isTls ? "wss" : "ws"}://${parsed.host}${prefix}/ws?clientId=${encodeURIComponent(clientId)}`,
  };
}
