/** What the tests of the catalogue share: node infos as recorded, and workflows in a folder of their own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { NodeInfoLookup } from "@hearth/graph/convert";
import {
  cloneJson,
  type FileList,
  type JsonValue,
  type NodeClassAnnouncement,
  type NodeInfo,
  parseJson,
  printJson,
} from "@hearth/protocol";
import { stringify } from "yaml";

const GOLDEN = fileURLToPath(new URL("../../../../tests/golden/", import.meta.url));

/** Path of a recording. */
export function golden(name: string): string {
  return path.join(GOLDEN, name);
}

let recorded: Record<string, NodeInfo> | undefined;

/** Node infos of all classes of ComfyUI's core. */
export const nodeInfo: NodeInfoLookup = (name) => {
  recorded ??= parseJson(readFileSync(golden("object_info.json"), "utf8")) as unknown as Record<
    string,
    NodeInfo
  >;
  return Object.hasOwn(recorded, name) ? recorded[name] : undefined;
};

/** The same with the lists that are filled from folders; `files` says what is in them. */
export function announcements(
  files: Record<string, readonly string[]> = {},
): (name: string) => NodeClassAnnouncement | undefined {
  const lists = JSON.parse(readFileSync(golden("object_info.files.json"), "utf8")) as unknown[];
  return (name) => {
    const info = nodeInfo(name);
    if (info === undefined) return undefined;
    const own = lists
      .map((entry) => entry as { class: string; path: (string | number)[]; folder: string })
      .filter((entry) => entry.class === name)
      .map(({ path, folder }): FileList => ({ path, folder }));
    const filled = cloneJson(info as unknown as JsonValue) as unknown as NodeInfo;
    for (const { path, folder } of own) {
      let value = filled as unknown as Record<string | number, unknown>;
      for (const step of path.slice(0, -1)) value = value[step] as Record<string | number, unknown>;
      value[path.at(-1) ?? 0] = [...(files[folder] ?? [])];
    }
    return { info: filled, lists: own };
  };
}

/** A folder that goes with the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-catalogue-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a workflow: its manifest, and files by name. */
export function writeWorkflow(
  folder: string,
  manifest: { id: string } & Record<string, unknown>,
  files: Readonly<Record<string, unknown>>,
): void {
  const root = path.join(folder, manifest.id);
  mkdirSync(root, { recursive: true });
  writeFileSync(path.join(root, "manifest.yaml"), stringify({ name: manifest.id, ...manifest }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), typeof content === "string" ? content : printJson(content));
  }
}

let all: NodeClassAnnouncement[] | undefined;

/** All classes of ComfyUI's core, as a worker would announce them. */
export function recordedClasses(): NodeClassAnnouncement[] {
  if (all === undefined) {
    const known = announcements();
    const names = Object.keys(parseJson(readFileSync(golden("object_info.json"), "utf8")) as object);
    all = names.map((name) => known(name)).filter((announced) => announced !== undefined);
  }
  return all;
}
