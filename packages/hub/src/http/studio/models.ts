/**
 * Models, LoRAs and LLM files: lists with presence, entries of the catalogues, deletion; the same operations for each of
 * the three, below `/api/admin/models`, `/api/admin/loras` and `/api/admin/llm/models`.
 */
import type { JobStore } from "@hearth/jobs";
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import type { KnownModel } from "../../model-catalogue/catalogue.ts";
import { type CatalogueKind, ENTRY, KINDS } from "../../model-catalogue/entry.ts";
import type { ModelLibrary } from "../../model-catalogue/library.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { ownContract, type Register, studioError } from "../own-contract.ts";
import { checkedBody, checkedQuery } from "../validate.ts";
import { DEFAULT_ZONE } from "./local-time.ts";
import { answering, BASES, describeModel } from "./models-answers.ts";
import { registerModelDownloads } from "./models-downloads.ts";
import { registerModelMetadata } from "./models-metadata.ts";
import { registerModelStatus } from "./models-status.ts";

export interface StudioModelsParts {
  readonly library: ModelLibrary;
  readonly store: Pick<JobStore, "addEvent">;
  /** IANA name; default: the contract's */
  readonly zone?: string | undefined;
  /** between two snapshots of `models/status`, in milliseconds; default: a second */
  readonly statusMs?: number | undefined;
}

export const LIST = Type.Object({
  type: Type.Optional(Type.String()),
  search: Type.Optional(Type.String()),
  present: Type.Optional(Type.Boolean()),
  base_model: Type.Optional(Type.String()),
});
export const WHICH = Type.Object({ type: Type.Optional(Type.String()) });
export const IMPORT = Type.Object({ models: Type.Array(ENTRY, { minItems: 1, maxItems: 10_000 }) });

/** Registers all operations of the three catalogues, of downloads and of metadata. */
export function registerStudioModels(app: FastifyInstance, parts: StudioModelsParts): void {
  const register = ownContract(app, studioError);
  registerModelStatus(app, register, parts.library.downloads, parts.statusMs);
  for (const kind of KINDS) {
    registerLists(register, kind, parts);
    registerModelDownloads(register, kind, parts.library);
    if (kind !== "llm") registerModelMetadata(register, kind, parts.library);
    registerDeletion(register, kind, parts);
  }
}

function registerLists(register: Register, kind: CatalogueKind, parts: StudioModelsParts): void {
  const { library } = parts;
  const base = BASES[kind];
  register(
    "GET",
    base,
    "read",
    answering(async (request, reply) => {
      const { type, search, present, base_model } = checkedQuery(request, LIST);
      const wanted = search?.toLowerCase();
      const described = (await describeAll(kind, parts)).filter(
        (one) =>
          (type === undefined || one["type"] === type) &&
          (present === undefined || one["present"] === present) &&
          (base_model === undefined || isCompatible(one["base_model"], base_model)) &&
          (wanted === undefined || `${one["filename"]} ${one["name"]}`.toLowerCase().includes(wanted)),
      );
      return sendJson(reply, described);
    }),
  );
  register(
    "POST",
    `${base}/import`,
    "admin",
    answering(async (request, reply) => {
      const { models } = checkedBody(request, IMPORT);
      for (const entry of models) {
        if (entry.url !== undefined && !/^https?:$/.test(URL.parse(entry.url)?.protocol ?? "")) {
          throw new HttpError(422, `url of '${entry.filename}' must be an http or https address`);
        }
        const type = kind === "models" ? (entry.type ?? "checkpoints") : kind === "loras" ? "loras" : "";
        if (!library.catalogue.hasType(kind, type)) {
          throw new HttpError(422, `type of '${entry.filename}' must be a model type, not '${type}'`);
        }
      }
      return sendJson(reply, await library.catalogue.put(kind, models));
    }),
  );
  if (kind !== "loras") return;
  register(
    "GET",
    `${base}/compatible/:base_model`,
    "read",
    answering(async (request, reply) => {
      const { base_model: wanted } = request.params as { base_model: string };
      const all = await describeAll(kind, parts);
      return sendJson(
        reply,
        all.filter((one) => isCompatible(one["base_model"], wanted)),
      );
    }),
  );
}

async function describeAll(
  kind: CatalogueKind,
  { library, zone = DEFAULT_ZONE }: StudioModelsParts,
): Promise<Record<string, unknown>[]> {
  const models = await library.catalogue.list(kind);
  const facts = await library.metadata.allKnown();
  const hashes = await library.hashes.allKnown();
  return models.map((model) => {
    const sha256 = model.file === undefined ? undefined : hashes.get(model.file.file);
    const metadata = facts.get(sha256 ?? model.entry?.sha256?.toLowerCase() ?? "") ?? null;
    return describeModel(model, { metadata, download: library.downloads.get(model), zone });
  });
}

/** Spelling differs between sites: `SD 1.5`, `SD1.5`, `sd-1.5`. */
function isCompatible(baseModel: unknown, wanted: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/[\s_-]+/g, "");
  return typeof baseModel === "string" && plain(baseModel) === plain(wanted);
}

function registerDeletion(
  register: Register,
  kind: CatalogueKind,
  { library, store }: StudioModelsParts,
): void {
  const { catalogue, downloads, hashes } = library;
  const base = BASES[kind];
  register(
    "DELETE",
    `${base}/:filename`,
    "admin",
    answering(async (request, reply) => {
      const { filename } = request.params as { filename: string };
      const { type } = checkedQuery(request, WHICH);
      const model = onlyOne(await catalogue.find(kind, filename, type), filename);
      const { file } = model;
      if (file === undefined) throw new HttpError(404, `'${filename}' is not on the disk`);
      await catalogue.deleteFile(file).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT")
          throw new HttpError(500, `'${filename}' cannot be deleted: ${error.code}`);
      });
      await hashes.forget(file.file);
      // That it was downloaded once says nothing about now.
      if (downloads.get(model)?.status === "completed") await downloads.cancel(model);
      await store.addEvent({
        type: kind === "llm" ? "llm.model.deleted" : "model.deleted",
        severity: "info",
        message: `Deleted: ${filename}`,
        data: { filename, kind, type: model.type },
      });
      return sendJson(reply, { deleted: filename, type: model.type, size: file.size });
    }),
  );
  register(
    "DELETE",
    `${base}/:filename/catalog`,
    "admin",
    answering(async (request, reply) => {
      const { filename } = request.params as { filename: string };
      const entries = (await catalogue.find(kind, filename)).filter(({ entry }) => entry !== undefined);
      const model = onlyOne(entries, filename);
      if (model.file !== undefined) {
        throw new HttpError(409, `'${filename}' is on the disk: delete the file before its entry`);
      }
      const status = downloads.get(model)?.status ?? "none";
      if (["queued", "running", "verifying", "paused"].includes(status)) {
        throw new HttpError(409, `'${filename}' is being downloaded: cancel that before`);
      }
      await downloads.cancel(model);
      await catalogue.removeEntry(kind, filename);
      return sendJson(reply, { removed: filename });
    }),
  );
}

/** @throws HttpError 404 when there is none, 409 when the name alone does not say which */
export function onlyOne(models: readonly KnownModel[], filename: string): KnownModel {
  const [model, ...others] = models;
  if (model === undefined) throw new HttpError(404, `There is no model '${filename}'`);
  if (others.length === 0) return model;
  const types = models.map(({ type }) => type).join(", ");
  throw new HttpError(409, `There are several models '${filename}': say ?type= (${types})`);
}
