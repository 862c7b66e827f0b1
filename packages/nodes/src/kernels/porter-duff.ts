/**
 * Compositing operators of Porter and Duff (SIGGRAPH 1984) and blend modes on premultiplied colours.
 * S, D are premultiplied colours, s, d alphas.
 */
import { floats, type Image, type Mask, tensor } from "../sdk/index.ts";

type Operator = {
  readonly colour: (S: number, D: number, s: number, d: number) => number;
  readonly alpha: (s: number, d: number) => number;
};

const union = (s: number, d: number): number => s + d - s * d;

const OPERATORS = {
  ADD: { colour: (S, D) => clamp(S + D), alpha: (s, d) => clamp(s + d) },
  CLEAR: { colour: () => 0, alpha: () => 0 },
  DARKEN: { colour: (S, D, s, d) => (1 - d) * S + (1 - s) * D + Math.min(S, D), alpha: union },
  DST: { colour: (_S, D) => D, alpha: (_s, d) => d },
  DST_ATOP: { colour: (S, D, s, d) => s * D + (1 - d) * S, alpha: (s) => s },
  DST_IN: { colour: (_S, D, s) => D * s, alpha: (s, d) => s * d },
  DST_OUT: { colour: (_S, D, s) => (1 - s) * D, alpha: (s, d) => (1 - s) * d },
  DST_OVER: { colour: (S, D, _s, d) => D + (1 - d) * S, alpha: (s, d) => d + (1 - d) * s },
  LIGHTEN: { colour: (S, D, s, d) => (1 - d) * S + (1 - s) * D + Math.max(S, D), alpha: union },
  MULTIPLY: { colour: (S, D) => S * D, alpha: (s, d) => s * d },
  OVERLAY: { colour: (S, D, s, d) => (2 * D < d ? 2 * S * D : s * d - 2 * (d - S) * (s - D)), alpha: union },
  SCREEN: { colour: (S, D) => S + D - S * D, alpha: union },
  SRC: { colour: (S) => S, alpha: (s) => s },
  SRC_ATOP: { colour: (S, D, s, d) => d * S + (1 - s) * D, alpha: (_s, d) => d },
  SRC_IN: { colour: (S, _D, _s, d) => S * d, alpha: (s, d) => s * d },
  SRC_OUT: { colour: (S, _D, _s, d) => (1 - d) * S, alpha: (s, d) => (1 - d) * s },
  SRC_OVER: { colour: (S, D, s) => S + (1 - s) * D, alpha: (s, d) => s + (1 - s) * d },
  XOR: { colour: (S, D, s, d) => (1 - d) * S + (1 - s) * D, alpha: (s, d) => (1 - d) * s + (1 - s) * d },
} as const satisfies Record<string, Operator>;

export type PorterDuffMode = keyof typeof OPERATORS;
export const PORTER_DUFF_MODES = Object.keys(OPERATORS) as PorterDuffMode[];

function clamp(value: number): number {
  return value <= 0 ? 0 : value >= 1 ? 1 : value;
}

/**
 * Composites pictures of one size, pair by pair up to the smallest batch. Masks are 1 where a picture is hidden; so is
 * the one that comes back.
 */
export function porterDuff(
  source: Image,
  sourceHidden: Mask,
  destination: Image,
  destinationHidden: Mask,
  mode: PorterDuffMode,
): { image: Image; hidden: Mask } {
  const [, height = 1, width = 1, channels = 3] = destination.shape;
  const batch = Math.min(
    ...[source, sourceHidden, destination, destinationHidden].map(({ shape }) => shape[0] ?? 1),
  );
  const { colour, alpha }: Operator = OPERATORS[mode];
  const pixels = batch * height * width;
  const data = floats(pixels * channels);
  const hidden = floats(pixels);
  const f = Math.fround;
  for (let i = 0; i < pixels; i += 1) {
    const s = f(1 - sourceHidden.data[i]!);
    const d = f(1 - destinationHidden.data[i]!);
    const covered = alpha(s, d);
    hidden[i] = 1 - covered;
    for (let c = i * channels; c < (i + 1) * channels; c += 1) {
      const mixed = colour(f(source.data[c]! * s), f(destination.data[c]! * d), s, d);
      data[c] = covered > 1e-5 ? clamp(mixed / covered) : 0;
    }
  }
  return {
    image: tensor([batch, height, width, channels], data),
    hidden: tensor([batch, height, width], hidden),
  };
}
