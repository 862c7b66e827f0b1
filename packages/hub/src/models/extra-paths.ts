/** `extra_model_paths.yaml` (section 1.6): directories of model files and of node packs beside the default ones. */
import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { AddedFolder } from "../files/model-folders.ts";

/** The file cannot be used; the message names it, and what is wrong in it. */
export class ExtraPathsError extends Error {
  constructor(file: string, what: string) {
    super(`${file}: ${what}`);
    this.name = "ExtraPathsError";
  }
}

export interface ExtraPaths {
  readonly models: readonly AddedFolder[];
  /** folders whose sub-folders are node packs; absolute */
  readonly customNodes: readonly string[];
}

/** Types by the names that older files have for them. */
const LEGACY: Readonly<Record<string, string>> = { unet: "diffusion_models", clip: "text_encoders" };
const DEFAULT_NAME = "extra_model_paths.yaml";

/**
 * Reads `extra_model_paths.yaml` of the base directory, where there is one, and then `files` in their order.
 * @throws ExtraPathsError when a file cannot be read or understood
 */
export async function readExtraPaths(base: string, files: readonly string[]): Promise<ExtraPaths> {
  const own = path.join(base, DEFAULT_NAME);
  const all = [...(existsSync(own) ? [own] : []), ...files.map((file) => path.resolve(file))];
  const read = await Promise.all([...new Set(all)].map(readFile));
  return {
    models: read.flatMap((one) => one.models),
    customNodes: [...new Set(read.flatMap((one) => one.customNodes))],
  };
}

async function readFile(file: string): Promise<ExtraPaths> {
  const models: AddedFolder[] = [];
  const customNodes: string[] = [];
  for (const [name, section] of Object.entries(await sectionsOf(file))) {
    if (section === null) continue;
    if (!isRecord(section)) throw new ExtraPathsError(file, `section ${name} is no list of model types`);
    const { base_path, is_default, ...types } = section;
    const base = baseOf(file, name, base_path);
    for (const [type, value] of Object.entries(types)) {
      for (const directory of directoriesOf(file, `${name}.${type}`, value)) {
        const absolute = path.resolve(base, expand(directory));
        if (type === "custom_nodes") customNodes.push(absolute);
        models.push({ type: LEGACY[type] ?? type, directory: absolute, first: is_default === true });
      }
    }
  }
  return { models, customNodes };
}

async function sectionsOf(file: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ExtraPathsError(file, `it cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  // Few have such a file, and a start without one has no use for the parser.
  const { LineCounter, parseDocument } = await import("yaml");
  const lineCounter = new LineCounter();
  // The files are written for a reader of YAML 1.1, where `yes` is true.
  const document = parseDocument(text, { lineCounter, prettyErrors: false, version: "1.1" });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const { line } = lineCounter.linePos(problem.pos[0]);
    throw new ExtraPathsError(file, `line ${line}: ${problem.message}`);
  }
  let sections: unknown;
  try {
    // Throws for aliases that multiply into something huge.
    sections = document.toJS() ?? {};
  } catch (error) {
    throw new ExtraPathsError(file, (error as Error).message);
  }
  if (!isRecord(sections)) throw new ExtraPathsError(file, "it must hold sections with model types");
  return sections;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Where a section's directories start: its `base_path`, itself relative to the file. */
function baseOf(file: string, section: string, given: unknown): string {
  const beside = path.dirname(path.resolve(file));
  if (given === undefined || given === null) return beside;
  if (typeof given !== "string") throw new ExtraPathsError(file, `${section}.base_path must be a text`);
  return path.resolve(beside, expand(given.trim()));
}

/** One directory a line; a YAML list is taken too. */
function directoriesOf(file: string, where: string, value: unknown): string[] {
  const lines = typeof value === "string" ? value.split("\n") : value === null ? [] : value;
  if (!Array.isArray(lines) || !lines.every((line) => typeof line === "string")) {
    throw new ExtraPathsError(file, `${where} must be directories, one a line`);
  }
  return lines.map((line) => line.trim()).filter((line) => line !== "");
}

/** `~` and environment variables (`$NAME`, `${NAME}`, on Windows `%NAME%`); unknown ones stay as they are. */
function expand(text: string): string {
  const home = text.replace(/^~(?=$|[/\\])/, () => os.homedir());
  const named = home.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (all, braced?: string, plain?: string) => process.env[braced ?? plain ?? ""] ?? all,
  );
  if (process.platform !== "win32") return named;
  return named.replace(/%(\w+)%/g, (all, name: string) => process.env[name] ?? all);
}
