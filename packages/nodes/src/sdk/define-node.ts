/** `defineNode`: a typed declaration becomes a node class of the engine. */
import {
  type NodeClass,
  type NodeContext,
  NodeError,
  type NodeInputs,
  type NodeReturn,
  type ValidationFolders,
} from "@hearth/engine";
import {
  type FileList,
  type InputDeclaration,
  type JsonValue,
  type NodeInfo,
  pyTypeName,
} from "@hearth/protocol";
import type { Input, ValueOf } from "./inputs.ts";
import { isTensor } from "./tensor.ts";

export type Inputs = Record<string, Input>;

/** Name → value for `execute`, from the declaration; with `inputIsList` every value is an array. */
export type Values<I extends Inputs, L extends boolean = false> = {
  [K in keyof I]: L extends true ? ValueOf<I[K]>[] : ValueOf<I[K]>;
};

/** Constants by name for validators and fingerprints: links are `null`, absent inputs are `undefined`. */
export type Constants<I extends Inputs> = { readonly [K in keyof I]?: JsonValue };

export interface Output {
  readonly type: string | JsonValue[];
  readonly name?: string;
  /** the value is a list of results, each mapped on; `null` is sent by a few old classes and means no */
  readonly list?: boolean | null;
  readonly tooltip?: string | null;
  /** template id of a `COMFY_MATCHTYPE_V3` output */
  readonly matches?: string;
}

export interface NodeDefinition<I extends Inputs, L extends boolean> {
  readonly name: string;
  /** `v1`: a classic class; `schema`: the newer form, which always sends every key of its info */
  readonly api: "v1" | "schema";
  readonly displayName?: string | null;
  readonly category: string;
  readonly description?: string;
  readonly pythonModule?: string;
  readonly inputs: I;
  /** e.g. `{ prompt: "PROMPT", extra_pnginfo: "EXTRA_PNGINFO", unique_id: "UNIQUE_ID" }` */
  readonly hidden?: Record<string, string>;
  readonly outputs: readonly (string | Output)[];
  readonly outputNode?: boolean;
  readonly hasIntermediateOutput?: boolean;
  readonly inputIsList?: L;
  readonly concurrent?: boolean;
  readonly notIdempotent?: boolean;
  readonly acceptsAllInputs?: boolean;
  readonly deprecated?: boolean;
  readonly experimental?: boolean;
  readonly devOnly?: boolean;
  readonly searchAliases?: readonly string[];
  readonly essentialsCategory?: string | null;
  readonly execute: (inputs: Values<I, L>, context: NodeContext) => NodeReturn | Promise<NodeReturn>;
  /**
   * Checks constants before a prompt is accepted: `true`, `false`, or what is wrong.
   * `validates` names the inputs it takes over (their ranges and choices are then not checked), `"*"` all of them.
   */
  readonly validate?: (
    constants: Constants<I>,
    inputTypes: Readonly<Record<string, JsonValue>>,
    folders: ValidationFolders,
  ) => boolean | string | Promise<boolean | string>;
  readonly validates?: readonly (keyof I & string)[] | "*";
  /** the validator also judges the types of linked inputs */
  readonly validatesTypes?: boolean;
  /** Change token: the node runs again when it differs from the last one; NaN always does. */
  readonly fingerprint?: (
    constants: Constants<I>,
    folders: ValidationFolders,
  ) => JsonValue | Promise<JsonValue>;
  /** Names of the lazy inputs that are needed now; missing ones are `undefined`. */
  readonly checkLazy?: (
    inputs: Partial<Values<I, L>>,
    context: NodeContext,
  ) => readonly string[] | Promise<readonly string[]>;
}

/** Makes a node class of a declaration. */
export function defineNode<const I extends Inputs, L extends boolean = false>(
  definition: NodeDefinition<I, L>,
): NodeClass {
  if (definition.validate !== undefined && definition.validates === undefined) {
    throw new TypeError(`${definition.name}: a validator must say which inputs it validates`);
  }
  return {
    name: definition.name,
    info: nodeInfo(definition as unknown as Declaration),
    lists: fileLists(definition as unknown as Declaration),
    inputIsList: definition.inputIsList ?? false,
    concurrent: definition.concurrent ?? false,
    notIdempotent: definition.notIdempotent ?? false,
    acceptsAllInputs: definition.acceptsAllInputs ?? false,
    execute: withTensorsChecked(definition),
    ...(definition.validates === undefined ? {} : { validates: definition.validates }),
    ...(definition.validatesTypes === undefined ? {} : { validatesTypes: definition.validatesTypes }),
    ...(definition.validate === undefined
      ? {}
      : {
          validate: ({ inputs, inputTypes }, folders) =>
            definition.validate?.(inputs as Constants<I>, inputTypes, folders) ?? true,
        }),
    ...(definition.fingerprint === undefined
      ? {}
      : {
          fingerprint: (constants, folders) =>
            definition.fingerprint?.(constants as Constants<I>, folders) ?? false,
        }),
    ...(definition.checkLazy === undefined
      ? {}
      : { checkLazy: definition.checkLazy as NonNullable<NodeClass["checkLazy"]> }),
  };
}

const TENSOR_TYPES = new Set<unknown>(["IMAGE", "MASK"]);

/** A constant may stand where a picture belongs: validation lets it pass. It fails here as it does on ComfyUI. */
function withTensorsChecked<I extends Inputs, L extends boolean>(
  definition: NodeDefinition<I, L>,
): (inputs: NodeInputs, context: NodeContext) => NodeReturn | Promise<NodeReturn> {
  const execute = definition.execute as (
    inputs: NodeInputs,
    context: NodeContext,
  ) => NodeReturn | Promise<NodeReturn>;
  const names = Object.entries(definition.inputs)
    .filter(
      ([, given]) => TENSOR_TYPES.has(given.declaration[0]) && given.declaration[1]?.["rawLink"] !== true,
    )
    .map(([name]) => name);
  return (inputs, context) => {
    for (const name of names) {
      const value = inputs[name];
      for (const item of Array.isArray(value) && definition.inputIsList ? (value as unknown[]) : [value]) {
        if (item === undefined || item === null || isTensor(item)) continue;
        throw new NodeError(`'${pyTypeName(item)}' object has no attribute 'shape'`, "AttributeError");
      }
    }
    return execute(inputs, context);
  };
}

/** The part of a definition that makes up its wire form. */
type Declaration = Omit<
  NodeDefinition<Inputs, boolean>,
  "execute" | "validate" | "validates" | "fingerprint" | "checkLazy"
>;

/** Only an actual option list in the declaration is filled; where it stands depends on the spelling. */
function fileLists(definition: Declaration): FileList[] {
  return Object.entries(definition.inputs).flatMap(([name, given]) => {
    if (given.list === undefined) return [];
    const group = given.optional ? "optional" : "required";
    const tail = Array.isArray(given.declaration[0]) ? [0] : [1, "options"];
    return [{ ...given.list, path: ["input", group, name, ...tail] }];
  });
}

function nodeInfo(definition: Declaration): NodeInfo {
  const schema = definition.api === "schema";
  const groups: Record<"required" | "optional", Record<string, InputDeclaration>> = {
    required: {},
    optional: {},
  };
  for (const [name, given] of Object.entries(definition.inputs)) {
    groups[given.optional ? "optional" : "required"][name] = schema
      ? [given.declaration[0], given.declaration[1] ?? {}]
      : given.declaration;
  }
  const outputs = definition.outputs.map((output): Output =>
    typeof output === "string" ? { type: output } : output,
  );
  const hidden = { ...definition.hidden };
  if (schema && definition.outputNode)
    Object.assign(hidden, { prompt: "PROMPT", extra_pnginfo: "EXTRA_PNGINFO" });
  // `required` is sent also where it is empty, the other groups are not.
  const input: NodeInfo["input"] = { required: groups.required };
  if (Object.keys(groups.optional).length > 0) input.optional = groups.optional;
  if (Object.keys(hidden).length > 0) {
    input.hidden = schema
      ? Object.fromEntries(Object.entries(hidden).map(([name, value]) => [name, [value]]))
      : hidden;
  }
  const common = {
    input,
    input_order: Object.fromEntries(
      Object.entries(input).map(([group, members]) => [group, Object.keys(members)]),
    ),
    is_input_list: definition.inputIsList ?? false,
    output: outputs.map((output) => output.type),
    output_is_list: outputs.map((output) => (output.list === undefined ? false : output.list)),
    output_name: outputs.map((output) => output.name ?? (Array.isArray(output.type) ? "COMBO" : output.type)),
  };
  const description = definition.description ?? "";
  const python_module = definition.pythonModule ?? "nodes";
  const { category } = definition;
  const output_node = definition.outputNode ?? false;
  const has_intermediate_output = definition.hasIntermediateOutput ?? false;
  const search_aliases = definition.searchAliases === undefined ? undefined : [...definition.searchAliases];
  if (schema) {
    return {
      ...common,
      output_tooltips: outputs.map((output) => output.tooltip ?? null),
      output_matchtypes: outputs.some((output) => output.matches !== undefined)
        ? outputs.map((output) => output.matches ?? null)
        : null,
      name: definition.name,
      display_name: definition.displayName ?? null,
      description,
      python_module,
      category,
      output_node,
      deprecated: definition.deprecated ?? false,
      experimental: definition.experimental ?? false,
      dev_only: definition.devOnly ?? false,
      api_node: false,
      price_badge: null,
      // Schema classes send null where they declare none, classic ones an empty list.
      search_aliases: search_aliases ?? null,
      essentials_category: definition.essentialsCategory ?? null,
      has_intermediate_output,
    };
  }
  const tooltips = outputs.flatMap((output) => (output.tooltip == null ? [] : [output.tooltip]));
  return {
    ...common,
    name: definition.name,
    display_name: definition.displayName ?? definition.name,
    description,
    python_module,
    category,
    output_node,
    has_intermediate_output,
    ...(tooltips.length > 0 ? { output_tooltips: tooltips } : {}),
    ...(definition.deprecated ? { deprecated: true } : {}),
    ...(definition.experimental ? { experimental: true } : {}),
    ...(definition.devOnly ? { dev_only: true } : {}),
    search_aliases: search_aliases ?? [],
    ...(definition.essentialsCategory === undefined
      ? {}
      : { essentials_category: definition.essentialsCategory }),
  };
}
