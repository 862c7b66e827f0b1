/** Animated PNG (PNG specification, third edition, section 11.3.5). libvips knows only the first frame. */
import { latin1, type PngChunk, PNG_SIGNATURE, pngChunk } from "./png-chunks.ts";
import { deflateStripes, headerChunk, type Raster } from "./png.ts";

/** One frame as a PNG file of its own, with where and how it is drawn. */
export interface ApngFrame {
  readonly file: Buffer;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** what happens to its area afterwards: 0 stays, 1 is cleared, 2 becomes what was there before */
  readonly dispose: number;
  /** drawn over what is there, instead of in its place */
  readonly over: boolean;
}

/** The frames of an animated file, or `undefined` for a still one. @throws RangeError when a frame has no pixels */
export function apngFrames(chunks: readonly PngChunk[]): ApngFrame[] | undefined {
  const header = chunks[0]?.data;
  if (header === undefined || !chunks.some(({ type }) => type === "acTL")) return undefined;
  const shared = chunks.filter(({ type }) => type === "PLTE" || type === "tRNS");
  const frames: { control: Buffer; pixels: Buffer[] }[] = [];
  for (const { type, data } of chunks) {
    const current = frames.at(-1);
    if (type === "fcTL") frames.push({ control: data, pixels: [] });
    // Pixels before the first control chunk are the still picture for others; they are no frame.
    else if (type === "IDAT") current?.pixels.push(data);
    else if (type === "fdAT") current?.pixels.push(data.subarray(4));
  }
  return frames.map(({ control, pixels }) => {
    if (control.length < 26 || pixels.length === 0)
      throw new RangeError("animated PNG has a frame without pixels");
    const [width, height, x, y] = [4, 8, 12, 16].map((at) => control.readUInt32BE(at)) as [
      number,
      number,
      number,
      number,
    ];
    const own = Buffer.from(header);
    own.writeUInt32BE(width, 0);
    own.writeUInt32BE(height, 4);
    const file = Buffer.concat([
      PNG_SIGNATURE,
      pngChunk("IHDR", own),
      ...shared.map(({ type, data }) => pngChunk(type, data)),
      ...pixels.map((data) => pngChunk("IDAT", data)),
      pngChunk("IEND"),
    ]);
    return { file, x, y, width, height, dispose: control[24] as number, over: control[25] === 1 };
  });
}

/**
 * Draws one frame on an RGBA canvas of `stride` pixels per row.
 * @param pixels RGBA bytes of the frame's own size
 */
export function drawFrame(canvas: Uint8Array, stride: number, frame: ApngFrame, pixels: Uint8Array): void {
  for (let row = 0; row < frame.height; row++) {
    const to = ((frame.y + row) * stride + frame.x) * 4;
    const from = row * frame.width * 4;
    if (!frame.over) {
      canvas.set(pixels.subarray(from, from + frame.width * 4), to);
      continue;
    }
    for (let i = 0; i < frame.width * 4; i += 4) drawOver(canvas, to + i, pixels, from + i);
  }
}

/** Source-over of one straight-alpha pixel. */
function drawOver(canvas: Uint8Array, to: number, pixels: Uint8Array, from: number): void {
  const source = (pixels[from + 3] as number) / 255;
  const below = ((canvas[to + 3] as number) / 255) * (1 - source);
  const alpha = source + below;
  for (let c = 0; c < 3; c++) {
    const mixed = (pixels[from + c] as number) * source + (canvas[to + c] as number) * below;
    canvas[to + c] = alpha === 0 ? 0 : Math.round(mixed / alpha);
  }
  canvas[to + 3] = Math.round(alpha * 255);
}

/** Clears the area of a frame. */
export function clearFrame(canvas: Uint8Array, stride: number, frame: ApngFrame): void {
  for (let row = 0; row < frame.height; row++) {
    const at = ((frame.y + row) * stride + frame.x) * 4;
    canvas.fill(0, at, at + frame.width * 4);
  }
}

export interface ApngOptions {
  /** zlib level 0…9 */
  readonly level: number;
  /** milliseconds per frame */
  readonly duration: number;
  /** written as private `comf` chunks after the first frame, as `key`, NUL, text in Latin-1 */
  readonly metadata: readonly (readonly [key: string, text: string])[];
}

/** An animated PNG that loops for ever; a single frame gives a still file. All frames have one size. */
export async function encodeApng(frames: readonly Raster[], options: ApngOptions): Promise<Buffer> {
  const first = frames[0];
  if (first === undefined) throw new RangeError("an animation needs a frame");
  const comments = options.metadata.map(([key, text]) =>
    pngChunk("comf", latin1(key, 79), Buffer.from([0]), latin1(text)),
  );
  const animated = frames.length > 1;
  const parts: Buffer[] = [PNG_SIGNATURE, headerChunk(first)];
  if (animated) parts.push(pngChunk("acTL", uint32(frames.length, 0)));
  let sequence = 0;
  for (const [index, frame] of frames.entries()) {
    if (animated)
      parts.push(
        pngChunk("fcTL", uint32(sequence++, frame.width, frame.height, 0, 0), delay(options.duration)),
      );
    for (const data of await deflateStripes(frame, options.level)) {
      parts.push(index === 0 ? pngChunk("IDAT", data) : pngChunk("fdAT", uint32(sequence++), data));
    }
  }
  return Buffer.concat([...parts, ...comments, pngChunk("IEND")]);
}

function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index));
  return bytes;
}

/** Delay as the smallest fraction of seconds that 16 bits hold, then "leave the area" and "replace". */
function delay(milliseconds: number): Buffer {
  const [numerator, denominator] = fraction(milliseconds);
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(numerator, 0);
  bytes.writeUInt16BE(denominator, 2);
  return bytes;
}

function fraction(milliseconds: number): [number, number] {
  let [a, b] = [Math.round(milliseconds), 1000];
  while (b !== 0) [a, b] = [b, a % b];
  const [numerator, denominator] = [Math.round(milliseconds) / a, 1000 / a];
  // Longer than 65 seconds with a fine fraction: whole seconds are near enough.
  return numerator > 65535 ? [Math.min(65535, Math.round(milliseconds / 1000)), 1] : [numerator, denominator];
}
