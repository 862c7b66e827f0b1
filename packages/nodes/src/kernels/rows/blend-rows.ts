/** Blend modes of two pictures of one size, in float32 as torch computes them. */

export interface BlendArgs {
  readonly [key: string]: number | string | Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
  readonly out: Float32Array;
  /** values per row */
  readonly length: number;
  /** rows of `second`; they repeat when `first` has more (a batch of one) */
  readonly secondRows: number;
  /** share of the blended picture */
  readonly factor: number;
  readonly mode: string;
}

const f = Math.fround;

export function blendRows(
  { first, second, out, length, secondRows, factor, mode }: BlendArgs,
  from: number,
  to: number,
): void {
  const blend = blendOf(mode);
  const share = f(factor);
  const rest = f(1 - factor);
  for (let row = from; row < to; row += 1) {
    const other = (row % secondRows) * length;
    for (let i = 0; i < length; i += 1) {
      const a = first[row * length + i]!;
      const value = f(f(a * rest) + f(blend(a, second[other + i]!) * share));
      out[row * length + i] = value <= 0 ? 0 : value >= 1 ? 1 : value;
    }
  }
}

function blendOf(mode: string): (a: number, b: number) => number {
  switch (mode) {
    case "normal":
      return (_a, b) => b;
    case "multiply":
      return (a, b) => f(a * b);
    case "screen":
      return screen;
    case "overlay":
      return (a, b) => (a <= 0.5 ? f(f(2 * a) * b) : f(1 - f(f(2 * f(1 - a)) * f(1 - b))));
    case "soft_light":
      return softLight;
    case "difference":
      return (a, b) => f(a - b);
    default:
      throw new RangeError(`Unsupported blend mode: ${mode}`);
  }
}

function screen(a: number, b: number): number {
  return f(1 - f(f(1 - a) * f(1 - b)));
}

/** The formula of W3C Compositing and Blending Level 1, with the roles of the pictures as ComfyUI gives them. */
function softLight(a: number, b: number): number {
  if (b <= 0.5) return f(a - f(f(f(1 - f(2 * b)) * a) * f(1 - a)));
  const curve = a <= 0.25 ? f(f(f(f(f(16 * a) - 12) * a) + 4) * a) : f(Math.sqrt(a));
  return f(a + f(f(f(2 * b) - 1) * f(curve - a)));
}
