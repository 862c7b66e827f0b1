/** Whether a workflow can run here: the node classes and model files that it needs, and which of them are missing. */
import path from "node:path";
import type { NodeInfoLookup } from "@hearth/graph/convert";
import type { FileNames } from "../files/file-lists.ts";
import type { ModelFolders } from "../files/model-folders.ts";
import { type CatalogueWorkflow, nodesOf } from "./catalogue.ts";

export interface ReadinessParts {
  readonly nodeInfo: NodeInfoLookup;
  readonly names: Pick<FileNames, "models">;
  readonly modelFolders: ModelFolders;
}

export interface Readiness {
  readonly models_status: { total: number; present: number; missing: string[] };
  readonly nodes_status: { total: number; installed: number; missing: string[] };
  readonly ready: boolean;
}

/** Classes that exist in the editor alone. */
const EDITOR_ONLY = new Set(["Reroute", "PrimitiveNode", "Note", "MarkdownNote", "SetNode", "GetNode"]);
const IS_SUBGRAPH = /^[0-9a-f]{8}-[0-9a-f]{4}-/;

/** Model files by what manifests call them: their name, or their path below the model folder. */
export function knownModels({ names, modelFolders }: Omit<ReadinessParts, "nodeInfo">): Set<string> {
  const known = new Set<string>();
  for (const type of modelFolders.keys()) {
    for (const name of names.models(type) ?? []) {
      known.add(name.replaceAll(path.sep, "/"));
      known.add(path.basename(name));
    }
  }
  return known;
}

/** @param models what `knownModels` gives; one look serves a whole list */
export function readinessOf(
  workflow: CatalogueWorkflow,
  models: ReadonlySet<string>,
  nodeInfo: NodeInfoLookup,
): Readiness {
  const { manifest } = workflow;
  const wanted = [...new Set(manifest.required_models)];
  const missingModels = wanted.filter((name) => !models.has(name.replaceAll("\\", "/")));
  const used = nodesOf(workflow).map((node) => node["class_type"]);
  const classes = [...new Set([...manifest.required_nodes, ...used])].filter(
    (name): name is string => typeof name === "string" && !EDITOR_ONLY.has(name) && !IS_SUBGRAPH.test(name),
  );
  const missingNodes = classes.filter((name) => nodeInfo(name) === undefined);
  return {
    models_status: {
      total: wanted.length,
      present: wanted.length - missingModels.length,
      missing: missingModels,
    },
    nodes_status: {
      total: classes.length,
      installed: classes.length - missingNodes.length,
      missing: missingNodes,
    },
    ready: missingModels.length === 0 && missingNodes.length === 0,
  };
}
