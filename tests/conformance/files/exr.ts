/** OpenEXR files with uncompressed scan lines of 32-bit floats (specification: "OpenEXR File Layout"). */
import type { JsonObject, JsonValue } from "@hearth/protocol";
import type { FloatPool } from "./float-pool.ts";

interface Attribute {
  readonly name: string;
  readonly type: string;
  readonly data: Buffer;
}

/** Attributes (texts as text, others as base64) and pixels `[height, width, channels]` in the order R, G, B, A. */
export function describeExr(bytes: Buffer, pool: FloatPool): JsonObject {
  if (bytes.readUInt32LE(0) !== 20000630) throw new Error("not an OpenEXR file");
  const { attributes, end } = readAttributes(bytes);
  const find = (name: string): Buffer => {
    const found = attributes.find((attribute) => attribute.name === name)?.data;
    if (found === undefined) throw new Error(`OpenEXR file without ${name}`);
    return found;
  };
  if (find("compression")[0] !== 0) throw new Error("compressed OpenEXR files are not read");
  const window = find("dataWindow");
  const width = window.readInt32LE(8) - window.readInt32LE(0) + 1;
  const height = window.readInt32LE(12) - window.readInt32LE(4) + 1;
  const names = channelNames(find("channels"));
  const order = ["R", "G", "B", "A", "Y"].filter((name) => names.includes(name));
  const pixels = new Float32Array(width * height * names.length);
  for (let line = 0; line < height; line += 1) {
    const at = Number(bytes.readBigUInt64LE(end + 8 * line));
    const y = bytes.readInt32LE(at) - window.readInt32LE(4);
    for (const [plane, name] of names.entries()) {
      for (let x = 0; x < width; x += 1) {
        const value = bytes.readFloatLE(at + 8 + 4 * (plane * width + x));
        pixels[(y * width + x) * names.length + order.indexOf(name)] = value;
      }
    }
  }
  return {
    attributes: attributes.map(({ name, type, data }): JsonValue => [
      name,
      type,
      type === "string" ? data.toString("utf8") : data.toString("base64"),
    ]),
    pixels: pool.add(pixels, [height, width, names.length]),
  };
}

function readAttributes(bytes: Buffer): { attributes: Attribute[]; end: number } {
  const attributes: Attribute[] = [];
  let at = 8;
  const text = (): string => {
    const end = bytes.indexOf(0, at);
    const found = bytes.toString("utf8", at, end);
    at = end + 1;
    return found;
  };
  while (bytes[at] !== 0) {
    const [name, type] = [text(), text()];
    const length = bytes.readUInt32LE(at);
    attributes.push({ name, type, data: bytes.subarray(at + 4, at + 4 + length) });
    at += 4 + length;
  }
  return { attributes, end: at + 1 };
}

function channelNames(data: Buffer): string[] {
  const names: string[] = [];
  for (let at = 0; data[at] !== 0;) {
    const end = data.indexOf(0, at);
    const type = data.readInt32LE(end + 1);
    if (type !== 2) throw new Error(`OpenEXR channels of pixel type ${type} are not read`);
    names.push(data.toString("latin1", at, end));
    at = end + 17;
  }
  return names;
}
