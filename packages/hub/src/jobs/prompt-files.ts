/** The files of the hub that a prompt names: a worker without the hub's disk gets them before it runs. */
import { stat } from "node:fs/promises";
import path from "node:path";
import {
  type FileType,
  type Folders,
  type InputFile,
  isJsonObject,
  type JsonValue,
  parseJson,
  resolveInside,
} from "@hearth/protocol";

/** Longer texts are no names. */
const LONGEST_NAME = 1_024;
/** `name [output]`: the name of a file in another folder than the input folder. */
const ANNOTATED = /^(.+) \[(input|output|temp)\]$/;

/** Every file that a text among the inputs of the prompt (JSON text) names, each once. */
export async function filesOfPrompt(prompt: string, folders: Folders): Promise<InputFile[]> {
  const nodes = parseJson(prompt);
  const names = new Set<string>();
  for (const node of isJsonObject(nodes) ? Object.values(nodes) : []) {
    const inputs = isJsonObject(node) ? node["inputs"] : undefined;
    if (isJsonObject(inputs)) for (const value of Object.values(inputs)) collect(value, names);
  }
  const found = await Promise.all([...names].map((name) => fileOf(name, folders)));
  return found.filter((file) => file !== undefined);
}

function collect(value: JsonValue, names: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) collect(item, names);
  else if (typeof value === "string" && isName(value)) names.add(value);
}

function isName(text: string): boolean {
  return (
    text.length <= LONGEST_NAME &&
    path.extname(text.replace(ANNOTATED, "$1")) !== "" &&
    !/[\0\r\n]/.test(text)
  );
}

async function fileOf(text: string, folders: Folders): Promise<InputFile | undefined> {
  const [, annotated, folder] = ANNOTATED.exec(text) ?? [];
  const name = annotated ?? text;
  const type = (folder ?? "input") as FileType;
  try {
    const found = await stat(await resolveInside(folders[type], name));
    if (!found.isFile()) return undefined;
    return {
      type,
      name: name.replaceAll("\\", "/"),
      size: found.size,
      modifiedMs: Math.trunc(found.mtimeMs),
    };
  } catch {
    // No file of this name, or none that anybody may have.
    return undefined;
  }
}
