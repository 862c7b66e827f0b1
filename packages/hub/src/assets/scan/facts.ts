/** What the server finds out about a file by itself: the size of a picture, the header of a model. */
import { open } from "node:fs/promises";
import path from "node:path";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  entriesOf,
  objectFrom,
  parseJson,
  printJson,
} from "@hearth/protocol";

/** A longer header is no header. */
const MAX_HEADER = 16 * 1024 * 1024;
/** Longer texts of a model's own metadata are training logs, which nobody looks for here. */
const MAX_TEXT = 1_000;
const MAX_KEYS = 100;

/** Facts as JSON text of an object; `undefined` when there are none, or the file is broken. */
export async function readFacts(file: string, mimeType: string): Promise<string | undefined> {
  try {
    if (mimeType.startsWith("image/") && mimeType !== "image/svg+xml") return await pictureFacts(file);
    if (path.extname(file).toLowerCase() === ".safetensors") return await modelFacts(file);
  } catch {
    // A broken file is an asset all the same: it only has no facts.
  }
  return undefined;
}

async function pictureFacts(file: string): Promise<string | undefined> {
  // The library takes memory and time to load, and not every catalogue has a picture to read.
  const { default: sharp } = await import("sharp");
  const { width, height } = await sharp(file, { limitInputPixels: false }).metadata();
  if (width === undefined || height === undefined) return undefined;
  return printJson({ kind: "image", width, height });
}

/** A safetensors header: 8 bytes with the length of the JSON after them. */
async function modelFacts(file: string): Promise<string | undefined> {
  const handle = await open(file, "r");
  try {
    const length = Buffer.alloc(8);
    if ((await handle.read(length, 0, 8, 0)).bytesRead < 8) return undefined;
    const bytes = length.readBigUInt64LE();
    if (bytes > MAX_HEADER) return undefined;
    const header = Buffer.alloc(Number(bytes));
    if ((await handle.read(header, 0, header.length, 8)).bytesRead < header.length) return undefined;
    const object = parseJson(header.toString("utf8"));
    return isJsonObject(object) ? printJson(factsOfHeader(object)) : undefined;
  } finally {
    await handle.close();
  }
}

function factsOfHeader(header: JsonObject): JsonObject {
  const types = new Set<string>();
  let tensors = 0;
  let parameters = 0;
  for (const [name, tensor] of entriesOf(header)) {
    if (name === "__metadata__" || !isJsonObject(tensor)) continue;
    tensors += 1;
    const { dtype, shape } = tensor;
    if (typeof dtype === "string") types.add(dtype);
    if (Array.isArray(shape))
      parameters += shape.reduce((product: number, side) => product * Number(side), 1);
  }
  const own = header["__metadata__"];
  const kept = isJsonObject(own) ? entriesOf(own).filter(([, value]) => isShort(value)) : [];
  return {
    kind: "model",
    format: "safetensors",
    tensors,
    parameters: Number.isSafeInteger(parameters) ? parameters : 0,
    dtypes: [...types].sort(),
    ...(kept.length === 0 ? {} : { safetensors_metadata: objectFrom(kept.slice(0, MAX_KEYS)) }),
  };
}

function isShort(value: JsonValue): boolean {
  return typeof value === "string" && value.length <= MAX_TEXT;
}
