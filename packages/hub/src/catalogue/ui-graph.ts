/** A prompt as a workflow that the ComfyUI editor opens: nodes in columns, values in the order of the widgets. */
import { linkOf } from "@hearth/graph";
import { type NodeInfoLookup, rebuildPrompt } from "@hearth/graph/convert";
import {
  entriesOf,
  type InputDeclaration,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type NodeInfo,
  objectFrom,
} from "@hearth/protocol";

const COLUMN_WIDTH = 400;
const NODE_WIDTH = 315;
const ROW_HEIGHT = 26;
const GAP = 60;
const UPLOADS = ["image_upload", "animated_image_upload", "video_upload", "audio_upload", "file_upload"];

interface GraphNode {
  readonly id: number;
  readonly info: NodeInfo;
  readonly title: string;
  readonly inputs: JsonObject;
  readonly slots: { name: string; type: JsonValue; link: number | null; isWidget: boolean }[];
  readonly outputs: { name: string; type: JsonValue; links: number[] }[];
  column: number;
}

/**
 * The workflow (file version 0.4) of a prompt whose classes are all known. Ids that are no numbers are replaced.
 * @throws ConvertError that names every class that is not
 */
export function workflowOfPrompt(prompt: JsonObject, nodeInfo: NodeInfoLookup): JsonObject {
  // Also refuses unknown classes.
  const complete = rebuildPrompt(prompt, nodeInfo);
  const nodes = graphNodes(complete, nodeInfo);
  const links = joinNodes(nodes);
  setColumns(nodes);
  const rows = new Map<number, number>();
  const listed = [...nodes.values()].map((node, order) => {
    const height =
      (node.slots.length + node.outputs.length + 2) * ROW_HEIGHT +
      valuesOf(node, nodeInfo).length * ROW_HEIGHT;
    const y = rows.get(node.column) ?? 0;
    rows.set(node.column, y + height + GAP);
    return printNode(node, order, [node.column * COLUMN_WIDTH, y], height, nodeInfo);
  });
  return {
    last_node_id: Math.max(0, ...[...nodes.values()].map(({ id }) => id)),
    last_link_id: links.length,
    nodes: listed,
    links,
    groups: [],
    config: {},
    extra: {},
    version: 0.4,
  };
}

function graphNodes(prompt: JsonObject, nodeInfo: NodeInfoLookup): Map<string, GraphNode> {
  const ids = entriesOf(prompt).map(([id]) => id);
  const areNumbers = ids.every((id) => /^[1-9]\d{0,8}$/.test(id));
  const nodes = new Map<string, GraphNode>();
  for (const [index, [id, node]] of entriesOf(prompt).entries()) {
    const { class_type: classType, inputs, _meta: meta } = node as JsonObject;
    const info = nodeInfo(classType as string) as NodeInfo;
    const title = isJsonObject(meta) ? meta["title"] : undefined;
    nodes.set(id, {
      id: areNumbers ? Number(id) : index + 1,
      info,
      title: typeof title === "string" ? title : (info.display_name ?? info.name),
      inputs: isJsonObject(inputs) ? inputs : {},
      slots: [],
      outputs: info.output.map((type, slot) => ({
        name: info.output_name[slot] ?? slotType(type),
        type: slotType(type),
        links: [],
      })),
      column: 0,
    });
  }
  return nodes;
}

/** Slots of inputs and the links between nodes: `[id, from, slot, to, slot, type]`. */
function joinNodes(nodes: ReadonlyMap<string, GraphNode>): JsonValue[] {
  const links: JsonValue[] = [];
  for (const node of nodes.values()) {
    const declared = new Map(declarations(node.info));
    const linked = entriesOf(node.inputs).filter(([, value]) => linkOf(value) !== undefined);
    const names = new Set([
      ...[...declared].filter(([, declaration]) => isSocket(declaration)).map(([name]) => name),
      ...linked.map(([name]) => name),
    ]);
    for (const name of names) {
      const declaration = declared.get(name);
      const type = declaration === undefined ? "*" : slotType(declaration[0]);
      const [from, slot] = linkOf(node.inputs[name]) ?? [];
      const source = from === undefined ? undefined : nodes.get(from);
      const output = source?.outputs[slot ?? 0];
      let link: number | null = null;
      if (source !== undefined && slot !== undefined) {
        link = links.length + 1;
        output?.links.push(link);
        links.push([link, source.id, slot, node.id, node.slots.length, output?.type ?? "*"]);
      }
      const isWidget = declaration !== undefined && !isSocket(declaration);
      node.slots.push({ name, type, link, isWidget });
    }
  }
  return links;
}

/** A node stands one column right of what it takes from; a circle ends where it began. */
function setColumns(nodes: ReadonlyMap<string, GraphNode>): void {
  const known = new Set<GraphNode>();
  const columnOf = (node: GraphNode): number => {
    if (known.has(node)) return node.column;
    known.add(node);
    for (const value of Object.values(node.inputs)) {
      const source = nodes.get(linkOf(value)?.[0] ?? "");
      if (source !== undefined) node.column = Math.max(node.column, columnOf(source) + 1);
    }
    return node.column;
  };
  for (const node of nodes.values()) columnOf(node);
}

function printNode(
  node: GraphNode,
  order: number,
  position: JsonValue[],
  height: number,
  nodeInfo: NodeInfoLookup,
): JsonObject {
  return {
    id: node.id,
    type: node.info.name,
    pos: position,
    size: [NODE_WIDTH, height],
    flags: {},
    order,
    mode: 0,
    inputs: node.slots.map(({ name, type, link, isWidget }) => ({
      name,
      type,
      link,
      ...(isWidget ? { widget: { name } } : {}),
    })),
    outputs: node.outputs.map(({ name, type, links }, slot_index) => ({ name, type, links, slot_index })),
    properties: { "Node name for S&R": node.info.name },
    widgets_values: valuesOf(node, nodeInfo),
    title: node.title,
  };
}

/**
 * The values of all widgets, also of those whose place a link takes and of those that only the editor has. The order
 * is the one in which completing a prompt lists them.
 */
function valuesOf(node: GraphNode, nodeInfo: NodeInfoLookup): JsonValue[] {
  const given = entriesOf(node.inputs).filter(([, value]) => linkOf(value) === undefined);
  const alone = { class_type: node.info.name, inputs: objectFrom(given) };
  const completed = rebuildPrompt({ node: alone }, nodeInfo)["node"] as JsonObject;
  const declared = new Map(declarations(node.info));
  const optional = new Set(Object.keys(node.info.input.optional ?? {}));
  const values: JsonValue[] = [];
  let between: JsonValue[] | undefined = uploads(node.info);
  for (const [name, value] of entriesOf(completed["inputs"] as JsonObject)) {
    if (between !== undefined && optional.has(name.split(".")[0] ?? name)) {
      values.push(...between);
      between = undefined;
    }
    values.push(value);
    const declaration = declared.get(name);
    if (declaration !== undefined) values.push(...controls(name, declaration));
  }
  return [...values, ...(between ?? [])];
}

/** Places of widgets that steer the editor alone and follow one of the class. */
function controls(name: string, declaration: InputDeclaration): JsonValue[] {
  const options = optionsOf(declaration);
  const isCombo = slotType(declaration[0]) === "COMBO";
  const control = options["control_after_generate"];
  const isNamed = declaration[0] === "INT" && (name === "seed" || name === "noise_seed");
  const hasControl = control === undefined ? isNamed : control !== false && control !== null;
  const places: JsonValue[] = [];
  if (hasControl && (isCombo || declaration[0] === "INT")) places.push("fixed", ...(isCombo ? [""] : []));
  const { remote } = options;
  // The button itself is sent, so completing the prompt lists it.
  if (
    isJsonObject(remote) &&
    remote["refresh_button"] === true &&
    remote["control_after_refresh"] !== undefined
  ) {
    places.push("first");
  }
  return places;
}

/** Places of the editor's player and upload button. */
function uploads(info: NodeInfo): JsonValue[] {
  const options = Object.values(info.input.required ?? {}).map(optionsOf);
  const hasAudio = options.some((option) => option["audio_upload"] === true);
  const hasUpload = options.some((option) => UPLOADS.some((upload) => option[upload] === true));
  return [...(hasAudio ? [""] : []), ...(hasUpload ? ["image"] : [])];
}

function declarations(info: NodeInfo): [string, InputDeclaration][] {
  return Object.entries({ ...info.input.required, ...info.input.optional });
}

function optionsOf(declaration: InputDeclaration): JsonObject {
  return isJsonObject(declaration[1]) ? declaration[1] : {};
}

const WIDGETS = new Set([
  "INT",
  "FLOAT",
  "STRING",
  "BOOLEAN",
  "COMBO",
  "COLOR",
  "CURVE",
  "COMFY_DYNAMICCOMBO_V3",
]);

/** Whether an input is a socket even without a link. */
function isSocket(declaration: InputDeclaration): boolean {
  const options = optionsOf(declaration);
  if (options["forceInput"] === true) return true;
  const type = declaration[0];
  if (type === "COMFY_AUTOGROW_V3") return false;
  return typeof type === "string" && !WIDGETS.has(type) && options["socketless"] !== true;
}

/** A type as the editor writes it at a slot. */
function slotType(type: InputDeclaration[0]): string {
  if (typeof type !== "string") return "COMBO";
  return type === "COMFY_MATCHTYPE_V3" ? "*" : type;
}
