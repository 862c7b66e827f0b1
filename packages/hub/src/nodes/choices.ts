/** Where a node class takes one of a list of values: combos in both spellings, also behind dynamic combos. */
import {
  entriesOf,
  type InputDeclaration,
  isJsonObject,
  JsonFloat,
  type JsonObject,
  type JsonValue,
  type NodeInfo,
} from "@hearth/protocol";

export interface Choice {
  /** flat name, as in a prompt */
  readonly input: string;
  /** which options of dynamic combos lead to it; empty: none */
  readonly under: string;
  /** leads from the node info to `values` */
  readonly path: readonly (string | number)[];
  /** for a dynamic combo its options, each with a `key` and its inputs */
  readonly values: readonly JsonValue[];
  readonly isDynamic: boolean;
  /** of the declaration */
  readonly options: JsonObject;
}

/** A node info never changes. */
const known = new WeakMap<NodeInfo, ReadonlyMap<string, readonly Choice[]>>();

/** The choices of a class by input; an input behind a dynamic combo may have several. */
export function choicesOf(info: NodeInfo): ReadonlyMap<string, readonly Choice[]> {
  let found = known.get(info);
  if (found === undefined) {
    const list: Choice[] = [];
    collect(info.input, ["input"], "", "", list);
    found = Map.groupBy(list, ({ input }) => input);
    known.set(info, found);
  }
  return found;
}

const GROUPS = ["required", "optional"] as const;

function collect(
  groups: { readonly required?: unknown; readonly optional?: unknown },
  path: readonly (string | number)[],
  prefix: string,
  under: string,
  found: Choice[],
): void {
  for (const group of GROUPS) {
    const members = groups[group];
    if (!isJsonObject(members)) continue;
    for (const [name, declared] of entriesOf(members)) {
      if (!Array.isArray(declared)) continue;
      const [type, given] = declared as InputDeclaration;
      const options = isJsonObject(given) ? given : {};
      const input = prefix + name;
      const at = [...path, group, name];
      if (Array.isArray(type)) {
        found.push({ input, under, path: [...at, 0], values: type, isDynamic: false, options });
        continue;
      }
      const values = options["options"];
      if (!Array.isArray(values)) continue;
      const where = [...at, 1, "options"];
      if (type === "COMBO") found.push({ input, under, path: where, values, isDynamic: false, options });
      else if (type === "COMFY_DYNAMICCOMBO_V3") {
        found.push({ input, under, path: where, values, isDynamic: true, options });
        values.forEach((option, index) => {
          if (!isJsonObject(option) || !isJsonObject(option["inputs"])) return;
          const inner = `${under}${input}=${String(option["key"])};`;
          collect(option["inputs"], [...where, index, "inputs"], `${input}.`, inner, found);
        });
      }
    }
  }
}

/** What makes two values of a list the same. */
export function valueKey(value: JsonValue): JsonValue {
  if (value instanceof JsonFloat) return value.value;
  return isJsonObject(value) ? (value["key"] ?? null) : value;
}

const sets = new WeakMap<readonly JsonValue[], ReadonlySet<JsonValue>>();

/** The values of a list as a set. Lists never change. */
export function valueSet(values: readonly JsonValue[]): ReadonlySet<JsonValue> {
  let set = sets.get(values);
  if (set === undefined) {
    set = new Set(values.map(valueKey));
    sets.set(values, set);
  }
  return set;
}

export function samePath(one: readonly (string | number)[], other: readonly (string | number)[]): boolean {
  return one.length === other.length && one.every((step, index) => step === other[index]);
}
