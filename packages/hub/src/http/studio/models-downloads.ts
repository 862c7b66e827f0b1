/** Downloads of catalogued files: one, many, paused, taken up again, given up. */
import type { FastifyRequest } from "fastify";
import Type from "typebox";
import type { DownloadStatus } from "../../downloads/download.ts";
import { DownloadError } from "../../downloads/errors.ts";
import type { KnownModel } from "../../model-catalogue/catalogue.ts";
import type { CatalogueKind } from "../../model-catalogue/entry.ts";
import type { ModelLibrary } from "../../model-catalogue/library.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import type { Register } from "../own-contract.ts";
import { checkedBody } from "../validate.ts";
import { answering, BASES } from "./models-answers.ts";

export const BATCH = Type.Object({ filenames: Type.Array(Type.String(), { minItems: 1, maxItems: 1_000 }) });

export function registerModelDownloads(register: Register, kind: CatalogueKind, library: ModelLibrary): void {
  const { downloads } = library;
  const base = BASES[kind];
  const one = `${base}/download/:filename`;
  register(
    "POST",
    one,
    "admin",
    answering(async (request, reply) => sendJson(reply, await begin(library, kind, filenameOf(request)))),
  );
  register(
    "POST",
    `${base}/download-batch`,
    "admin",
    answering(async (request, reply) => {
      const queued: DownloadStatus[] = [];
      const skipped: { filename: string; detail: string }[] = [];
      for (const filename of new Set(checkedBody(request, BATCH).filenames)) {
        try {
          queued.push(await begin(library, kind, filename));
        } catch (error) {
          if (error instanceof HttpError) skipped.push({ filename, detail: error.detail });
          else if (error instanceof DownloadError) skipped.push({ filename, detail: error.message });
          else throw error;
        }
      }
      return sendJson(reply, { queued, skipped });
    }),
  );
  const acts: readonly [string, "pause" | "resume", string][] = [
    ["/pause", "pause", "queued or running"],
    ["/resume", "resume", "paused or failed"],
  ];
  for (const [suffix, act, needed] of acts) {
    register(
      "POST",
      one + suffix,
      "admin",
      answering(async (request, reply) => {
        const model = await entryOf(library, kind, filenameOf(request));
        const before = downloads.get(model);
        if (before === undefined) throw new HttpError(404, `There is no download of '${model.filename}'`);
        if (!(await downloads[act](model))) {
          const now = downloads.get(model)?.status ?? before.status;
          throw new HttpError(409, `The download of '${model.filename}' is ${now}, not ${needed}`);
        }
        return sendJson(reply, downloads.get(model));
      }),
    );
  }
  register(
    "DELETE",
    one,
    "admin",
    answering(async (request, reply) => {
      const model = await entryOf(library, kind, filenameOf(request));
      if (!(await downloads.cancel(model))) {
        throw new HttpError(404, `There is no download of '${model.filename}'`);
      }
      return sendJson(reply, { cancelled: model.filename });
    }),
  );
}

async function begin(library: ModelLibrary, kind: CatalogueKind, filename: string): Promise<DownloadStatus> {
  const { entry, type } = await entryOf(library, kind, filename);
  if (entry?.url === undefined) {
    throw new HttpError(422, `The catalogue does not say where '${filename}' can be fetched`);
  }
  return library.downloads.add({ kind, type, filename, url: entry.url, sha256: entry.sha256 });
}

/** @throws HttpError 404 when the catalogue does not name the file */
async function entryOf(library: ModelLibrary, kind: CatalogueKind, filename: string): Promise<KnownModel> {
  const model = (await library.catalogue.find(kind, filename)).find(({ entry }) => entry !== undefined);
  if (model === undefined) throw new HttpError(404, `The catalogue does not name '${filename}'`);
  return model;
}

function filenameOf(request: FastifyRequest): string {
  return (request.params as { filename: string }).filename;
}
