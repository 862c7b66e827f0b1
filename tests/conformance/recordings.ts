/** Finds and reads recordings. What lies in two folders with the same content is taken once. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import {
  entriesOf,
  isJsonObject,
  objectFrom,
  parseJson,
  printJson,
  type JsonObject,
  type JsonValue,
} from "@hearth/protocol";

export async function readJson(file: string): Promise<JsonValue> {
  return parseJson(await readFile(file, "utf8"));
}

/** Remembers contents, to pass over a second copy. */
export class Seen {
  readonly #digests = new Set<string>();
  repeated = 0;

  /** Whether the same content came before. */
  has(...parts: readonly (string | Uint8Array)[]): boolean {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part).update("\0");
    const digest = hash.digest("base64");
    if (this.#digests.has(digest)) {
      this.repeated += 1;
      return true;
    }
    this.#digests.add(digest);
    return false;
  }
}

/** The folders that exist; the others are named to `absent`. */
export function existing(folders: readonly string[], absent: (folder: string) => void): string[] {
  return folders.filter((folder) => {
    if (existsSync(folder)) return true;
    absent(folder);
    return false;
  });
}

/** All `.json` files below a folder, in order of their path. */
export async function jsonFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => path.join(folder, name));
}

export interface Recording {
  readonly kind: string;
  readonly area: string;
  readonly name: string;
  readonly scenario: JsonObject;
}

/** The scenarios below a folder, in file order. */
export async function readScenarios(folder: string, seen: Seen): Promise<Recording[]> {
  const recordings: Recording[] = [];
  for (const file of await jsonFiles(folder)) {
    const document = await readJson(file);
    if (!isJsonObject(document) || !Array.isArray(document["scenarios"])) continue;
    const kind = String(document["kind"]);
    for (const scenario of document["scenarios"] as JsonObject[]) {
      if (seen.has(kind, printJson(scenario))) continue;
      recordings.push({ kind, area: String(document["area"]), name: String(scenario["name"]), scenario });
    }
  }
  return recordings;
}

/** Files that every server starts with, and contents that scenarios name. */
export interface BaseFixtures {
  readonly files: readonly JsonObject[];
  readonly contents: Readonly<Record<string, string>>;
}

/** Reads `base.json`. */
export async function readBase(file: string): Promise<BaseFixtures> {
  const document = (await readJson(file)) as { files: JsonObject[]; fixtures: Record<string, string> };
  const contents = document.fixtures;
  return { files: document.files.map((entry) => withContents(entry, contents) as JsonObject), contents };
}

/** Replaces `{"use": NAME, …}` by `{…, "base64": contents}`, everywhere in a value. */
export function withContents(value: JsonValue, contents: Readonly<Record<string, string>>): JsonValue {
  if (Array.isArray(value)) return value.map((item) => withContents(item, contents));
  if (!isJsonObject(value)) return value;
  const name = value["use"];
  if (typeof name === "string" && Object.hasOwn(contents, name)) {
    const { use: _name, ...rest } = value;
    return { ...rest, base64: contents[name] as string };
  }
  return objectFrom(entriesOf(value).map(([key, item]) => [key, withContents(item, contents)]));
}
