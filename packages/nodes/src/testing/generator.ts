/** The tensors that recorded cases take as inputs, made from a few numbers (README of the recordings). */
import { floats, sizeOf, type Tensor, tensor } from "../sdk/index.ts";

export interface GeneratorSpec {
  readonly shape: readonly number[];
  readonly kind: string;
  readonly seed?: number;
  readonly dtype?: string;
  readonly n?: number;
  readonly value?: number;
  readonly values?: readonly number[];
  readonly rect?: readonly [number, number, number, number];
}

/** A number in [0, 1) of 24 bits from an element index and a seed. */
export function unit(index: number, seed: number): number {
  let h = (Math.imul(index, 2654435761 | 0) + Math.imul(seed, 374761393) + 1013904223) >>> 0;
  h = Math.imul(h ^ (h >>> 15), 2246822519 | 0) >>> 0;
  h = Math.imul(h ^ (h >>> 13), 3266489917 | 0) >>> 0;
  h = (h ^ (h >>> 16)) >>> 0;
  return (h >>> 8) / 16777216;
}

/** @throws RangeError for a kind that the recordings do not define */
export function generate(spec: GeneratorSpec): Tensor {
  const size = sizeOf(spec.shape);
  const data = floats(size);
  const element = elementOf(spec, size);
  const whole = /^(u?int|bool)/.test(spec.dtype ?? "");
  for (let index = 0; index < size; index += 1) {
    const value = element(index);
    data[index] = whole ? Math.trunc(value) : value;
  }
  return tensor(spec.shape, data);
}

function elementOf(spec: GeneratorSpec, size: number): (index: number) => number {
  const seed = spec.seed ?? 0;
  const [width = 1] = spec.shape.slice(-1);
  const height = spec.shape.at(-2) ?? 1;
  switch (spec.kind) {
    case "unit":
      return (i) => unit(i, seed);
    case "signed":
      return (i) => 2 * unit(i, seed) - 1;
    case "wide":
      return (i) => 3 * unit(i, seed) - 1;
    case "u8":
      return (i) => Math.floor(256 * unit(i, seed)) / 255;
    case "normal":
      return (i) =>
        (unit(i, seed) + unit(i, seed + 1000) + unit(i, seed + 2000) + unit(i, seed + 3000) - 2) *
        1.7320508075688772;
    case "binary":
      return (i) => (unit(i, seed) >= 0.5 ? 1 : 0);
    case "steps": {
      const n = spec.n ?? 2;
      return (i) => Math.floor(unit(i, seed) * n) / (n - 1);
    }
    case "ramp":
      return (i) => i / Math.max(size - 1, 1);
    case "const":
      return () => spec.value ?? 0;
    case "data":
      return (i) => spec.values?.[i] ?? Number.NaN;
    case "rect": {
      const [x0, y0, x1, y1] = spec.rect ?? [0, 0, 0, 0];
      return (i) => {
        const x = i % width;
        const y = Math.floor(i / width) % height;
        return x0 <= x && x < x1 && y0 <= y && y < y1 ? 1 : 0;
      };
    }
    case "grad": {
      const [, h = 1, w = 1, channels = 1] = spec.shape;
      return (i) => {
        const c = i % channels;
        const x = Math.floor(i / channels) % w;
        const y = Math.floor(i / (channels * w)) % h;
        const b = Math.floor(i / (channels * w * h));
        return ((x * (c + 1) + y * (3 + c) + b * 7) % 17) / 16;
      };
    }
    default:
      throw new RangeError(`unknown generator kind ${spec.kind}`);
  }
}
