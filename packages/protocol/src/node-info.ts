/** The wire shape of `/object_info` (section 3.17): what a node class declares. */
import type { JsonObject, JsonValue } from "./json.ts";

/** `[type, options?]`; the type is a name, or (older classes) the list of a combo's options. */
export type InputDeclaration = [type: string | JsonValue[], options?: JsonObject];

export interface NodeInfo {
  input: {
    required?: Record<string, InputDeclaration>;
    optional?: Record<string, InputDeclaration>;
    hidden?: Record<string, JsonValue>;
  };
  input_order: Record<string, string[]>;
  is_input_list: boolean;
  output: (string | JsonValue[])[];
  /** `null` (a few old classes) means the same as `false` */
  output_is_list: (boolean | null)[];
  output_name: string[];
  output_tooltips?: (string | null)[];
  output_matchtypes?: (string | null)[] | null;
  name: string;
  display_name: string | null;
  description: string;
  python_module: string;
  category: string;
  output_node: boolean;
  has_intermediate_output: boolean;
  deprecated?: boolean;
  experimental?: boolean;
  dev_only?: boolean;
  api_node?: boolean;
  price_badge?: JsonValue;
  search_aliases: string[] | null;
  essentials_category?: string | null;
}

/** Classes of the newer schema always send `price_badge`; some rules of validation differ for them. */
export function isSchemaNode(info: NodeInfo): boolean {
  return "price_badge" in info;
}

/**
 * A list of options that is filled from a folder whenever it is asked for.
 * `path` leads from the class's node info to the list; `folder` is a model folder, or `input` for the input folder.
 */
export interface FileList {
  readonly path: readonly (string | number)[];
  readonly folder: string;
  /** only these media types, by file name */
  readonly media?: readonly ("image" | "video" | "audio" | "model")[];
  /** only names with one of these endings, e.g. `.latent` */
  readonly extensions?: readonly string[];
  /** entries that are always present, before the files */
  readonly fixed?: readonly string[];
  /** names that other workers have, after the files */
  readonly also?: readonly string[];
}

/** What a worker announces of one class. */
export interface NodeClassAnnouncement {
  readonly info: NodeInfo;
  readonly lists?: readonly FileList[];
  /** inputs named by the class's own validator; `"*"` when it takes all. Absent: it has none. */
  readonly validates?: readonly string[] | "*";
  /** the validator takes over the check of linked types */
  readonly validatesTypes?: boolean;
}
