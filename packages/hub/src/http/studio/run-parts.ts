/** What the operations of the catalogue and the runner need from the rest of a hub, and what they share. */
import type { JobStore } from "@hearth/jobs";
import type { Folders, NodeClassAnnouncement } from "@hearth/protocol";
import type { NodeInfoLookup } from "@hearth/graph/convert";
import { Catalogue } from "../../catalogue/catalogue.ts";
import { Presets } from "../../catalogue/presets/presets.ts";
import { Runner } from "../../catalogue/runner.ts";
import type { ProgressBook } from "../../progress/progress-book.ts";
import type { SubmitParts } from "../../jobs/submit.ts";
import type { FileNames } from "../../files/file-lists.ts";
import type { ModelFolders } from "../../files/model-folders.ts";
import path from "node:path";

/** Given by the composition. */
export interface StudioRunnerParts {
  readonly folders: Folders;
  readonly modelFolders: ModelFolders;
  readonly names: FileNames;
  /** limit of an upload, in bytes */
  readonly maxUploadBytes: number;
  readonly submit: SubmitParts;
  readonly store: JobStore;
  /** told when a job was queued */
  readonly dispatcher: { kick(): void };
  /** IANA zone of the names of job directories and uploads; default: Studio's */
  readonly zone?: string | undefined;
  readonly progress: ProgressBook;
}

/** Shared by the operations. */
export interface RunContext extends StudioRunnerParts {
  readonly nodeInfo: NodeInfoLookup;
  readonly catalogue: Catalogue;
  readonly runner: Runner;
  readonly presets: Presets;
  readonly classes: (className: string) => NodeClassAnnouncement | undefined;
}

export function runContext(parts: StudioRunnerParts): RunContext {
  const { folders, submit, zone } = parts;
  const nodeInfo: NodeInfoLookup = (name) => submit.classes(name)?.info;
  const catalogue = new Catalogue(path.join(folders.studio, "workflows"));
  return {
    ...parts,
    nodeInfo,
    classes: submit.classes,
    catalogue,
    presets: new Presets(path.join(folders.studio, "presets")),
    runner: new Runner({ catalogue, nodeInfo, whenNodesKnown: submit.whenNodesKnown, zone }),
  };
}
