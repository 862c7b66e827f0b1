/** Reads a workflow file with its subgraph definitions, and gives clashing node ids new ones, as the editor does. */
import { isJsonObject, isNumeric, type JsonObject, type JsonValue, toNumber } from "@hearth/protocol";
import { workflowError } from "./errors.ts";
import { type IdChange, listOf, nodeIds, readGraph } from "./read-graph.ts";
import type { Graph, Workflow } from "./workflow.ts";

/** Whether a JSON value looks like an editor workflow (a prompt has no list of nodes). */
export function isWorkflow(value: JsonValue | undefined): value is JsonObject {
  return isJsonObject(value) && Array.isArray(value["nodes"]);
}

/** @throws ConvertError when the value is no workflow, or parts of it have not the form that the editor writes */
export function readWorkflow(value: JsonValue): Workflow {
  if (!isWorkflow(value)) throw workflowError("not a workflow: it has no list of nodes");
  const sources = definitionSources(value);
  const taken = new Ids(value);
  const root = readGraph(value, "the workflow");
  const definitions = new Map<string, Graph>();
  for (const source of sources) {
    const id = source["id"];
    if (typeof id !== "string") throw workflowError("a subgraph definition has no id");
    const place = `subgraph '${String(source["name"] ?? id)}'`;
    const renamed = taken.changeFor(source, place);
    // Of two definitions with the same id the editor keeps the first.
    if (!definitions.has(id)) definitions.set(id, readGraph(source, place, renamed));
  }
  return { root, definitions };
}

function definitionSources(workflow: JsonObject): JsonObject[] {
  const found: JsonObject[] = [];
  const pending: JsonObject[] = [workflow];
  for (let holder = pending.shift(); holder !== undefined; holder = pending.shift()) {
    const definitions = holder["definitions"];
    if (!isJsonObject(definitions)) continue;
    for (const source of listOf(definitions["subgraphs"] ?? [], "definitions.subgraphs")) {
      if (!isJsonObject(source)) throw workflowError("definitions.subgraphs: a definition is not an object");
      found.push(source);
      pending.push(source);
    }
  }
  return found;
}

/** Node ids that are in use: the root's, then those of each definition in turn. */
class Ids {
  readonly #used: Set<string>;
  #highest: number;

  constructor(workflow: JsonObject) {
    this.#used = new Set(nodeIds(workflow, "the workflow"));
    const numbers = [...this.#used].map(Number).filter(Number.isSafeInteger);
    this.#highest = Math.max(
      lastNodeId(workflow),
      numbers.reduce((a, b) => Math.max(a, b), 0),
    );
  }

  /** New ids for those nodes of a definition whose ids are taken; takes the others. */
  changeFor(definition: JsonObject, place: string): IdChange {
    const changes = new Map<string, string>();
    for (const id of nodeIds(definition, place)) {
      if (!this.#used.has(id)) {
        this.#used.add(id);
        continue;
      }
      do this.#highest += 1;
      while (this.#used.has(String(this.#highest)));
      const fresh = String(this.#highest);
      this.#used.add(fresh);
      changes.set(id, fresh);
    }
    return (id) => changes.get(id) ?? id;
  }
}

/** The highest id that the editor has given so far; version 1 keeps it in `state`. */
function lastNodeId(workflow: JsonObject): number {
  const state = workflow["state"];
  const last = workflow["last_node_id"] ?? (isJsonObject(state) ? state["lastNodeId"] : undefined);
  return isNumeric(last) && Number.isSafeInteger(toNumber(last)) ? toNumber(last) : 0;
}
