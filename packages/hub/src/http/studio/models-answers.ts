/** Models as Studio prints them, and the errors of the catalogues as answers. */
import type { DownloadStatus } from "../../downloads/download.ts";
import { DownloadError } from "../../downloads/errors.ts";
import { CatalogueError } from "../../model-catalogue/catalogue-file.ts";
import type { KnownModel } from "../../model-catalogue/catalogue.ts";
import type { CatalogueKind } from "../../model-catalogue/entry.ts";
import type { SiteFacts } from "../../model-catalogue/metadata.ts";
import { HttpError } from "../errors.ts";
import type { Handler } from "../twin.ts";
import { localTime } from "./local-time.ts";

/** Where the operations of each catalogue are. */
export const BASES: Readonly<Record<CatalogueKind, string>> = {
  models: "/api/admin/models",
  loras: "/api/admin/loras",
  llm: "/api/admin/llm/models",
};

/** One model of a list: the fields of its entry, and what is so of it here. */
export function describeModel(
  model: KnownModel,
  more: {
    readonly metadata: SiteFacts;
    readonly download: DownloadStatus | undefined;
    readonly zone: string;
  },
): Record<string, unknown> {
  const { kind, type, filename, entry, file } = model;
  return {
    ...entry,
    filename,
    name: entry?.name ?? nameOf(filename),
    kind,
    type,
    url: entry?.url === undefined ? null : withoutSecrets(entry.url),
    size: entry?.size ?? file?.size ?? null,
    sha256: entry?.sha256 ?? null,
    base_model: entry?.base_model ?? more.metadata?.["base_model"] ?? null,
    trigger_words: entry?.trigger_words ?? more.metadata?.["trigger_words"] ?? [],
    catalogued: entry !== undefined,
    present: file !== undefined,
    size_on_disk: file?.size ?? null,
    modified: file === undefined ? null : localTime(file.modifiedMs, more.zone),
    metadata: more.metadata,
    download: more.download ?? null,
  };
}

function nameOf(filename: string): string {
  return filename.slice(filename.lastIndexOf("/") + 1).replace(/\.[^.]+$/, "");
}

const SECRETS = ["token", "api_key", "apikey", "key", "sig", "signature"];

/** An address without what only its owner should know. */
function withoutSecrets(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  const secret = SECRETS.filter((name) => url.searchParams.has(name));
  if (secret.length === 0) return text;
  for (const name of secret) url.searchParams.set(name, "***");
  return url.href;
}

/** A handler whose errors of catalogues and downloads are answers that say what is wrong. */
export function answering(handler: Handler): Handler {
  return async (request, reply) => {
    try {
      return await handler(request, reply);
    } catch (error) {
      if (error instanceof CatalogueError) throw new HttpError(500, error.message);
      if (error instanceof DownloadError) throw new HttpError(409, error.message);
      throw error;
    }
  };
}
