/** Where the file of a new content goes: its tags say it. */
import { invalidBody } from "./errors.ts";
import type { AssetRoots } from "./roots.ts";
import { modelTypeOf } from "./tag-names.ts";

export interface Destination {
  /** nothing leaves this folder */
  readonly root: string;
  readonly directory: string;
}

const ROLES = ["input", "models", "output"] as const;

/** @throws AssetError when the tags do not name exactly one place */
export function destinationOf(roots: AssetRoots, tags: readonly string[]): Destination {
  if (tags.length === 0) throw invalidBody("tags are required for new asset uploads");
  const roles = ROLES.filter((role) => tags.includes(role));
  const [role] = roles;
  if (role === undefined || roles.length > 1) {
    throw invalidBody("uploads require exactly one destination role: input, models, or output");
  }
  if (role !== "models") return { root: roots[role], directory: roots[role] };
  const types = tags.map(modelTypeOf).filter((type) => type !== undefined);
  const [type] = types;
  if (type === undefined || types.length > 1) {
    throw invalidBody("models uploads require exactly one model_type:<folder_name> tag");
  }
  const directory = roots.types.find((known) => known.type === type)?.directories[0];
  if (directory === undefined) throw invalidBody(`unknown model category '${type}'`);
  return { root: directory, directory };
}
