/** OpenEXR files of one uncompressed float picture (OpenEXR file layout, version 2, scan lines). */

/** x and y of red, green, blue and white. */
export const CHROMATICITIES = {
  bt709: [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329],
  bt2020: [0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329],
} as const;

export interface ExrPicture {
  readonly width: number;
  readonly height: number;
  /** 3 or 4 */
  readonly channels: number;
  /** linear light, rows from the top, interleaved */
  readonly values: Float32Array;
}

export interface ExrOptions {
  readonly chromaticities: readonly number[];
  /** string attributes, e.g. `prompt` */
  readonly texts: readonly (readonly [key: string, text: string])[];
}

/** The bytes of a file. */
export function encodeExr(picture: ExrPicture, options: ExrOptions): Buffer {
  const { width, height, channels } = picture;
  const names = channels === 4 ? ["A", "B", "G", "R"] : ["B", "G", "R"];
  const window = int32(0, 0, width - 1, height - 1);
  const header = Buffer.concat([
    // Magic number and version 2, and 0x400 where a name is longer than 31 bytes.
    int32(20000630, options.texts.some(([key]) => Buffer.byteLength(key) > 31) ? 0x402 : 2),
    attribute("channels", "chlist", Buffer.concat([...names.map(channelEntry), Buffer.alloc(1)])),
    attribute("compression", "compression", Buffer.alloc(1)),
    attribute("dataWindow", "box2i", window),
    attribute("displayWindow", "box2i", window),
    attribute("lineOrder", "lineOrder", Buffer.alloc(1)),
    attribute("screenWindowCenter", "v2f", float32(0, 0)),
    attribute("screenWindowWidth", "float", float32(1)),
    attribute("gamma", "float", float32(1)),
    // The name that ComfyUI's files carry.
    attribute("writer", "string", Buffer.from("lavc")),
    ...options.texts.map(([key, text]) => attribute(key, "string", Buffer.from(text))),
    attribute("chromaticities", "chromaticities", float32(...options.chromaticities)),
    Buffer.alloc(1),
  ]);
  const rowBytes = width * channels * 4;
  const blockBytes = rowBytes + 8;
  const offsets = Buffer.alloc(8 * height);
  const pixels = Buffer.alloc(blockBytes * height);
  for (let y = 0; y < height; y++) {
    offsets.writeBigUInt64LE(BigInt(header.length + offsets.length + y * blockBytes), 8 * y);
    pixels.writeInt32LE(y, y * blockBytes);
    pixels.writeInt32LE(rowBytes, y * blockBytes + 4);
    writeRow(picture, y, names, pixels, y * blockBytes + 8);
  }
  return Buffer.concat([header, offsets, pixels]);
}

/** Within a row the channels stand one after another, by name. */
function writeRow(picture: ExrPicture, y: number, names: readonly string[], to: Buffer, start: number): void {
  const { width, channels, values } = picture;
  let at = start;
  for (const name of names) {
    const channel = "RGBA".indexOf(name);
    for (let x = 0; x < width; x++, at += 4) {
      to.writeFloatLE(values[(y * width + x) * channels + channel] as number, at);
    }
  }
}

/** Name, pixel type float, not linear, sampled at every pixel. */
function channelEntry(name: string): Buffer {
  return Buffer.concat([Buffer.from(`${name}\0`), int32(2, 0, 1, 1)]);
}

function attribute(name: string, type: string, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${name}\0${type}\0`), int32(value.length), value]);
}

function int32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeInt32LE(value, 4 * index));
  return bytes;
}

function float32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeFloatLE(value, 4 * index));
  return bytes;
}
