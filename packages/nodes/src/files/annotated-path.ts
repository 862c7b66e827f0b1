/** File names of load nodes: `sub/x.png`, `x.png [output]`. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { NodeError } from "@hearth/engine";
import {
  type Folders,
  type FolderType,
  OutsideError,
  pyTypeName,
  resolveInsideSync,
  splitAnnotation,
} from "@hearth/protocol";

/** The absolute path of an annotated name, inside its folder. @throws OutsideError */
export function annotatedPath(name: string, folders: Folders, fallback: FolderType = "input"): string {
  const [relative, type] = splitAnnotation(name, fallback);
  return resolveInsideSync(folders[type], relative);
}

/** The same for node code. @throws NodeError `FileNotFoundError` when nothing is there */
export function existingPath(name: string, folders: Folders, fallback: FolderType = "input"): string {
  const found = annotatedPath(name, folders, fallback);
  if (!existsSync(found)) throw new NodeError(`No such file: ${name}`, "FileNotFoundError");
  return found;
}

/** The validator of a file input: `true`, or `Invalid <what> file: <name>`. Links (`null`) pass. */
export function validateFile(what: string, name: unknown, folders: Folders): true | string {
  if (name === null || name === undefined) return true;
  if (typeof name !== "string") {
    throw new NodeError(`'${pyTypeName(name)}' object has no attribute 'endswith'`, "AttributeError");
  }
  try {
    if (existsSync(annotatedPath(name, folders))) return true;
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
  }
  return `Invalid ${what} file: ${name}`;
}

/** The change token of a file's content: its SHA-256 in hexadecimal. Links have none. */
export async function contentToken(name: unknown, folders: Folders): Promise<string> {
  if (typeof name !== "string") return "";
  const hash = createHash("sha256");
  for await (const part of createReadStream(annotatedPath(name, folders))) hash.update(part as Buffer);
  return hash.digest("hex");
}

/** The change token of a large file: its modification time in seconds. */
export async function modifiedToken(name: unknown, folders: Folders): Promise<number> {
  if (typeof name !== "string") return 0;
  return (await stat(annotatedPath(name, folders))).mtimeMs / 1000;
}
