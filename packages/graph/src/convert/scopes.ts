/** Lays a workflow out: one scope for the root and one for each active instance of a subgraph. */
import { ConvertError, workflowError } from "./errors.ts";
import {
  type Graph,
  type InputSlot,
  MODE_BYPASSED,
  MODE_MUTED,
  type Workflow,
  type WorkflowNode,
} from "./workflow.ts";

/** What a workflow may grow to when its subgraphs are laid out; a few nested lines can describe any number. */
const MAX_NODES = 200_000;
const MAX_LEVELS = 100;

/** One laid out graph. */
export interface Scope {
  readonly graph: Graph;
  /** stands before the ids of its nodes in the prompt: `""`, `"7:"`, `"7:104:"` */
  readonly prefix: string;
  /** the instance that this scope is the inside of, and where that instance stands */
  readonly outside: { readonly scope: Scope; readonly node: WorkflowNode } | undefined;
  /** insides of its active instances, by node id */
  readonly insides: Map<string, Scope>;
}

/** The id of a node in the prompt. */
export function promptId(scope: Scope, node: WorkflowNode): string {
  return scope.prefix + node.id;
}

/** The slot of an instance that belongs to a port of its inside: the one of its name. */
export function instanceInput(inside: Scope, port: number): InputSlot | undefined {
  const inputs = inside.outside?.node.inputs ?? [];
  const name = inside.graph.inputs[port]?.name;
  return inputs.find((input) => input.name === name) ?? (name === undefined ? inputs[port] : undefined);
}

/** True for nodes that run: a muted or bypassed one does not, nor does what is inside of it. */
export function isActive(node: WorkflowNode): boolean {
  return node.mode !== MODE_MUTED && node.mode !== MODE_BYPASSED;
}

/**
 * All scopes of a workflow, each before its insides.
 * @throws ConvertError when a subgraph contains itself, or the whole is larger than anyone's machine
 */
export function layOut(workflow: Workflow): Scope[] {
  const scopes: Scope[] = [];
  let nodes = 0;
  const add = (graph: Graph, prefix: string, outside: Scope["outside"]): Scope => {
    nodes += graph.nodes.size;
    if (nodes > MAX_NODES) throw workflowError(`the subgraphs lay out to more than ${MAX_NODES} nodes`);
    const scope: Scope = { graph, prefix, outside, insides: new Map() };
    scopes.push(scope);
    return scope;
  };
  add(workflow.root, "", undefined);
  // Grows while it is walked: the insides of a scope come after it.
  for (const scope of scopes) {
    for (const node of scope.graph.nodes.values()) {
      const graph = workflow.definitions.get(node.type);
      if (graph === undefined || !isActive(node)) continue;
      refuseCycle(scope, node, graph);
      scope.insides.set(node.id, add(graph, `${promptId(scope, node)}:`, { scope, node }));
    }
  }
  return scopes;
}

function refuseCycle(scope: Scope, node: WorkflowNode, graph: Graph): void {
  let levels = 0;
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outside?.scope) {
    levels += 1;
    const reason =
      at.graph === graph
        ? `the subgraph '${graph.name}' contains itself`
        : levels > MAX_LEVELS
          ? `subgraphs nest deeper than ${MAX_LEVELS} levels`
          : undefined;
    if (reason === undefined) continue;
    throw new ConvertError([{ nodeId: promptId(scope, node), classType: node.type, reason }]);
  }
}
