/** The nodes of a workflow with their widgets, and what these hold once the editor's own value nodes have spoken. */
import type { JsonValue } from "@hearth/protocol";
import type { NodeInfoLookup } from "./declared-types.ts";
import { instanceInput, type Scope } from "./scopes.ts";
import { applyReplacements } from "./text-replacements.ts";
import { titleOf } from "./titles.ts";
import { readWidgets, type Widget } from "./widgets.ts";
import {
  EDITOR_CLASSES,
  type EditorRole,
  type Graph,
  type InputSlot,
  NAMING_CLASSES,
  type WorkflowNode,
} from "./workflow.ts";

/** "Run widget replace on values", as the file spells it. */
const REPLACE_PROPERTY = "Run widget replace on values";

/** A subgraph that promotes a widget of a subgraph that promotes a widget … deeper than the scopes may nest. */
const MAX_PROMOTIONS = 128;

export class LoadedNodes {
  readonly #scopes: readonly Scope[];
  readonly #nodeInfo: NodeInfoLookup;
  readonly #now: Date;
  readonly #widgets = new Map<WorkflowNode, readonly Widget[]>();
  readonly #followsNames: boolean;
  readonly #setters = new Map<Graph, Map<JsonValue, WorkflowNode>>();
  #byName: Map<string, readonly [Scope, WorkflowNode]> | undefined;

  /**
   * @param now for `%date:…%`
   * @param followsNames whether a GetNode stands for what goes into the SetNode of its name
   */
  constructor(scopes: readonly Scope[], nodeInfo: NodeInfoLookup, now: Date, followsNames: boolean) {
    this.#followsNames = followsNames;
    this.#scopes = scopes;
    this.#nodeInfo = nodeInfo;
    this.#now = now;
  }

  /** What becomes of a node that no server knows; `undefined` for all others. */
  editorRole(node: WorkflowNode): EditorRole | undefined {
    const role = EDITOR_CLASSES.get(node.type);
    if (role !== undefined) return role;
    if (!this.#followsNames || this.#nodeInfo(node.type) !== undefined) return undefined;
    return NAMING_CLASSES.get(node.type);
  }

  /** The SetNode of the same graph with the name that a GetNode asks for. */
  setterOf(scope: Scope, getter: WorkflowNode): WorkflowNode | undefined {
    let setters = this.#setters.get(scope.graph);
    if (setters === undefined) {
      setters = new Map();
      for (const node of scope.graph.nodes.values()) {
        const name = firstValue(node);
        if (node.type === "SetNode" && name !== undefined && !setters.has(name)) setters.set(name, node);
      }
      this.#setters.set(scope.graph, setters);
    }
    const name = firstValue(getter);
    return name === undefined ? undefined : setters.get(name);
  }

  /** The widgets of a node with the values of the file; none for unknown classes. */
  widgets(node: WorkflowNode): readonly Widget[] {
    let widgets = this.#widgets.get(node);
    if (widgets === undefined) {
      const info = this.#nodeInfo(node.type);
      widgets = info === undefined ? [] : readWidgets(info, node);
      this.#widgets.set(node, widgets);
    }
    return widgets;
  }

  /** The value of a widget: that of a PrimitiveNode linked to it, else its own. */
  value(scope: Scope, node: WorkflowNode, widget: Widget): JsonValue | undefined {
    const slot = slotOf(node, widget);
    const value = slot === undefined ? undefined : this.primitiveValue(scope, slot);
    return value === undefined ? widget.value : value;
  }

  /**
   * The value of the widget that a subgraph shows at an input port: that of the first inner widget linked to it.
   * `undefined` when no widget is.
   */
  promoted(inside: Scope, port: number, levels = 0): JsonValue | undefined {
    if (levels > MAX_PROMOTIONS) return undefined;
    const outer = instanceInput(inside, port);
    const given =
      outer === undefined || inside.outside === undefined
        ? undefined
        : this.primitiveValue(inside.outside.scope, outer);
    if (given !== undefined) return given;
    for (const id of inside.graph.inputs[port]?.links ?? []) {
      const link = inside.graph.links.get(id);
      const node = inside.graph.nodes.get(link?.target ?? "");
      const input = node?.inputs.find((slot) => slot.link === id);
      if (node === undefined || input === undefined) continue;
      const deeper = inside.insides.get(node.id);
      if (deeper !== undefined) {
        const inner = deeper.graph.inputs.findIndex(({ name }) => name === input.name);
        const value = inner < 0 ? undefined : this.promoted(deeper, inner, levels + 1);
        if (value !== undefined) return value;
        continue;
      }
      const name = input.widget ?? input.name;
      const widget = this.widgets(node).find((each) => each.name === name);
      if (widget?.value !== undefined) return widget.value;
    }
    return undefined;
  }

  /** Resolves `%Node.widget%` and `%date:…%`, once: what a text brings in is not looked at again. */
  replaced(text: string): string {
    return applyReplacements(text, this.#now, (name, widgetName) => {
      const found = this.#named().get(name);
      if (found === undefined) return undefined;
      const [scope, node] = found;
      const widget = this.widgets(node).find((each) => each.name === widgetName);
      if (widget === undefined) return undefined;
      const slot = slotOf(node, widget);
      const origin = slot === undefined ? undefined : primitiveAt(scope, slot);
      return firstValue(origin) ?? widget.value;
    });
  }

  /** What a PrimitiveNode directly before this slot holds. One behind a Reroute does not reach it. */
  primitiveValue(scope: Scope, slot: InputSlot): JsonValue | undefined {
    const origin = primitiveAt(scope, slot);
    const value = firstValue(origin);
    const replaces = typeof value === "string" && origin?.properties[REPLACE_PROPERTY] === true;
    return replaces ? this.replaced(value) : value;
  }

  /** Nodes by the name that they have for replacements, else by title; the first of each name, the root's before others. */
  #named(): Map<string, readonly [Scope, WorkflowNode]> {
    if (this.#byName !== undefined) return this.#byName;
    const byName = new Map<string, readonly [Scope, WorkflowNode]>();
    const byTitle = new Map<string, readonly [Scope, WorkflowNode]>();
    for (const scope of this.#scopes) {
      for (const node of scope.graph.nodes.values()) {
        const given = node.properties["Node name for S&R"];
        const name = typeof given === "string" ? given : node.type;
        const title = node.title ?? titleOf(this.#nodeInfo(node.type));
        if (!byName.has(name)) byName.set(name, [scope, node]);
        if (title !== undefined && !byTitle.has(title)) byTitle.set(title, [scope, node]);
      }
    }
    this.#byName = new Map([...byTitle, ...byName]);
    return this.#byName;
  }
}

function slotOf(node: WorkflowNode, widget: Widget): InputSlot | undefined {
  return node.inputs.find((input) => (input.widget ?? input.name) === widget.name);
}

function primitiveAt(scope: Scope, slot: InputSlot): WorkflowNode | undefined {
  const link = slot.link === undefined ? undefined : scope.graph.links.get(slot.link);
  const origin = link === undefined ? undefined : scope.graph.nodes.get(link.origin);
  return origin?.type === "PrimitiveNode" ? origin : undefined;
}

function firstValue(node: WorkflowNode | undefined): JsonValue | undefined {
  return Array.isArray(node?.values) ? node.values[0] : undefined;
}
