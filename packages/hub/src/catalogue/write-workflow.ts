/** Adding workflows to the catalogue: whole or not at all. */
import { randomUUID } from "node:crypto";
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { isJsonObject, type JsonObject, JsonFloat, parseJson, printJson } from "@hearth/protocol";
import { parse } from "yaml";
import { Catalogue } from "./catalogue.ts";
import { UnknownWorkflowError } from "./errors.ts";
import { printManifest } from "./manifest/read-manifest.ts";
import { type Manifest, WORKFLOW_ID } from "./manifest/schema.ts";

/** Hidden, so that no listing shows it. */
const PREFIX = ".new-";
/** Which workflows came with which version. */
const INDEX = "index.json";

/** A workflow of this id is there already. */
export class WorkflowExistsError extends Error {
  constructor(id: string) {
    super(`there is a workflow '${id}' already`);
    this.name = "WorkflowExistsError";
  }
}

/**
 * Writes a static workflow into a folder of its own.
 * @throws WorkflowExistsError
 */
export async function addWorkflow(folder: string, manifest: Manifest, prompt: JsonObject): Promise<void> {
  await place(folder, manifest.id, async (temporary) => {
    await mkdir(temporary, { recursive: true });
    await writeFile(path.join(temporary, "manifest.yaml"), printManifest(withoutEmpty(manifest)));
    await writeFile(path.join(temporary, "workflow.json"), `${printJson(prompt, "indent2")}\n`);
  });
}

/** Removes a workflow with its files. @throws UnknownWorkflowError */
export async function removeWorkflow(folder: string, id: string): Promise<void> {
  if (!WORKFLOW_ID.test(id)) throw new UnknownWorkflowError(id);
  // Out of sight first: a crash then leaves no half of it.
  const gone = path.join(folder, PREFIX + randomUUID());
  try {
    await rename(path.join(folder, id), gone);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new UnknownWorkflowError(id);
    throw error;
  }
  await rm(gone, { recursive: true, force: true });
}

/**
 * Copies workflows that come with the program and were never here; gives their ids. One that a person removed, or
 * changed, stays as it is. What an interrupted copy left is removed.
 */
export async function installShipped(shipped: string, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    if (name.startsWith(PREFIX)) await rm(path.join(folder, name), { recursive: true, force: true });
  }
  const index = await readIndex(folder);
  const present = new Set(await new Catalogue(folder).ids());
  const source = new Catalogue(shipped);
  const installed: string[] = [];
  for (const id of await source.ids()) {
    if (Object.hasOwn(index, id)) continue;
    if (!present.has(id)) {
      await place(folder, id, (temporary) => cp(path.join(shipped, id), temporary, { recursive: true }));
      installed.push(id);
    }
    index[id] = await versionOf(path.join(shipped, id));
  }
  const text = `${printJson({ workflows: index }, "indent2")}\n`;
  const temporary = path.join(folder, PREFIX + randomUUID());
  await writeFile(temporary, text);
  await rename(temporary, path.join(folder, INDEX));
  return installed;
}

/** The version that a shipped manifest states. It is ours, and a test checks all of it: a start need not. */
async function versionOf(folder: string): Promise<number> {
  const { version = 1 } = parse(
    await readFile(path.join(folder, "manifest.yaml"), "utf8"),
  ) as Partial<Manifest>;
  return version;
}

/** Id → version, as noted. A file that cannot be read counts as none: what is there is never replaced. */
async function readIndex(folder: string): Promise<JsonObject> {
  try {
    const value = parseJson(await readFile(path.join(folder, INDEX), "utf8"));
    const workflows = isJsonObject(value) ? value["workflows"] : undefined;
    return isJsonObject(workflows) ? { ...workflows } : {};
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}

/** Lets `write` fill a folder out of sight, and gives it its name. */
async function place(folder: string, id: string, write: (temporary: string) => Promise<void>): Promise<void> {
  await mkdir(folder, { recursive: true });
  const temporary = path.join(folder, PREFIX + randomUUID());
  try {
    await write(temporary);
    await rename(temporary, path.join(folder, id));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOTDIR") throw new WorkflowExistsError(id);
    throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** A manifest as a person would write it: without what says nothing, and with numbers that YAML keeps. */
function withoutEmpty(manifest: Manifest): Partial<Manifest> {
  const entries = Object.entries(manifest).filter(
    ([, value]) => value !== "" && value !== null && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(entries.map(([key, value]) => [key, yamlValue(value)])) as Partial<Manifest>;
}

/** Integers beyond 2^53 go as texts, which inputs read exactly. */
function yamlValue(value: unknown): unknown {
  if (value instanceof JsonFloat) return value.value;
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(yamlValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, yamlValue(item)]));
}
