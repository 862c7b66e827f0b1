/** Follows a link back to the node that really produces the value, through all that only the editor has. */
import type { JsonValue, NodeInfo } from "@hearth/protocol";
import { isDynamic } from "../dynamic-inputs.ts";
import type { SlotType } from "../types.ts";
import { hasWidget, type NodeInfoLookup, socketsFit, socketType } from "./declared-types.ts";
import { ConvertError } from "./errors.ts";
import type { LoadedNodes } from "./loaded-nodes.ts";
import { instanceInput, promptId, type Scope } from "./scopes.ts";
import { type InputSlot, type Link, MODE_BYPASSED, MODE_MUTED, type WorkflowNode } from "./workflow.ts";

/** Where a value comes from: an output of a node in the prompt, or a widget that a subgraph shows outside. */
export type Source = { readonly id: string; readonly slot: number } | { readonly value: JsonValue };

/** From so many steps on, a trace is remembered; ordinary ones are a few steps long. */
const REMEMBERED_FROM = 64;

/** A link that is to be followed, and the node whose input names it. */
interface Position {
  readonly scope: Scope;
  readonly node: WorkflowNode;
  readonly link: string | undefined;
}

export class Sources {
  readonly #nodes: LoadedNodes;
  readonly #nodeInfo: NodeInfoLookup;
  /** where long traces end, by each of their positions: so a chain is walked once, however many inputs hang on it */
  readonly #known = new Map<string, Source | undefined>();

  constructor(nodes: LoadedNodes, nodeInfo: NodeInfoLookup) {
    this.#nodes = nodes;
    this.#nodeInfo = nodeInfo;
  }

  /**
   * What an input gets; `undefined` when nothing reaches it: no link, a muted node, an empty Reroute, a bypassed node
   * without a fitting input.
   * @param wanted type of the input, which decides what a bypassed node passes on
   * @throws ConvertError when the link goes in a circle, or to a link or node that is not there
   */
  of(scope: Scope, node: WorkflowNode, input: InputSlot, wanted: SlotType): Source | undefined {
    const passed = new Set<string>();
    let at: Position = { scope, node, link: input.link };
    let end: Source | undefined;
    for (let step = 0; at.link !== undefined; step += 1) {
      if (step >= REMEMBERED_FROM) {
        const place = `${String(wanted)} ${at.scope.prefix} ${at.link}`;
        if (passed.has(place)) throw faulty(scope, node, `its input '${input.name}' is linked in a circle`);
        if (this.#known.has(place)) {
          end = this.#known.get(place);
          break;
        }
        passed.add(place);
      }
      const next = this.#step(at.scope, linkAt(at, at.link), wanted);
      if (next === undefined) break;
      if (!("link" in next)) {
        end = next;
        break;
      }
      at = next;
    }
    for (const place of passed) this.#known.set(place, end);
    return end;
  }

  /** One step back from a link: to a source, to another link, or to nothing. */
  #step(scope: Scope, { link, to }: FoundLink, wanted: SlotType): Source | Position | undefined {
    if (link.origin === scope.graph.inputNode) return this.#fromOutside(scope, link.originSlot);
    const node = scope.graph.nodes.get(link.origin);
    if (node === undefined) {
      throw faulty(scope, to, `an input is linked to node ${link.origin}, which is not there`);
    }
    if (node.mode === MODE_MUTED) return undefined;
    if (node.mode === MODE_BYPASSED) {
      return { scope, node, link: this.#passedOn(node, link.originSlot, wanted)?.link };
    }
    const inside = scope.insides.get(node.id);
    if (inside !== undefined) {
      const inner = inside.graph.outputLinks.get(link.originSlot);
      return inner === undefined ? undefined : this.#step(inside, { link: inner, to: node }, wanted);
    }
    switch (this.#nodes.editorRole(node)) {
      case undefined:
        return { id: promptId(scope, node), slot: link.originSlot };
      case "passes on":
        return { scope, node, link: node.inputs[0]?.link };
      case "gets by name": {
        const setter = this.#nodes.setterOf(scope, node);
        return setter === undefined ? undefined : { scope, node: setter, link: setter.inputs[0]?.link };
      }
      default:
        return undefined;
    }
  }

  /** The link at the instance that a scope is the inside of, or the value of the widget shown there. */
  #fromOutside(inside: Scope, port: number): Source | Position | undefined {
    if (inside.outside === undefined) return undefined;
    const input = instanceInput(inside, port);
    const held = input === undefined ? undefined : this.#nodes.primitiveValue(inside.outside.scope, input);
    if (input?.link !== undefined && held === undefined) return { ...inside.outside, link: input.link };
    const value = this.#nodes.promoted(inside, port);
    return value === undefined ? undefined : { value };
  }

  /** The input whose value a bypassed node hands on: of the same slot if it fits, else the first of that type. */
  #passedOn(node: WorkflowNode, slot: number, wanted: SlotType): InputSlot | undefined {
    const inputs = loadedInputs(node, this.#nodeInfo(node.type));
    const opposite = inputs[slot];
    if (opposite !== undefined && socketsFit(opposite.type, wanted)) return opposite;
    return inputs.find((input) => input.type === wanted);
  }
}

interface FoundLink {
  readonly link: Link;
  /** the node that it leads to */
  readonly to: WorkflowNode;
}

function linkAt({ scope, node }: Position, id: string): FoundLink {
  const link = scope.graph.links.get(id);
  if (link === undefined)
    throw faulty(scope, node, `an input names link ${id}, which the file does not list`);
  return { link, to: node };
}

function faulty(scope: Scope, node: WorkflowNode, reason: string): ConvertError {
  const title = node.title === undefined ? {} : { title: node.title };
  return new ConvertError([{ nodeId: promptId(scope, node), classType: node.type, ...title, reason }]);
}

/**
 * The inputs of a node in the order that the editor gives them when it loads a file: sockets as declared, then widgets
 * as declared, then what only the file has. Inputs that grow, and those of a choice, stand where they are declared.
 */
function loadedInputs(node: WorkflowNode, info: NodeInfo | undefined): readonly InputSlot[] {
  if (info === undefined) return node.inputs;
  const given = new Map(node.inputs.map((input) => [input.name, input]));
  const sockets: InputSlot[] = [];
  const widgets: InputSlot[] = [];
  for (const [name, declaration] of Object.entries({ ...info.input.required, ...info.input.optional })) {
    const list = hasWidget(declaration) ? widgets : sockets;
    const slot = given.get(name);
    if (declaration[0] !== "COMFY_AUTOGROW_V3") {
      // A socket that takes the type of what is linked has the type that the file gives it.
      const isMatched = declaration[0] === "COMFY_MATCHTYPE_V3";
      const type = isMatched ? (slot?.type ?? "*") : socketType(declaration);
      list.push({ name, type, link: slot?.link, widget: slot?.widget });
      given.delete(name);
    }
    if (!isDynamic(declaration)) continue;
    for (const [member, input] of given) {
      if (!member.startsWith(`${name}.`)) continue;
      list.push(input);
      given.delete(member);
    }
  }
  return [...sockets, ...widgets, ...given.values()];
}
