/** The inputs that a class declares, by their flat names. */
import { expandInputs } from "@hearth/graph";
import {
  JsonFloat,
  type InputDeclaration,
  type JsonObject,
  type JsonValue,
  type NodeInfo,
} from "@hearth/protocol";

export interface DeclaredInput {
  readonly type: string | JsonValue[];
  /** its source runs only when the node asks for it */
  readonly lazy: boolean;
  /** the node sees the link itself, not the value */
  readonly rawLink: boolean;
}

export type DeclaredInputs = ReadonlyMap<string, DeclaredInput>;

/** Values that the engine injects by declaration; all other hidden inputs are ordinary ones. */
const INJECTED = new Set([
  "PROMPT",
  "DYNPROMPT",
  "EXTRA_PNGINFO",
  "UNIQUE_ID",
  "AUTH_TOKEN_COMFY_ORG",
  "API_KEY_COMFY_ORG",
  "COMFY_USAGE_SOURCE",
]);

/** Types that stand for inputs of their own, which depend on what is given (section 5.5). */
const DYNAMIC = new Set(["COMFY_AUTOGROW_V3", "COMFY_DYNAMICCOMBO_V3", "COMFY_DYNAMICSLOT_V3"]);

/** Types whose values reach nodes as plain JavaScript values. */
const PLAIN = new Set<unknown>(["INT", "FLOAT", "STRING", "BOOLEAN"]);

interface Shape {
  readonly inputs: DeclaredInputs;
  readonly dynamic: readonly string[];
  readonly required: readonly string[];
  readonly injected: ReadonlyMap<string, string>;
  readonly hasLazy: boolean;
}

const shapes = new WeakMap<NodeInfo, Shape>();

function declared([type, options]: InputDeclaration): DeclaredInput {
  return { type, lazy: options?.["lazy"] === true, rawLink: options?.["rawLink"] === true };
}

/** What does not depend on the given inputs; worked out once per class. */
function shapeOf(info: NodeInfo): Shape {
  const known = shapes.get(info);
  if (known !== undefined) return known;
  const inputs = new Map<string, DeclaredInput>();
  const dynamic: string[] = [];
  for (const group of [info.input.required, info.input.optional]) {
    for (const [name, declaration] of Object.entries(group ?? {})) {
      inputs.set(name, declared(declaration));
      if (typeof declaration[0] === "string" && DYNAMIC.has(declaration[0])) dynamic.push(name);
    }
  }
  const injected = new Map<string, string>();
  for (const [name, given] of Object.entries(info.input.hidden ?? {})) {
    const type = Array.isArray(given) ? given[0] : given;
    if (typeof type === "string" && INJECTED.has(type)) injected.set(name, type);
    else if (!inputs.has(name))
      inputs.set(name, { type: typeof type === "string" ? type : "*", lazy: false, rawLink: false });
  }
  const shape = {
    inputs,
    dynamic,
    required: Object.keys(info.input.required ?? {}),
    injected,
    hasLazy: [...inputs.values()].some((input) => input.lazy),
  };
  shapes.set(info, shape);
  return shape;
}

/** The declared inputs by flat name, for the inputs that are given. */
export function declaredInputs(info: NodeInfo, given: Readonly<Record<string, unknown>>): DeclaredInputs {
  const { inputs, dynamic } = shapeOf(info);
  if (dynamic.length === 0) return inputs;
  const flat = new Map<string, DeclaredInput>();
  for (const input of expandInputs(info, given as JsonObject)) {
    flat.set(input.name, declared(input.declaration));
  }
  for (const name of Object.keys(info.input.hidden ?? {})) {
    const hidden = inputs.get(name);
    if (hidden !== undefined && !flat.has(name)) flat.set(name, hidden);
  }
  return flat;
}

/** Names of the declared inputs that stand for others. */
export function dynamicInputs(info: NodeInfo): readonly string[] {
  return shapeOf(info).dynamic;
}

/** Names without which the function cannot be called. */
export function requiredInputs(info: NodeInfo): readonly string[] {
  return shapeOf(info).required;
}

/** Hidden inputs by name, with the kind of value that the engine injects. */
export function injectedInputs(info: NodeInfo): ReadonlyMap<string, string> {
  return shapeOf(info).injected;
}

/** True when equal nodes must not share a result, because each sees its own id. */
export function seesItsId(info: NodeInfo): boolean {
  for (const kind of shapeOf(info).injected.values()) if (kind === "UNIQUE_ID") return true;
  return false;
}

/** The value as an input of this type hands it to the node: whole floats stay marked except for plain types. */
export function unwrapped(value: unknown, input: DeclaredInput | undefined): unknown {
  return value instanceof JsonFloat && input !== undefined && PLAIN.has(input.type) ? value.value : value;
}
