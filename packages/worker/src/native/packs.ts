/**
 * Custom node packs: folders with an `index.ts`, `index.js` or `index.mjs` that exports `nodes`. A pack that cannot be
 * loaded is reported and left out; it never stops the worker.
 */
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { registerHooks } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { NodeClass } from "@hearth/engine";
import type { PackReport } from "@hearth/protocol";

export interface LoadedPack {
  readonly report: PackReport;
  readonly nodes: readonly NodeClass[];
}

const ENTRIES = ["index.ts", "index.mjs", "index.js"];
/** A pack that waits for something at its top level must not hold the others up for ever. */
const LOAD_MS = 10_000;

let hooked = false;
/** Packs lie outside the project, so `@hearth/…` is resolved as if they were inside. */
function redirectOwnPackages(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier.startsWith("@hearth/")
        ? next(specifier, { ...context, parentURL: import.meta.url })
        : next(specifier, context),
  });
}

/** Loads every pack as a worker would, to say what came of it. */
export async function inspectPacks(
  folders: readonly string[],
  wanted: "all" | readonly string[] = "all",
): Promise<(PackReport & { readonly classes: number })[]> {
  const packs = await loadPacks(folders, wanted);
  return packs.map(({ report, nodes }) => ({ ...report, classes: nodes.length }));
}

/** Loads every pack below `folders`, in order of name; a later pack of the same name is left out. */
export async function loadPacks(
  folders: readonly string[],
  wanted: "all" | readonly string[] = "all",
): Promise<LoadedPack[]> {
  redirectOwnPackages();
  const loaded: LoadedPack[] = [];
  const seen = new Set<string>();
  for (const folder of folders) {
    for (const name of await packNames(folder)) {
      if (wanted !== "all" && !wanted.includes(name)) continue;
      const report = { name, folder: path.join(folder, name) };
      if (seen.has(name)) {
        loaded.push({
          report: { ...report, problem: "a pack of the same name was loaded before" },
          nodes: [],
        });
        continue;
      }
      seen.add(name);
      loaded.push(await loadPack(report));
    }
  }
  return loaded;
}

async function packNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder).catch(() => []);
  const names: string[] = [];
  for (const name of entries.sort()) {
    if (name.startsWith(".") || name === "__pycache__" || name.endsWith(".disabled")) continue;
    if (
      await stat(path.join(folder, name)).then(
        (found) => found.isDirectory(),
        () => false,
      )
    )
      names.push(name);
  }
  return names;
}

async function loadPack(report: PackReport): Promise<LoadedPack> {
  const fail = (problem: string): LoadedPack => ({ report: { ...report, problem }, nodes: [] });
  const entry = ENTRIES.map((name) => path.join(report.folder, name)).find((file) => existsSync(file));
  if (entry === undefined) {
    return existsSync(path.join(report.folder, "__init__.py"))
      ? fail("it is written in Python, which this engine does not run")
      : fail(`it has no ${ENTRIES.join(", ")}`);
  }
  try {
    const module = (await withinLimit(guardExit(() => import(pathToFileURL(entry).href)))) as {
      nodes?: unknown;
      webDirectory?: unknown;
    };
    const { nodes, webDirectory } = module;
    if (!Array.isArray(nodes) || !nodes.every(isNodeClass)) {
      return fail("it does not export `nodes`, a list of what defineNode returns");
    }
    return { report: typeof webDirectory === "string" ? { ...report, web: webDirectory } : report, nodes };
  } catch (error) {
    return fail(error instanceof Error ? (error.message.split("\n")[0] as string) : String(error));
  }
}

function isNodeClass(value: unknown): value is NodeClass {
  const node = value as Partial<NodeClass> | null;
  return (
    typeof node === "object" &&
    node !== null &&
    typeof node.name === "string" &&
    typeof node.execute === "function"
  );
}

/** A pack that calls `process.exit` while it loads fails alone. */
async function guardExit<T>(load: () => Promise<T>): Promise<T> {
  const exit = process.exit;
  process.exit = (code) => {
    throw new Error(`it calls process.exit(${code ?? ""}) while it loads`);
  };
  try {
    return await load();
  } finally {
    process.exit = exit;
  }
}

async function withinLimit<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it was not loaded after ${LOAD_MS / 1000} s`)), LOAD_MS);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
