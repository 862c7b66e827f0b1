/** Editor workflow → prompt: what the ComfyUI editor itself would send. */
import { type JsonObject, type JsonValue, type NodeInfo, objectFrom } from "@hearth/protocol";
import type { SlotType } from "../types.ts";
import { declarationOf, type NodeInfoLookup, optionsOf, socketType } from "./declared-types.ts";
import { resolveDynamicPrompt, type Random } from "./dynamic-prompt.ts";
import { ConvertError, type ConvertProblem } from "./errors.ts";
import { expandGroupNodes } from "./group-nodes.ts";
import { LoadedNodes } from "./loaded-nodes.ts";
import { readWorkflow } from "./read-workflow.ts";
import { isActive, layOut, promptId, type Scope } from "./scopes.ts";
import { Sources } from "./sources.ts";
import { hasReplacements } from "./text-replacements.ts";
import { titleOf } from "./titles.ts";
import { unknownClassValue, type Widget } from "./widgets.ts";
import type { InputSlot, WorkflowNode } from "./workflow.ts";

export interface ConvertOptions {
  /**
   * What to do with active nodes of classes that nobody knows. `refuse` (the default): a problem each. `asEditor`: they
   * come out as the bare editor sends them, without `class_type`, which no server takes; SetNode and GetNode are then
   * unknown classes too, and not followed.
   */
  readonly unknownClasses?: "refuse" | "asEditor";
  /** draws the choices of texts like `{red|blue}`; default `Math.random` */
  readonly random?: Random;
  /** for `%date:…%`; default: the present */
  readonly now?: Date;
}

export interface Converted {
  /** node id → `{inputs, class_type, _meta}`, in the order of the file */
  readonly prompt: JsonObject;
}

/**
 * Converts a workflow as the editor saves it.
 * @param nodeInfo what is known of a class
 * @throws ConvertError with every node that cannot be converted, and why
 */
export function convertWorkflow(
  workflow: JsonValue,
  nodeInfo: NodeInfoLookup,
  options: ConvertOptions = {},
): Converted {
  const scopes = layOut(expandGroupNodes(readWorkflow(workflow), workflow as JsonObject, nodeInfo));
  return { prompt: new Conversion(scopes, nodeInfo, options).prompt() };
}

class Conversion {
  readonly #scopes: readonly Scope[];
  readonly #nodeInfo: NodeInfoLookup;
  readonly #options: ConvertOptions;
  readonly #nodes: LoadedNodes;
  readonly #sources: Sources;
  readonly #problems: ConvertProblem[] = [];

  constructor(scopes: readonly Scope[], nodeInfo: NodeInfoLookup, options: ConvertOptions) {
    this.#scopes = scopes;
    this.#nodeInfo = nodeInfo;
    this.#options = options;
    this.#nodes = new LoadedNodes(
      scopes,
      nodeInfo,
      options.now ?? new Date(),
      options.unknownClasses !== "asEditor",
    );
    this.#sources = new Sources(this.#nodes, nodeInfo);
  }

  prompt(): JsonObject {
    const entries: [string, JsonObject][] = [];
    for (const scope of this.#scopes) {
      for (const node of scope.graph.nodes.values()) {
        if (!isActive(node) || scope.insides.has(node.id)) continue;
        if (this.#nodes.editorRole(node) !== undefined) continue;
        const converted = this.#attempt(scope, node);
        if (converted !== undefined) entries.push([promptId(scope, node), converted]);
      }
    }
    if (this.#problems.length > 0) throw new ConvertError(this.#problems);
    return objectFrom(entries);
  }

  /** One node, or a problem more. */
  #attempt(scope: Scope, node: WorkflowNode): JsonObject | undefined {
    const info = this.#nodeInfo(node.type);
    if (info === undefined && this.#options.unknownClasses !== "asEditor") {
      const title = node.title === undefined ? {} : { title: node.title };
      const reason = `there is no node class '${node.type}'`;
      this.#problems.push({ nodeId: promptId(scope, node), classType: node.type, ...title, reason });
      return undefined;
    }
    try {
      return this.#node(scope, node, info);
    } catch (error) {
      if (!(error instanceof ConvertError)) throw error;
      this.#problems.push(...error.problems);
      return undefined;
    }
  }

  #node(scope: Scope, node: WorkflowNode, info: NodeInfo | undefined): JsonObject {
    const inputs = new Map<string, JsonValue>();
    const unknown = info === undefined ? unknownClassValue(node) : undefined;
    if (unknown !== undefined) inputs.set("UNKNOWN", unknown);
    for (const widget of this.#nodes.widgets(node)) {
      const value = widget.isSent ? this.#sent(scope, node, widget) : undefined;
      if (value !== undefined) inputs.set(widget.name, wrapped(value));
    }
    for (const input of node.inputs) {
      if (input.link === undefined) continue;
      const source = this.#sources.of(scope, node, input, wantedType(input, info));
      if (source === undefined) continue;
      inputs.set(input.name, "value" in source ? wrapped(source.value) : [source.id, source.slot]);
    }
    const title = node.title ?? titleOf(info);
    return objectFrom([
      ["inputs", objectFrom(inputs)],
      ...(info === undefined ? [] : [["class_type", node.type] as const]),
      ["_meta", objectFrom(title === undefined ? [] : [["title", title]])],
    ]);
  }

  /** The value of a widget as it is sent: texts are resolved on the way. */
  #sent(scope: Scope, node: WorkflowNode, widget: Widget): JsonValue | undefined {
    const value = this.#nodes.value(scope, node, widget);
    if (typeof value !== "string" || widget.declaration === undefined) return value;
    if (hasReplacements(node.type, widget.name)) return this.#nodes.replaced(value);
    if (optionsOf(widget.declaration)["dynamicPrompts"] === true) {
      return resolveDynamicPrompt(value, this.#options.random ?? Math.random);
    }
    return value;
  }
}

/** A list would be taken for a link: it goes wrapped. */
function wrapped(value: JsonValue): JsonValue {
  return Array.isArray(value) ? { __value__: value } : value;
}

/** The type that an input takes; where that depends on what is linked, the one that the file gives. */
function wantedType(input: InputSlot, info: NodeInfo | undefined): SlotType {
  const declaration = info === undefined ? undefined : declarationOf(info, input.name);
  if (declaration === undefined || declaration[0] === "COMFY_MATCHTYPE_V3") return input.type;
  return socketType(declaration);
}
