/** Metadata of models by their hash: of one at once, of many in the background. */
import Type from "typebox";
import { DownloadError } from "../../downloads/errors.ts";
import type { KnownModel } from "../../model-catalogue/catalogue.ts";
import type { CatalogueKind } from "../../model-catalogue/entry.ts";
import type { ModelLibrary } from "../../model-catalogue/library.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import type { Register } from "../own-contract.ts";
import { checkedBody } from "../validate.ts";
import { answering, BASES } from "./models-answers.ts";

/** Neither: all files that are on the disk. `force` asks also where an answer is kept. */
export const FETCH = Type.Object({
  filename: Type.Optional(Type.String()),
  filenames: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 10_000 })),
  force: Type.Optional(Type.Boolean()),
});

export function registerModelMetadata(register: Register, kind: CatalogueKind, library: ModelLibrary): void {
  const { fetches, catalogue } = library;
  const base = BASES[kind];
  register(
    "POST",
    `${base}/fetch-metadata`,
    "admin",
    answering(async (request, reply) => {
      const { filename, filenames, force = false } = checkedBody(request, FETCH);
      const all = await catalogue.list(kind);
      if (filename !== undefined) {
        const [model] = chosen(all, [filename]);
        if (model === undefined) throw new HttpError(404, `There is no model '${filename}'`);
        try {
          return sendJson(reply, { filename, ...(await fetches.fetch(model, force)) });
        } catch (error) {
          if (error instanceof DownloadError) throw new HttpError(502, error.message);
          throw error;
        }
      }
      const models =
        filenames === undefined ? all.filter(({ file }) => file !== undefined) : chosen(all, filenames);
      if (!fetches.begin(models, force)) throw new HttpError(409, "Metadata is being fetched already");
      return sendJson(reply, fetches.status, 202);
    }),
  );
  register("GET", `${base}/metadata-status`, "read", (_request, reply) => sendJson(reply, fetches.status));
}

/** @throws HttpError 404 that names the first that there is not */
function chosen(all: readonly KnownModel[], filenames: readonly string[]): KnownModel[] {
  return [...new Set(filenames)].map((filename) => {
    const same = all.filter((one) => one.filename === filename);
    // Of several of one name, the one that is here can be hashed.
    const model = same.find(({ file }) => file !== undefined) ?? same[0];
    if (model === undefined) throw new HttpError(404, `There is no model '${filename}'`);
    return model;
  });
}
