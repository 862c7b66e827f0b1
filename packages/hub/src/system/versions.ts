/** `version.json`: which version of each component is installed, or offered by the repository. */
import { readFile } from "node:fs/promises";
import { isJsonObject, type JsonObject, JsonSyntaxError, parseJson } from "@hearth/protocol";

/** Parts of an installation that an update brings, each by itself. */
export const COMPONENTS = ["backend", "frontend", "models", "loras", "llm_models", "workflows"] as const;
export type ComponentName = (typeof COMPONENTS)[number];

/** `20.4.2` (backend, frontend) or a whole number (all others). */
export type Version = string | number;

export interface ComponentVersion {
  readonly version: Version;
  /** `YYYY-MM-DD HH:MM`, as the document says it */
  readonly date: string;
}

export interface VersionDocument {
  readonly appVersion: string;
  readonly date: string;
  /** the least version of the runtime that this needs */
  readonly minRuntime: number;
  readonly components: Readonly<Record<ComponentName, ComponentVersion>>;
  /** date of the runtime, where the document has one */
  readonly runtimeDate: string;
  /** the whole document as it was read */
  readonly whole: JsonObject;
}

const NO_VERSION: Readonly<Record<ComponentName, Version>> = {
  backend: "0.0.0",
  frontend: "0.0.0",
  models: 0,
  loras: 0,
  llm_models: 0,
  workflows: 0,
};

/** Reads the first of `files` that is there and is a document; when none is, all versions are 0. */
export async function readVersionFile(...files: readonly string[]): Promise<VersionDocument> {
  for (const file of files) {
    try {
      const value = parseJson(await readFile(file, "utf8"));
      if (isJsonObject(value)) return readVersions(value);
    } catch (error) {
      const isAbsent = (error as NodeJS.ErrnoException).code !== undefined;
      if (!isAbsent && !(error instanceof JsonSyntaxError)) throw error;
    }
  }
  return readVersions({});
}

/** What is missing in the document, or is not what it should be, counts as version 0. */
export function readVersions(whole: JsonObject): VersionDocument {
  const components = objectOf(whole["components"]);
  const read = (name: ComponentName): ComponentVersion => {
    const entry = objectOf(components[name]);
    return { version: versionOf(entry["version"]) ?? NO_VERSION[name], date: textOf(entry["date"]) };
  };
  return {
    appVersion: textOf(whole["app_version"]) || "0.0.0",
    date: textOf(whole["date"]),
    minRuntime: numberOf(whole["min_runtime"]),
    components: Object.fromEntries(COMPONENTS.map((name) => [name, read(name)])) as Record<
      ComponentName,
      ComponentVersion
    >,
    runtimeDate: textOf(objectOf(components["runtime"])["date"]),
    whole,
  };
}

/**
 * True when `remote` is to be installed over `local`: a greater number, a greater dotted version (number by number, so
 * that 12.10.0 is above 12.9.9), or a version of another type.
 */
export function isNewer(remote: Version, local: Version): boolean {
  if (typeof remote === "number" && typeof local === "number") return remote > local;
  if (typeof remote !== typeof local) return true;
  const a = numbersOf(String(remote));
  const b = numbersOf(String(local));
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function numbersOf(version: string): number[] {
  return version.split(".").map((part) => Number(/^\d{1,15}/.exec(part)?.[0] ?? 0));
}

function versionOf(value: unknown): Version | undefined {
  if (typeof value === "string" && value !== "") return value;
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}

function numberOf(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : 0;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function objectOf(value: JsonObject[string] | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
