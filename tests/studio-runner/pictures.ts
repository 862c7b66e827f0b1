/** Pictures to run workflows on, and a look at what came out. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import sharp from "sharp";

export type Colour = readonly [red: number, green: number, blue: number];

export const RED: Colour = [204, 51, 51];
export const GREEN: Colour = [51, 170, 102];
export const BLUE: Colour = [51, 102, 204];
export const BLACK: Colour = [0, 0, 0];
export const WHITE: Colour = [255, 255, 255];

/** A PNG of one colour. */
export function plain(width: number, height: number, [r, g, b]: Colour): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: { r, g, b } } })
    .png()
    .toBuffer();
}

/** A PNG of an SVG's shapes. */
export function drawn(width: number, height: number, shapes: string): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes}</svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

export class Pixels {
  readonly width: number;
  readonly height: number;
  readonly #data: Buffer;

  private constructor(width: number, height: number, data: Buffer) {
    this.width = width;
    this.height = height;
    this.#data = data;
  }

  static async of(file: Buffer): Promise<Pixels> {
    const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    return new Pixels(info.width, info.height, data);
  }

  at(x: number, y: number): Colour {
    const from = (y * this.width + x) * 3;
    return [this.#data[from] ?? -1, this.#data[from + 1] ?? -1, this.#data[from + 2] ?? -1];
  }

  /** How many pixels of a part are as bright as `least` at least, of 255. */
  bright(left: number, top: number, width: number, height: number, least: number): number {
    let count = 0;
    for (let y = top; y < top + height; y++) {
      for (let x = left; x < left + width; x++) if (Math.min(...this.at(x, y)) >= least) count += 1;
    }
    return count;
  }
}

const PROGRAM = "ffmpeg";

/** Runs ffmpeg, which the workflows for videos need too. @throws when it fails */
export function ffmpeg(args: readonly string[]): void {
  execFileSync(PROGRAM, ["-v", "error", ...args]);
}

/** A video of as many frames as there are greys, each a second long. */
export function video(greys: readonly number[]): Buffer {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-video-"));
  try {
    const file = path.join(folder, "greys.mp4");
    const level = greys.map((grey, at) => `between(N,${at * 10},${at * 10 + 9})*${grey}`).join("+");
    const source = `nullsrc=size=160x96:rate=10:duration=${greys.length},geq=lum='${level}':cb=128:cr=128`;
    const codec = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-color_range", "pc"];
    ffmpeg(["-f", "lavfi", "-i", source, ...codec, file]);
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
