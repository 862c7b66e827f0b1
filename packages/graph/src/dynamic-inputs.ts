/** Inputs that stand for others (section 5.5): flat keys with dots on the wire, records in front of the node. */
import {
  type InputDeclaration,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type NodeInfo,
} from "@hearth/protocol";

/** An input as it is on the wire. */
export interface ExpandedInput {
  readonly name: string;
  readonly group: "required" | "optional";
  readonly declaration: InputDeclaration;
}

/** The reference gives up after this many names of one growing input. */
const MAX_NAMES = 100;

const DYNAMIC = new Set<unknown>(["COMFY_AUTOGROW_V3", "COMFY_DYNAMICCOMBO_V3", "COMFY_DYNAMICSLOT_V3"]);

/** True for an input that stands for others. */
export function isDynamic(declaration: InputDeclaration): boolean {
  return DYNAMIC.has(declaration[0]);
}

export type ExpandedInputs = readonly ExpandedInput[];

/** Inputs of classes without dynamic ones, which do not depend on what is given. A node info never changes. */
const fixedInputs = new WeakMap<NodeInfo, ExpandedInputs>();

/**
 * The flat inputs that a class declares, given these inputs: required ones first, each group in its own order. Hidden
 * ones are not among them. Options like `lazy` and `rawLink` are in `declaration[1]`.
 */
export function expandInputs(info: NodeInfo, given: Readonly<Record<string, unknown>>): ExpandedInputs {
  const fixed = fixedInputs.get(info);
  if (fixed !== undefined) return fixed;
  const found: ExpandedInput[] = [];
  expandGroups(info.input, "", given, found);
  const declared = [...Object.values(info.input.required ?? {}), ...Object.values(info.input.optional ?? {})];
  if (!declared.some(isDynamic)) fixedInputs.set(info, found);
  return found;
}

interface Groups {
  readonly required?: unknown;
  readonly optional?: unknown;
}

function expandGroups(
  groups: Groups,
  prefix: string,
  given: Readonly<Record<string, unknown>>,
  found: ExpandedInput[],
): void {
  for (const group of ["required", "optional"] as const) {
    const members = groups[group] as Record<string, InputDeclaration> | undefined;
    for (const [name, declaration] of Object.entries(members ?? {})) {
      expandOne({ name: prefix + name, group, declaration }, given, found);
    }
  }
}

function expandOne(
  input: ExpandedInput,
  given: Readonly<Record<string, unknown>>,
  found: ExpandedInput[],
): void {
  const options = input.declaration[1] ?? {};
  switch (input.declaration[0]) {
    case "COMFY_AUTOGROW_V3":
      found.push(...grownInputs(input, options));
      return;
    case "COMFY_DYNAMICCOMBO_V3": {
      const chosen = chosenOption(options, Object.hasOwn(given, input.name) ? given[input.name] : undefined);
      // An absent or unknown key takes the input and all that hangs on it out of the schema.
      if (chosen === undefined) return;
      found.push(input);
      expandGroups(chosen as Groups, `${input.name}.`, given, found);
      return;
    }
    case "COMFY_DYNAMICSLOT_V3":
      // What the slot takes is the type that it names.
      found.push({ ...input, declaration: [(options["slotType"] ?? "*") as string, options] });
      if (Object.hasOwn(given, input.name) && isJsonObject(options["inputs"])) {
        expandGroups(options["inputs"] as Groups, `${input.name}.`, given, found);
      }
      return;
    default:
      found.push(input);
  }
}

function grownInputs(input: ExpandedInput, options: JsonObject): ExpandedInput[] {
  const template = options["template"] as JsonObject | undefined;
  const source = template?.["input"] as Groups | undefined;
  if (template === undefined || source === undefined) return [];
  const required = Object.values((source.required ?? {}) as Record<string, InputDeclaration>);
  const optional = Object.values((source.optional ?? {}) as Record<string, InputDeclaration>);
  const declaration = required[0] ?? optional[0];
  if (declaration === undefined) return [];
  const min = Number(template["min"] ?? 0);
  return grownNames(template).map((name, index) => ({
    name: `${input.name}.${name}`,
    group: input.group === "required" && required.length > 0 && index < min ? "required" : "optional",
    declaration,
  }));
}

function grownNames(template: JsonObject): string[] {
  const names = template["names"];
  if (Array.isArray(names)) return names.slice(0, MAX_NAMES).map(String);
  const max = Math.min(MAX_NAMES, Number(template["max"] ?? MAX_NAMES));
  return Array.from({ length: max }, (_, index) => `${String(template["prefix"])}${index}`);
}

function chosenOption(options: JsonObject, key: unknown): JsonValue | undefined {
  const choices = options["options"];
  if (!Array.isArray(choices)) return undefined;
  return choices.filter(isJsonObject).find((choice) => choice["key"] === key)?.["inputs"];
}

/**
 * Rebuilds the records that a node sees from flat values: `images.image0` goes into `images`; a dynamic combo becomes
 * a record with its key under its own name; a growing input without values becomes an empty record. Values of
 * undeclared names stay as they are, so that the call can refuse them. `keyOf` gives the choice of a dynamic combo from
 * its value: for classes that take lists that is the first of them.
 */
export function nestInputs(
  info: NodeInfo,
  flat: Readonly<Record<string, unknown>>,
  keyOf: (value: unknown) => unknown = (value) => (Array.isArray(value) ? value[0] : value),
): Record<string, unknown> {
  const nested: Record<string, unknown> = { ...flat };
  const keys = Object.fromEntries(Object.entries(flat).map(([name, value]) => [name, keyOf(value)]));
  nestGroups(info.input, "", keys, nested);
  return nested;
}

function nestGroups(
  groups: Groups,
  prefix: string,
  keys: Record<string, unknown>,
  values: Record<string, unknown>,
): void {
  for (const members of [groups.required, groups.optional]) {
    for (const [name, declaration] of Object.entries((members ?? {}) as Record<string, InputDeclaration>)) {
      const full = prefix + name;
      const options = declaration[1] ?? {};
      if (declaration[0] === "COMFY_AUTOGROW_V3") {
        const template = options["template"] as JsonObject;
        values[full] = collect(
          values,
          grownNames(template).map((member) => [member, `${full}.${member}`]),
        );
      } else if (declaration[0] === "COMFY_DYNAMICCOMBO_V3") {
        const chosen = chosenOption(options, keys[full]) as Groups | undefined;
        if (chosen === undefined) delete values[full];
        else nestUnder(chosen, full, name, keys, values);
      } else if (declaration[0] === "COMFY_DYNAMICSLOT_V3" && Object.hasOwn(values, full)) {
        const inner = options["inputs"];
        if (isJsonObject(inner)) nestUnder(inner as Groups, full, name, keys, values);
      }
    }
  }
}

/** Moves the members of one choice into a record that also holds the choice itself. */
function nestUnder(
  groups: Groups,
  full: string,
  name: string,
  keys: Record<string, unknown>,
  values: Record<string, unknown>,
): void {
  nestGroups(groups, `${full}.`, keys, values);
  const members = [groups.required, groups.optional].flatMap((group) => Object.keys(group ?? {}));
  const own = values[full];
  const record = collect(
    values,
    members.map((member) => [member, `${full}.${member}`]),
  );
  values[full] = { [name]: own, ...record };
}

function collect(
  values: Record<string, unknown>,
  names: readonly (readonly [string, string])[],
): Record<string, unknown> {
  const members: [string, unknown][] = [];
  for (const [member, flatName] of names) {
    if (!Object.hasOwn(values, flatName)) continue;
    members.push([member, values[flatName]]);
    delete values[flatName];
  }
  return Object.fromEntries(members);
}
