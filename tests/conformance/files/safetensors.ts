/** Safetensors files (latents): an 8-byte length, a JSON header, the data. */
import { isJsonObject, parseJson, type JsonObject } from "@hearth/protocol";
import type { FloatPool } from "./float-pool.ts";

interface Header {
  readonly [name: string]: { dtype: string; shape: number[]; data_offsets: [number, number] };
}

/** @throws when a tensor is not F32, F16 or BF16 */
export function describeSafetensors(bytes: Buffer, pool: FloatPool): JsonObject {
  const length = Number(bytes.readBigUInt64LE(0));
  const header = parseJson(bytes.toString("utf8", 8, 8 + length)) as JsonObject;
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors: JsonObject = {};
  const dtypes: JsonObject = {};
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [from, to],
    },
  ] of Object.entries(entries as unknown as Header)) {
    const data = bytes.subarray(8 + length + from, 8 + length + to);
    tensors[name] = pool.add(floatsOf(data, dtype), shape);
    dtypes[name] = dtype;
  }
  return { metadata: isJsonObject(metadata) ? metadata : {}, tensors, stored_dtypes: dtypes };
}

function floatsOf(data: Buffer, dtype: string): Float32Array {
  if (dtype === "F32")
    return Float32Array.from({ length: data.length / 4 }, (_, i) => data.readFloatLE(4 * i));
  const copy = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  if (dtype === "F16") return Float32Array.from(new Float16Array(copy));
  if (dtype !== "BF16") throw new Error(`tensors of type ${dtype} are not read`);
  const wide = Uint32Array.from(new Uint16Array(copy), (half) => half << 16);
  return new Float32Array(wide.buffer);
}
