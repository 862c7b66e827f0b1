/**
 * Group nodes: the editor's older way of putting nodes into one, kept in `extra.groupNodes` and used as a node of type
 * `workflow>NAME` or `workflow/NAME`. Each becomes a small graph of its own, with the places of inputs and values that
 * the editor gives them (which are not always those that one would expect; see `Layout`).
 */
import {
  type InputDeclaration,
  isJsonObject,
  isNumeric,
  type JsonObject,
  type JsonValue,
  type NodeInfo,
  toNumber,
} from "@hearth/protocol";
import { hasWidget, type NodeInfoLookup } from "./declared-types.ts";
import { editorWidgetsAfter } from "./editor-widgets.ts";
import { workflowError } from "./errors.ts";
import { listOf, readNode } from "./read-graph.ts";
import type { Graph, Link, Port, Workflow, WorkflowNode } from "./workflow.ts";
import { defaultValue } from "./widgets.ts";

const INPUT_NODE = "group inputs";

/** Replaces group nodes in all graphs of a workflow by instances of graphs that are made for them. */
export function expandGroupNodes(workflow: Workflow, source: JsonObject, nodeInfo: NodeInfoLookup): Workflow {
  const extra = source["extra"];
  const groups = isJsonObject(extra) ? extra["groupNodes"] : undefined;
  if (!isJsonObject(groups)) return workflow;
  const definitions = new Map<string, Graph>();
  const expand = (graph: Graph, key: string): Graph => {
    const nodes = new Map(graph.nodes);
    for (const node of nodes.values()) {
      const name = /^workflow[>/](.*)$/s.exec(node.type)?.[1];
      const group = name === undefined || !Object.hasOwn(groups, name) ? undefined : groups[name];
      if (name === undefined || !isJsonObject(group)) continue;
      const type = `${node.type} ${key}:${node.id}`;
      definitions.set(type, new Layout(name, group, node, nodeInfo).graph());
      nodes.set(node.id, { ...node, type });
    }
    return { ...graph, nodes };
  };
  const root = expand(workflow.root, "");
  for (const [id, graph] of workflow.definitions) definitions.set(id, expand(graph, id));
  return { root, definitions };
}

/** A link inside of a group: indices of nodes, slots of both. */
interface InnerLink {
  readonly from: number;
  readonly fromSlot: number;
  readonly to: number;
  readonly toSlot: number;
}

/** What a group node shows of one inner widget. */
interface OuterWidget {
  readonly name: string;
  readonly declaration: InputDeclaration;
  /** the inner widget that takes the value; absent for combos of older classes, whose value stays with the group */
  readonly inner: { readonly node: WorkflowNode; readonly name: string } | undefined;
}

/**
 * Finds out which inputs, widgets and outputs a group node has, in their order.
 *
 * Widgets come node by node. Those that the inner node lists as slots come after all others. Combos whose options are
 * a plain list count as sockets: they take a place among inputs and among values, but hand on neither.
 */
class Layout {
  readonly #name: string;
  readonly #outer: WorkflowNode;
  readonly #nodes: readonly WorkflowNode[];
  readonly #infos: readonly (NodeInfo | undefined)[];
  readonly #links: readonly InnerLink[];
  readonly #external: ReadonlySet<string>;
  readonly #config: JsonObject;

  readonly #widgets: OuterWidget[] = [];
  readonly #late: (() => void)[] = [];
  /** names of inputs in the order in which they are counted, and those of them that are widgets */
  readonly #counted: { readonly name: string; readonly isWidget: boolean }[] = [];
  /** `node slot` → number of the input */
  readonly #inputs = new Map<string, number>();
  readonly #names = new Map<string, number>();

  constructor(name: string, group: JsonObject, outer: WorkflowNode, nodeInfo: NodeInfoLookup) {
    const place = `group node '${name}'`;
    this.#name = name;
    this.#outer = outer;
    this.#nodes = listOf(group["nodes"], `${place}: nodes`).map((item, index) => {
      if (!isJsonObject(item)) throw workflowError(`${place}: a node is not an object`);
      return readNode({ ...item, id: index }, place, (id) => id);
    });
    this.#infos = this.#nodes.map((node) => nodeInfo(node.type));
    this.#links = listOf(group["links"] ?? [], `${place}: links`).flatMap(innerLink);
    this.#external = new Set(
      listOf(group["external"] ?? [], `${place}: external`).map((item) =>
        Array.isArray(item) ? `${nodeIndex(item[0])} ${String(item[1])}` : "",
      ),
    );
    this.#config = isJsonObject(group["config"]) ? group["config"] : {};
    for (const index of this.#nodes.keys()) this.#place(index);
    for (const late of this.#late) late();
  }

  graph(): Graph {
    const ports = this.#ports();
    const links = new Map<string, Link>();
    const imposed = this.#imposed();
    const nodes = new Map<string, WorkflowNode>();
    for (const [index, node] of this.#nodes.entries()) {
      const inputs = this.#loaded(index).map((name, slot) => {
        const given = node.inputs.find((input) => input.name === name);
        const link = this.#link(index, slot);
        const id = `${index} ${slot}`;
        if (link !== undefined) links.set(id, link);
        return {
          name,
          type: given?.type ?? "*",
          link: link === undefined ? undefined : id,
          widget: given?.widget,
        };
      });
      nodes.set(node.id, { ...node, inputs, imposed: imposed.get(node) ?? new Map() });
    }
    return {
      name: this.#name,
      nodes,
      links,
      inputs: ports,
      inputNode: INPUT_NODE,
      outputLinks: this.#outputs(),
    };
  }

  /** The inputs that the group node has after loading: sockets, then widgets. */
  #ports(): Port[] {
    const sockets = this.#counted.filter(({ isWidget }) => !isWidget);
    const widgets = this.#counted.filter(({ isWidget }) => isWidget);
    return [...sockets, ...widgets].map(({ name }) => ({ name, links: [] }));
  }

  /** Names of an inner node's inputs: sockets, then widgets, then what only the file has. */
  #loaded(index: number): string[] {
    const info = this.#infos[index];
    const given = (this.#nodes[index] as WorkflowNode).inputs.map(({ name }) => name);
    if (info === undefined) return given;
    const declared = Object.entries(declaredInputs(info));
    const names = [
      ...declared.filter(([, declaration]) => !hasWidget(declaration)),
      ...declared.filter(([, declaration]) => hasWidget(declaration)),
    ].map(([name]) => name);
    return [...names, ...given.filter((name) => !names.includes(name))];
  }

  #link(index: number, slot: number): Link | undefined {
    const end = { target: String(index), targetSlot: slot };
    // A Reroute inside of a group hands nothing on.
    if (this.#nodes[index]?.type === "Reroute") return undefined;
    const outside = this.#inputs.get(`${index} ${slot}`);
    if (outside !== undefined) return { origin: INPUT_NODE, originSlot: outside, ...end };
    const inner = this.#linkTo(index, slot);
    return inner === undefined
      ? undefined
      : { origin: String(inner.from), originSlot: inner.fromSlot, ...end };
  }

  #linkTo(index: number, slot: number): InnerLink | undefined {
    return this.#links.find(({ to, toSlot }) => to === index && toSlot === slot);
  }

  /** Gives the inputs and widgets of one inner node their places. */
  #place(index: number): void {
    const node = this.#nodes[index] as WorkflowNode;
    const info = this.#infos[index];
    const declared: Record<string, InputDeclaration> =
      info === undefined
        ? Object.fromEntries(node.inputs.map(({ name }) => [name, ["*"] satisfies InputDeclaration]))
        : declaredInputs(info);
    const sockets: string[] = [];
    const converted: [number, string][] = [];
    for (const [name, declaration] of Object.entries(declared)) {
      if (!hasWidget(declaration) || Array.isArray(declaration[0])) {
        sockets.push(name);
        continue;
      }
      const slot = node.inputs.findIndex((input) => input.name === name && input.widget === name);
      if (slot >= 0) converted.push([slot, name]);
      else this.#widget(index, name, declaration, true);
    }
    for (const [slot, name] of sockets.entries()) {
      if (this.#linkTo(index, slot) !== undefined || this.#isHidden(index, name)) continue;
      const declaration = declared[name] as InputDeclaration;
      const outer = hasWidget(declaration)
        ? this.#widget(index, name, declaration, false)
        : this.#outerName(index, name);
      this.#count(index, slot, outer, hasWidget(declaration));
    }
    converted.sort(([a], [b]) => a - b);
    this.#late.push(() => {
      for (const [at, [, name]] of converted.entries()) {
        const slot = sockets.length + at;
        if (this.#linkTo(index, slot) !== undefined) continue;
        const outer = this.#widget(index, name, declared[name] as InputDeclaration, true);
        this.#count(index, slot, outer, true);
      }
    });
  }

  #count(index: number, slot: number, name: string, isWidget: boolean): void {
    this.#inputs.set(`${index} ${slot}`, this.#counted.length);
    this.#counted.push({ name, isWidget });
  }

  #widget(index: number, name: string, declaration: InputDeclaration, handsOn: boolean): string {
    const outer = this.#outerName(index, name);
    const inner = handsOn ? { node: this.#nodes[index] as WorkflowNode, name } : undefined;
    this.#widgets.push({ name: outer, declaration, inner });
    return outer;
  }

  /** The group's own name of an input: as the inner node calls it, with the node's name before a second one. */
  #outerName(index: number, name: string): string {
    const node = this.#nodes[index] as WorkflowNode;
    const named = this.#settings(index, "input", name)?.["name"];
    let outer = typeof named === "string" ? named : name;
    if (this.#names.has(outer)) outer = `${node.title ?? node.type} ${name}`;
    const times = this.#names.get(outer) ?? 0;
    this.#names.set(outer, times + 1);
    return times === 0 ? outer : `${node.title ?? node.type} ${times} ${name}`;
  }

  #settings(index: number, side: string, key: string): JsonObject | undefined {
    const node = this.#config[String(index)];
    const part = isJsonObject(node) ? node[side] : undefined;
    const found = isJsonObject(part) ? part[key] : undefined;
    return isJsonObject(found) ? found : undefined;
  }

  #isHidden(index: number, name: string): boolean {
    return this.#settings(index, "input", name)?.["visible"] === false;
  }

  /** The values of the group node by place, handed on to the inner widgets. */
  #imposed(): Map<WorkflowNode, Map<string, JsonValue>> {
    const values = Array.isArray(this.#outer.values) ? this.#outer.values : [];
    const found = new Map<WorkflowNode, Map<string, JsonValue>>();
    let place = 0;
    for (const { declaration, inner } of this.#widgets) {
      const value = place < values.length ? values[place] : defaultValue(declaration);
      place += 1 + editorWidgetsAfter(inner?.name ?? "", declaration).length;
      if (inner === undefined || value === undefined) continue;
      const byName = found.get(inner.node) ?? new Map<string, JsonValue>();
      found.set(inner.node, byName.set(inner.name, value));
    }
    return found;
  }

  /** Outputs that are not used inside alone, in order. */
  #outputs(): Map<number, Link> {
    const outputs = new Map<number, Link>();
    for (const [index, node] of this.#nodes.entries()) {
      const count = this.#infos[index]?.output.length ?? node.outputs.length;
      for (let slot = 0; slot < count; slot += 1) {
        const isInner =
          this.#links.some(({ from, fromSlot }) => from === index && fromSlot === slot) &&
          !this.#external.has(`${index} ${slot}`);
        const visible = this.#settings(index, "output", String(slot))?.["visible"];
        if (typeof visible === "boolean" ? !visible : isInner) continue;
        const link = { origin: String(index), originSlot: slot, target: "", targetSlot: outputs.size };
        outputs.set(outputs.size, link);
      }
    }
    return outputs;
  }
}

function declaredInputs(info: NodeInfo): Record<string, InputDeclaration> {
  return { ...info.input.required, ...info.input.optional };
}

/** `[from, slot, to, slot, …]`; links from outside have no node of origin. */
function innerLink(item: JsonValue): InnerLink[] {
  if (!Array.isArray(item)) return [];
  const [from, fromSlot, to, toSlot] = item;
  if (!isNumeric(from) || !isNumeric(fromSlot) || !isNumeric(to) || !isNumeric(toSlot)) return [];
  return [
    {
      from: toNumber(from),
      fromSlot: toNumber(fromSlot),
      to: toNumber(to),
      toSlot: toNumber(toSlot),
    },
  ];
}

/** Old files repeat the whole node where newer ones have its index. */
function nodeIndex(value: JsonValue | undefined): string {
  return String(toNumber(isJsonObject(value) ? value["index"] : value));
}
