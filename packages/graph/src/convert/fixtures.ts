/** Small workflows and node infos for the tests of this folder. */
import type { InputDeclaration, JsonObject, JsonValue, NodeInfo } from "@hearth/protocol";

/** A node info with these inputs and output types. */
export function info(
  name: string,
  required: Record<string, InputDeclaration>,
  output: string[] = [],
  more: Partial<NodeInfo> = {},
): NodeInfo {
  return {
    input: { required },
    input_order: { required: Object.keys(required) },
    is_input_list: false,
    output,
    output_is_list: output.map(() => false),
    output_name: output,
    name,
    display_name: null,
    description: "",
    python_module: "nodes",
    category: "",
    output_node: output.length === 0,
    has_intermediate_output: false,
    search_aliases: null,
    ...more,
  };
}

export const INFOS: Readonly<Record<string, NodeInfo>> = {
  Source: info("Source", { size: ["INT", { default: 8 }], name: ["STRING", { default: "s" }] }, ["IMAGE"]),
  Filter: info("Filter", { image: ["IMAGE"], mask: ["MASK"] }, ["IMAGE"]),
  Sink: info("Sink", { images: ["IMAGE"], label: ["STRING", { default: "", dynamicPrompts: true }] }),
  Any: info("Any", { source: ["*"] }),
  SaveImage: info("SaveImage", { images: ["IMAGE"], filename_prefix: ["STRING", { default: "out" }] }),
};

/** Finds the node info of the classes above. */
export function lookUp(name: string): NodeInfo | undefined {
  return Object.hasOwn(INFOS, name) ? INFOS[name] : undefined;
}

/** A node; `inputs` maps names to link ids. */
export function node(
  id: number,
  type: string,
  inputs: Record<string, number | null> = {},
  more: JsonObject = {},
): JsonObject {
  const slots = Object.entries(inputs).map(([name, link]): JsonObject => ({ name, type: "*", link }));
  return { id, type, mode: 0, inputs: slots, outputs: [], ...more };
}

/** A workflow of version 0.4; links are `[id, origin, slot, target, slot]`. */
export function workflow(nodes: JsonObject[], links: number[][] = [], more: JsonObject = {}): JsonObject {
  return { nodes, links: links.map((link): JsonValue => [...link, "*"]), version: 0.4, ...more };
}
