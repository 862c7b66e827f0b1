/** Curves: a function from 0…1 to values, through given points. */
import { NodeError } from "../sdk/index.ts";

export interface Curve {
  /** name of the class of curves, as ComfyUI calls it */
  readonly kind: "MonotoneCubicCurve" | "LinearCurve";
  /** sorted by x */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** The value at `x`; constant outside of the first and last point. */
  sample(x: number): number;
}

/**
 * Builds a curve through points.
 * @param interpolation `linear`, or `monotone_cubic`: Hermite pieces whose slopes never overshoot (Fritsch and Carlson,
 * SIAM J. Numer. Anal. 17, 1980)
 */
export function makeCurve(given: readonly (readonly [number, number])[], interpolation: string): Curve {
  const points = given.toSorted((a, b) => a[0] - b[0]);
  if (points.length === 0) throw new NodeError("a curve needs points", "ValueError");
  if (interpolation === "linear") {
    return {
      kind: "LinearCurve",
      points,
      sample: (x) => onPiece(points, x, (t, from, to) => from[1] + (to[1] - from[1]) * t),
    };
  }
  if (interpolation !== "monotone_cubic")
    throw new NodeError(`Unknown curve interpolation: ${interpolation}`, "ValueError");
  const slopes = monotoneSlopes(points);
  return {
    kind: "MonotoneCubicCurve",
    points,
    sample: (x) =>
      onPiece(points, x, (t, from, to, piece) => {
        const width = to[0] - from[0];
        const t2 = t * t;
        const t3 = t2 * t;
        return (
          (2 * t3 - 3 * t2 + 1) * from[1] +
          (t3 - 2 * t2 + t) * width * (slopes[piece] ?? 0) +
          (-2 * t3 + 3 * t2) * to[1] +
          (t3 - t2) * width * (slopes[piece + 1] ?? 0)
        );
      }),
  };
}

type Point = readonly [number, number];

/** Finds the piece that holds `x` and evaluates it at its local position 0…1. */
function onPiece(
  points: readonly Point[],
  x: number,
  evaluate: (t: number, from: Point, to: Point, piece: number) => number,
): number {
  const first = points[0] ?? [0, 0];
  const last = points.at(-1) ?? first;
  if (x <= first[0]) return first[1];
  if (x >= last[0]) return last[1];
  const piece = points.findIndex((_, at) => x < (points[at + 1]?.[0] ?? Number.POSITIVE_INFINITY));
  const from = points[piece] ?? first;
  const to = points[piece + 1] ?? last;
  const width = to[0] - from[0];
  return evaluate(width === 0 ? 0 : (x - from[0]) / width, from, to, piece);
}

function monotoneSlopes(points: readonly Point[]): number[] {
  const secants = points.slice(1).map(([x, y], at) => {
    const [px, py] = points[at] ?? [0, 0];
    return x === px ? 0 : (y - py) / (x - px);
  });
  const slopes = points.map((_, at) => {
    const before = secants[at - 1];
    const after = secants[at];
    if (before === undefined || after === undefined) return before ?? after ?? 0;
    return before * after <= 0 ? 0 : (before + after) / 2;
  });
  secants.forEach((secant, at) => {
    if (secant === 0) {
      slopes[at] = 0;
      slopes[at + 1] = 0;
      return;
    }
    const a = (slopes[at] ?? 0) / secant;
    const b = (slopes[at + 1] ?? 0) / secant;
    const length = a * a + b * b;
    if (length > 9) {
      const scale = 3 / Math.sqrt(length);
      slopes[at] = scale * a * secant;
      slopes[at + 1] = scale * b * secant;
    }
  });
  return slopes;
}
