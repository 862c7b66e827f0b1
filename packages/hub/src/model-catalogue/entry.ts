/** Entries of the catalogues `models.json`, `loras.json` and `llm.json`. */
import Type, { type Static } from "typebox";

export const KINDS = ["models", "loras", "llm"] as const;
export type CatalogueKind = (typeof KINDS)[number];

/** A file's name below its folder: no empty part, none that is hidden or leads upwards. */
const FILENAME = "^(?!\\.)[^/\\\\\\u0000-\\u001f]+(?:/(?!\\.)[^/\\\\\\u0000-\\u001f]+)*$";

export const ENTRY = Type.Object({
  /** relative to its folder, with forward slashes; unique in its catalogue */
  filename: Type.String({ pattern: FILENAME, maxLength: 512 }),
  name: Type.Optional(Type.String()),
  /** the model type (`checkpoints`, `vae`, …); only in `models.json`, where `checkpoints` is meant without it */
  type: Type.Optional(Type.String()),
  /** where it can be fetched */
  url: Type.Optional(Type.String()),
  /** bytes */
  size: Type.Optional(Type.Integer({ minimum: 0 })),
  sha256: Type.Optional(Type.String({ pattern: "^[0-9a-fA-F]{64}$" })),
  base_model: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  trigger_words: Type.Optional(Type.Array(Type.String())),
  tags: Type.Optional(Type.Array(Type.String())),
});

/** Fields that it does not name are kept as they are. */
export type CatalogueEntry = Static<typeof ENTRY>;

export const CATALOGUE = Type.Object({
  version: Type.Optional(Type.Integer({ minimum: 0 })),
  /** `YYYY-MM-DD HH:MM` */
  date: Type.Optional(Type.String()),
  models: Type.Array(ENTRY),
});

export type CatalogueText = Static<typeof CATALOGUE>;
