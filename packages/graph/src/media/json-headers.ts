/** Files that begin with a JSON header: GLB (`asset.extras`), `.safetensors` and `.latent` (`__metadata__`). */
import { isJsonObject, JsonSyntaxError, type JsonValue, parseJson, printJson } from "@hearth/protocol";
import { fourCharacters, type Reader, utf8 } from "./byte-source.ts";
import { MediaError } from "./errors.ts";
import { type EmbeddedTexts, keep } from "./texts.ts";

export async function readGlb(reader: Reader): Promise<EmbeddedTexts> {
  const head = await reader.view(0, 20, "the GLB header");
  if (fourCharacters(head, 16) !== "JSON")
    throw new MediaError("the first chunk of the GLB file is not JSON");
  const header = await jsonAt(reader, 20, head.getUint32(12, true), "the JSON chunk of the GLB file");
  const asset = isJsonObject(header) ? header["asset"] : undefined;
  return textsIn(isJsonObject(asset) ? asset["extras"] : undefined);
}

export async function readSafetensors(reader: Reader): Promise<EmbeddedTexts> {
  const length = (await reader.view(0, 8, "the safetensors header")).getBigUint64(0, true);
  const header = await jsonAt(reader, 8, Number(length), "the safetensors header");
  return textsIn(isJsonObject(header) ? header["__metadata__"] : undefined);
}

async function jsonAt(reader: Reader, offset: number, length: number, what: string): Promise<JsonValue> {
  const text = utf8(await reader.bytes(offset, length, what));
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new MediaError(`${what} is not JSON: ${error.message}`);
    throw error;
  }
}

/** Values are JSON texts, or the JSON itself. */
function textsIn(holder: JsonValue | undefined): EmbeddedTexts {
  const texts: EmbeddedTexts = {};
  if (!isJsonObject(holder)) return texts;
  for (const [key, value] of Object.entries(holder)) {
    keep(texts, key, typeof value === "string" ? value : printJson(value, "compact"));
  }
  return texts;
}
