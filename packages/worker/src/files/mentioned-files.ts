/** The files that nodes show, wherever they are named in what they show. */
import {
  type FileType,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type StoredFile,
} from "@hearth/protocol";

export interface FileMention {
  /** the object that names it */
  readonly holder: JsonObject;
  readonly filename: string;
  /** as it is written; absent: none is written */
  readonly subfolder: string | undefined;
  readonly type: FileType;
}

/** Every object with a `filename` and a `type` of folder, anywhere inside of what a node shows. */
export function filesIn(shown: JsonValue): FileMention[] {
  const found: FileMention[] = [];
  const walk = (value: JsonValue): void => {
    if (Array.isArray(value)) for (const item of value) walk(item);
    else if (isJsonObject(value)) {
      const { filename, type, subfolder } = value;
      if (typeof filename === "string" && filename !== "" && isFileType(type)) {
        found.push({
          holder: value,
          filename,
          subfolder: typeof subfolder === "string" ? subfolder : undefined,
          type,
        });
      }
      for (const item of Object.values(value)) walk(item);
    }
  };
  walk(shown);
  return found;
}

/** Writes the names that a file got into the object that names it; what is the same stays as it is written. */
export function rename({ holder, filename, subfolder, type }: FileMention, stored: StoredFile): void {
  if (stored.filename !== filename) holder["filename"] = stored.filename;
  if (stored.subfolder !== (subfolder ?? "")) holder["subfolder"] = stored.subfolder;
  if (stored.type !== type) holder["type"] = stored.type;
}

function isFileType(value: JsonValue | undefined): value is FileType {
  return value === "input" || value === "output" || value === "temp";
}
