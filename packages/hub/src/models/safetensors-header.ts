/** The header of a safetensors file: a little-endian u64 length, then so many bytes of JSON. */
import { open } from "node:fs/promises";
import { isJsonObject, type JsonObject, JsonSyntaxError, parseJson } from "@hearth/protocol";

/**
 * Reads the header, and nothing behind it. `undefined`: there is no such file, it is no safetensors file, or its header
 * is longer than `maxBytes`.
 */
export async function safetensorsHeader(file: string, maxBytes: number): Promise<JsonObject | undefined> {
  try {
    const handle = await open(file, "r");
    try {
      if (!(await handle.stat()).isFile()) return undefined;
      const prefix = Buffer.alloc(8);
      if ((await handle.read(prefix, 0, 8, 0)).bytesRead < 8) return undefined;
      const length = prefix.readBigUInt64LE(0);
      if (length > BigInt(maxBytes)) return undefined;
      const text = Buffer.alloc(Number(length));
      if ((await handle.read(text, 0, text.length, 8)).bytesRead < text.length) return undefined;
      const header = parseJson(text.toString("utf8"));
      return isJsonObject(header) ? header : undefined;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof JsonSyntaxError || ABSENT.has((error as NodeJS.ErrnoException).code ?? "")) {
      return undefined;
    }
    throw error;
  }
}

const ABSENT = new Set(["ENOENT", "ENOTDIR", "EISDIR", "ENAMETOOLONG", "EACCES", "ENXIO", "ELOOP"]);

/** The `__metadata__` of a header: what the file says about itself. `undefined` when it says nothing. */
export async function safetensorsMetadata(file: string, maxBytes: number): Promise<JsonObject | undefined> {
  const metadata = (await safetensorsHeader(file, maxBytes))?.["__metadata__"];
  return isJsonObject(metadata) ? metadata : undefined;
}
