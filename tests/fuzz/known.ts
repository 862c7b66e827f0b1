/**
 * Requests that once found something: they stay, and are sent again as they were. A seed would not do: what it stands
 * for changes with every operation that is added.
 */
import { readFileSync } from "node:fs";
import type { WireRequest } from "./requests.ts";

export interface KnownRequest extends WireRequest {
  readonly found: string;
}

interface Written extends Omit<KnownRequest, "body"> {
  readonly body: string;
  /** so many bytes come after `body` */
  readonly fill?: number;
  /** and then this */
  readonly end?: string;
}

export function readKnown(): KnownRequest[] {
  const text = readFileSync(new URL("known.json", import.meta.url), "utf8");
  return (JSON.parse(text) as Written[]).map(({ body, fill = 0, end = "", ...rest }) => ({
    ...rest,
    body: Buffer.from(`${body}${"x".repeat(fill)}${end}`),
  }));
}
