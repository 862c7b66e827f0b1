/** The files that a job owns: those that it recorded and made itself, and its output directory. */
import { lstat, rm, unlink } from "node:fs/promises";
import path from "node:path";
import type { JobRecord } from "@hearth/jobs";
import {
  type Folders,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  OutsideError,
  parseJson,
  printJson,
  resolveInside,
} from "@hearth/protocol";
import { filesShown } from "../../progress/node-outputs.ts";
import { detailsOf, objectIn } from "./record.ts";

export interface OwnedFile {
  readonly type: "output" | "temp";
  readonly subfolder: string;
  readonly filename: string;
}

export interface OwnedFiles {
  readonly outputDir: string | null;
  readonly files: readonly OwnedFile[];
}

/**
 * What a job may take with it. What a cached node shows was made by an earlier job and is that one's; input files
 * belong to whoever uploaded them.
 */
export function ownedFiles(job: Pick<JobRecord, "surface" | "details" | "outputs" | "status">): OwnedFiles {
  const cached = cachedNodes(job.status);
  const files: OwnedFile[] = [];
  for (const [nodeId, output] of Object.entries(job.outputs === undefined ? {} : objectIn(job.outputs))) {
    if (cached.has(nodeId) || !isJsonObject(output)) continue;
    for (const { type, subfolder, filename } of filesShown(output)) {
      if (type === "output" || type === "temp") files.push({ type, subfolder, filename });
    }
  }
  return { outputDir: detailsOf(job).output_dir, files };
}

function cachedNodes(status: string | undefined): Set<string> {
  const messages = status === undefined ? undefined : objectIn(status)["messages"];
  const told = Array.isArray(messages) ? messages : [];
  const lists = told.map((message): JsonValue | undefined => {
    if (!Array.isArray(message) || message[0] !== "execution_cached") return undefined;
    return isJsonObject(message[1]) ? message[1]["nodes"] : undefined;
  });
  return new Set(lists.flatMap((list) => (Array.isArray(list) ? list : [])).map(String));
}

/** @throws what the file system says when something is there and cannot be removed */
export async function removeOwned(
  owned: OwnedFiles,
  folders: Pick<Folders, "output" | "temp">,
): Promise<void> {
  for (const { type, subfolder, filename } of owned.files) {
    await removeInside(folders[type], path.join(subfolder, filename), false);
  }
  if (owned.outputDir !== null) await removeInside(folders.output, owned.outputDir, true);
}

/** Removes what lies strictly inside `root`; a link itself, never what it points to. Nothing there is fine. */
async function removeInside(root: string, relative: string, recursive: boolean): Promise<void> {
  const target = path.resolve(root, relative);
  // An empty name would be the root itself.
  if (relative.trim() === "" || target === path.resolve(root)) return;
  let parent: string;
  try {
    parent = await resolveInside(root, path.dirname(path.relative(root, target)));
  } catch (error) {
    if (error instanceof OutsideError) return;
    throw error;
  }
  const entry = path.join(parent, path.basename(target));
  const stats = await lstat(entry).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
  if (stats === undefined) return;
  if (!stats.isDirectory()) await unlink(entry);
  else if (recursive) await rm(entry, { recursive: true, force: true });
}

export function printOwned({ outputDir, files }: OwnedFiles): string {
  return printJson({ output_dir: outputDir, files }, "compact");
}

export function readOwned(text: string): OwnedFiles {
  const value = parseJson(text);
  const { output_dir, files } = isJsonObject(value) ? value : ({} as JsonObject);
  const list = Array.isArray(files) ? files.filter(isJsonObject) : [];
  return {
    outputDir: typeof output_dir === "string" ? output_dir : null,
    files: list.map(({ type, subfolder, filename }) => ({
      type: type === "temp" ? "temp" : "output",
      subfolder: String(subfolder),
      filename: String(filename),
    })),
  };
}
