/** The inputs of a foreign prompt that a person wants to change, proposed as a manifest, and what is missing here. */
import {
  entriesOf,
  type FileList,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type NodeClassAnnouncement,
  type NodeInfo,
} from "@hearth/protocol";
import type { Manifest, ManifestInput } from "../manifest/schema.ts";
import { describeInput, type Found } from "./detect.ts";

export interface MissingParts {
  /** node classes that nobody here has */
  readonly classes: string[];
  /** model files that are not in their folder */
  readonly models: { name: string; folder: string; node_id: string }[];
  /** pictures, videos and sounds that are not in the input folder */
  readonly files: { name: string; node_id: string }[];
}

export interface Proposal {
  readonly manifest: Manifest;
  readonly missing: MissingParts;
}

/** What is known of a class, with the lists of files filled. */
export type ClassKnowledge = (className: string) => NodeClassAnnouncement | undefined;

/**
 * Proposes a manifest: texts, seeds, sizes, pictures, models and strengths become inputs with the values of the prompt
 * as their defaults.
 * @param prompt nodes without `class_type` are left aside
 */
export function proposeManifest(
  prompt: JsonObject,
  classes: ClassKnowledge,
  given: { id: string; name: string; date: string },
): Proposal {
  const missing: MissingParts = { classes: [], models: [], files: [] };
  const found: Found[] = [];
  const required = new Set<string>();
  const models = new Set<string>();
  for (const [nodeId, node] of entriesOf(prompt)) {
    const className = isJsonObject(node) ? node["class_type"] : undefined;
    if (!isJsonObject(node) || typeof className !== "string") continue;
    required.add(className);
    const announced = classes(className);
    if (announced === undefined) {
      if (!missing.classes.includes(className)) missing.classes.push(className);
      continue;
    }
    const inputs = isJsonObject(node["inputs"]) ? node["inputs"] : {};
    noteFiles(nodeId, inputs, announced, missing, models);
    found.push(...describeInput(prompt, nodeId, node, announced));
  }
  const inputs = named(found);
  return {
    manifest: {
      ...given,
      version: 1,
      type: "static",
      category: "imported",
      description: "",
      author: "",
      base_model: null,
      workflow_file: "workflow.json",
      blocks_dir: "blocks",
      pipeline: [],
      inputs,
      outputs: [],
      required_models: [...models],
      required_nodes: [...required].sort(),
    },
    missing,
  };
}

/** Model files are required; those that are not here are named, and so are files of the input folder. */
function noteFiles(
  nodeId: string,
  inputs: JsonObject,
  { info, lists = [] }: NodeClassAnnouncement,
  missing: MissingParts,
  models: Set<string>,
): void {
  for (const list of lists) {
    const name = fieldOf(list);
    const value = name === undefined ? undefined : inputs[name];
    if (name === undefined || typeof value !== "string" || value === "") continue;
    if (list.fixed?.includes(value) === true) continue;
    const isHere = optionsAt(info, list).includes(value);
    if (list.folder === "input" || list.folder.startsWith("input/")) {
      if (!isHere) missing.files.push({ name: value, node_id: nodeId });
      continue;
    }
    models.add(value);
    if (!isHere) missing.models.push({ name: value, folder: list.folder, node_id: nodeId });
  }
}

/** The input that a list of files belongs to; `undefined` for one inside of a dynamic choice. */
function fieldOf({ path }: FileList): string | undefined {
  const [root, group, name] = path;
  const isPlain = root === "input" && (group === "required" || group === "optional");
  return isPlain && typeof name === "string" ? name : undefined;
}

function optionsAt(info: NodeInfo, { path }: FileList): JsonValue[] {
  let value: unknown = info;
  for (const step of path) value = (value as Record<string | number, unknown> | undefined)?.[step];
  return Array.isArray(value) ? (value as JsonValue[]) : [];
}

/** Gives every input an id of its own: its wish, with a number where that is taken. */
function named(found: readonly Found[]): ManifestInput[] {
  const taken = new Set<string>();
  return [...found]
    .sort((one, other) => one.rank - other.rank)
    .map(({ wish, input }) => {
      let id = wish;
      for (let copy = 2; taken.has(id); copy += 1) id = `${wish}_${copy}`;
      taken.add(id);
      return { id, ...input };
    });
}
