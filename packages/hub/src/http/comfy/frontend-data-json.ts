/** Small JSON files of packs, read again only when they changed. */
import { readFile, stat } from "node:fs/promises";
import { isJsonObject, type JsonObject, JsonSyntaxError, parseJson } from "@hearth/protocol";

/** A longer file is nobody's list of translations. */
const MAX_BYTES = 8 * 1024 * 1024;

interface Kept {
  readonly mark: string;
  readonly value: JsonObject;
}

export class JsonFiles {
  readonly #kept = new Map<string, Kept>();

  /** The object in a file; `{}` when it is absent, too long, broken, or holds no object. */
  async read(file: string): Promise<JsonObject> {
    const stats = await stat(file, { bigint: true }).catch(() => undefined);
    if (stats?.isFile() !== true || stats.size > BigInt(MAX_BYTES)) {
      this.#kept.delete(file);
      return {};
    }
    const mark = `${stats.mtimeNs} ${stats.size} ${stats.ino}`;
    const known = this.#kept.get(file);
    if (known?.mark === mark) return known.value;
    const value = parseObject(await readFile(file, "utf8").catch(() => ""));
    this.#kept.set(file, { mark, value });
    return value;
  }
}

function parseObject(text: string): JsonObject {
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? value : {};
  } catch (error) {
    if (error instanceof JsonSyntaxError) return {};
    throw error;
  }
}
