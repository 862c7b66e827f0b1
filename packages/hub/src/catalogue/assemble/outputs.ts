/**
 * Where the files of a job go: into a directory of its own below the output folder, kept files in `final`, previews in
 * `preview`, and videos that the graph did not want to keep in `intermediate`.
 */
import { isJsonObject, type JsonObject } from "@hearth/protocol";
import type { NodeInfoLookup } from "@hearth/graph/convert";
import type { Manifest } from "../manifest/schema.ts";
import { nodeOf } from "./prompt-nodes.ts";

export type OutputKind = "final" | "preview" | "intermediate";

/** Classes that show a file without keeping it → the class that keeps it. */
const KEEPING: ReadonlyMap<string, string> = new Map([
  ["PreviewImage", "SaveImage"],
  ["PreviewAudio", "SaveAudio"],
]);

/**
 * Leads every node that writes files into the job's directory. Preview nodes become the saving ones of their kind, since
 * the temp folder is emptied. Changes `prompt`.
 * @param directory the job's own, a single name
 */
export function patchOutputs(
  prompt: JsonObject,
  directory: string,
  outputs: Manifest["outputs"],
  nodeInfo: NodeInfoLookup,
): void {
  const declared = new Map(outputs.map(({ node_id, kind }) => [String(node_id), kind]));
  for (const id of Object.keys(prompt)) {
    const node = nodeOf(prompt, id);
    if (node === undefined) continue;
    const keeping = KEEPING.get(node.classType);
    let kind: OutputKind = keeping === undefined ? "final" : "preview";
    // A video node with this switch off would write to the temp folder.
    if (node.inputs["save_output"] === false) {
      node.inputs["save_output"] = true;
      kind = "intermediate";
    }
    kind = declared.get(id) ?? kind;
    if (keeping !== undefined) setClass(prompt, id, keeping);
    if (keeping === undefined && !takesPrefix(node.classType, node.inputs, nodeInfo)) continue;
    node.inputs["filename_prefix"] = `${directory}/${kind}/${kind}`;
  }
}

function setClass(prompt: JsonObject, id: string, className: string): void {
  const node = prompt[id];
  if (isJsonObject(node)) node["class_type"] = className;
}

function takesPrefix(className: string, inputs: JsonObject, nodeInfo: NodeInfoLookup): boolean {
  const info = nodeInfo(className);
  if (info === undefined) return Object.hasOwn(inputs, "filename_prefix");
  if (!info.output_node) return false;
  const { required, optional } = info.input;
  return [required, optional].some((group) => group !== undefined && Object.hasOwn(group, "filename_prefix"));
}

/** `YYYYMMDD_HHMMSS` of a local time as the Studio contract prints it. */
export function stampOf(localTime: string): string {
  return localTime.replaceAll(/[-:]/g, "").replace("T", "_");
}
