/** Small safetensors files (latents): an 8-byte length, a JSON header, the tensors' bytes. */
import { isJsonObject, type JsonObject, parseJson, printJson } from "@hearth/protocol";
import { floats, sizeOf, type Tensor, tensor } from "../sdk/tensor.ts";

/** Larger headers are refused, as the format's reference reader does. */
const MAX_HEADER = 100_000_000;

/** A file of float32 tensors, in the order given. */
export function encodeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: readonly (readonly [key: string, text: string])[] = [],
): Buffer {
  const header: JsonObject = metadata.length === 0 ? {} : { __metadata__: Object.fromEntries(metadata) };
  const parts: Buffer[] = [];
  let at = 0;
  for (const [name, { data, shape }] of Object.entries(tensors)) {
    const bytes = Buffer.from(data.slice().buffer);
    header[name] = { dtype: "F32", shape: [...shape], data_offsets: [at, at + bytes.length] };
    parts.push(bytes);
    at += bytes.length;
  }
  const text = Buffer.from(printJson(header, "compact"));
  // Padded with spaces so that the tensors start at a multiple of 8.
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, " ")]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...parts]);
}

/** All floating-point tensors of a file, as float32. @throws RangeError when the file is damaged */
export function decodeSafetensors(file: Buffer): Map<string, Tensor> {
  const size = file.length < 8 ? Infinity : Number(file.readBigUInt64LE(0));
  if (size > Math.min(MAX_HEADER, file.length - 8)) throw new RangeError("safetensors header is damaged");
  const header = parseJson(file.toString("utf8", 8, 8 + size));
  if (!isJsonObject(header)) throw new RangeError("safetensors header is no object");
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__" || !isJsonObject(entry)) continue;
    const shape = entry["shape"] as number[];
    const [from, to] = entry["data_offsets"] as [number, number];
    const bytes = file.subarray(8 + size + from, 8 + size + to);
    tensors.set(name, tensor(shape, decodeValues(String(entry["dtype"]), bytes, sizeOf(shape), name)));
  }
  return tensors;
}

function decodeValues(dtype: string, bytes: Buffer, count: number, name: string): Float32Array {
  const width = { F64: 8, F32: 4, F16: 2, BF16: 2 }[dtype];
  if (width === undefined) throw new RangeError(`tensor ${name}: ${dtype} is no floating-point type`);
  if (bytes.length !== count * width) throw new RangeError(`tensor ${name} is cut short`);
  const values = floats(count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < count; i++) {
    values[i] =
      dtype === "F32"
        ? view.getFloat32(4 * i, true)
        : dtype === "F64"
          ? view.getFloat64(8 * i, true)
          : dtype === "F16"
            ? halfValue(view.getUint16(2 * i, true))
            : bfloatValue(view.getUint16(2 * i, true));
  }
  return values;
}

function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function bfloatValue(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}
