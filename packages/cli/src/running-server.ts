/** The server that runs on a base directory: where it is, and the keys that it may take. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { isJsonObject, parseJson } from "@hearth/protocol";

/** Its addresses, as its hub noted them; empty: none runs there, or it noted nothing. */
export async function runningServerUrls(base: string): Promise<readonly string[]> {
  const text = await readFile(path.join(base, "hearth.json"), "utf8").catch(() => undefined);
  const running = text === undefined ? undefined : parseJson(text);
  const urls = isJsonObject(running) ? running["urls"] : undefined;
  return Array.isArray(urls) ? urls.filter((url) => typeof url === "string") : [];
}

/** Where the server's own key is kept. */
export function keyFile(base: string): string {
  return path.join(base, "studio", "api-key");
}

/**
 * Its own key may be any of these, the likeliest first: that of the environment, and that of the base directory, where
 * also a key is that was changed while the server ran. Empty: there is none.
 */
export async function serverKeys(base: string): Promise<readonly string[]> {
  const kept = (await readFile(keyFile(base), "utf8").catch(() => "")).trim();
  return [...new Set([process.env["API_KEY"] ?? "", kept])].filter((key) => key !== "");
}
