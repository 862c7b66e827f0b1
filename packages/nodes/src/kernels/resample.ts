/** Resizing of pictures (section 7.2): half-pixel centres, no antialiasing except lanczos. */
import { floats, NodeError, type Tensor, tensor } from "../sdk/index.ts";
import { roundHalfEven } from "../text/exact-decimal.ts";
import { lanczosAxis } from "./lanczos.ts";
import { runRows } from "./pool.ts";

export const RESAMPLING = ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"] as const;
export type Resampling = (typeof RESAMPLING)[number];
export type Crop = "disabled" | "center";

const f = Math.fround;

/** The part of an axis that is resized. */
interface Span {
  readonly from: number;
  readonly length: number;
}

/** Output i is Σ weights[i·taps + k] · input[first[i] + k]. */
export interface Axis {
  readonly taps: number;
  readonly first: Int32Array;
  readonly weights: Float64Array;
}

/**
 * Resizes `[b,h,w,c]` to `[b,height,width,c]`.
 * @param crop `center` cuts the longer side first, so that the proportions stay
 * @throws NodeError when a side is empty
 */
export function resizeImage(
  image: Tensor,
  width: number,
  height: number,
  method: Resampling,
  crop: Crop = "disabled",
): Tensor {
  const [batch = 1, h = 1, w = 1, channels = 1] = image.shape;
  const { columns, rows } = keptRegion(w, h, width, height, crop);
  // An average over nothing is fine as long as nobody asks for it.
  if (method === "area" && (width === 0 || height === 0)) return tensor([batch, height, width, channels]);
  if (width < 1 || height < 1 || columns.length < 1 || rows.length < 1) {
    throw new NodeError(
      `Input and output sizes should be greater than 0, but got input (H: ${rows.length}, W: ${columns.length}) output (H: ${height}, W: ${width})`,
      method === "lanczos" ? "ValueError" : "RuntimeError",
    );
  }
  if (w === width && h === height && method !== "lanczos") return image;
  const out = floats(batch * height * width * channels);
  const sizes = { source: image.data, out, sourceWidth: w, sourceHeight: h, channels, width, height };
  if (method === "nearest-exact") {
    const args = { ...sizes, columns: nearestAxis(columns, width), lines: nearestAxis(rows, height) };
    runRows("nearest", args, batch * height);
  } else if (method === "lanczos") {
    const across = lanczosAxis(columns.from, columns.length, width);
    const down = lanczosAxis(rows.from, rows.length, height);
    const args = {
      ...sizes,
      columnTaps: across.taps,
      columnFirst: across.first,
      columnCount: across.count,
      columnWeights: across.weights,
      rowTaps: down.taps,
      rowFirst: down.first,
      rowCount: down.count,
      rowWeights: down.weights,
    };
    runRows("lanczos", args, batch * height);
  } else {
    const across = filterAxis(columns, width, method);
    const down = filterAxis(rows, height, method);
    const args = {
      ...sizes,
      columnTaps: across.taps,
      columnFirst: across.first,
      columnWeights: across.weights,
      rowTaps: down.taps,
      rowFirst: down.first,
      rowWeights: down.weights,
    };
    runRows("resample", args, batch * height);
  }
  return tensor([batch, height, width, channels], out);
}

/** The same for `[b,h,w]`. */
export function resizeMask(
  mask: Tensor,
  width: number,
  height: number,
  method: Resampling,
  crop: Crop = "disabled",
): Tensor {
  const [h = 1, w = 1] = mask.shape.slice(-2);
  const batch = mask.data.length / Math.max(h * w, 1);
  const resized = resizeImage(tensor([batch, h, w, 1], mask.data), width, height, method, crop);
  return tensor([...mask.shape.slice(0, -2), height, width], resized.data);
}

function keptRegion(
  w: number,
  h: number,
  width: number,
  height: number,
  crop: Crop,
): { columns: Span; rows: Span } {
  const columns = { from: 0, length: w };
  const rows = { from: 0, length: h };
  if (crop === "center") {
    const aspect = w / h;
    const wanted = width / height;
    if (aspect > wanted) {
      const x = roundHalfEven((w - w * (wanted / aspect)) / 2);
      return { columns: { from: x, length: w - 2 * x }, rows };
    }
    if (aspect < wanted) {
      const y = roundHalfEven((h - h * (aspect / wanted)) / 2);
      return { columns, rows: { from: y, length: h - 2 * y } };
    }
  }
  return { columns, rows };
}

function nearestAxis({ from, length }: Span, size: number): Int32Array {
  const scale = f(length / size);
  return Int32Array.from(
    { length: size },
    (_, i) => from + Math.min(Math.floor(f(f(i + 0.5) * scale)), length - 1),
  );
}

/** Taps per output position before border handling: `[input index, weight]`. */
type Taps = [index: number, weight: number][];

function filterAxis(span: Span, size: number, method: "bilinear" | "bicubic" | "area"): Axis {
  const all = Array.from({ length: size }, (_, i) =>
    method === "area" ? areaTaps(i, span.length, size) : interpolationTaps(i, span.length, size, method),
  );
  return packedAxis(all, span);
}

/** Puts taps into windows of one length inside the span; taps beyond the border count for the border. */
function packedAxis(all: readonly Taps[], { from, length }: Span): Axis {
  const clamp = (index: number): number => Math.min(Math.max(index, 0), length - 1);
  let taps = 1;
  for (const one of all) taps = Math.max(taps, Math.min(one.length, length));
  const first = new Int32Array(all.length);
  const weights = new Float64Array(all.length * taps);
  for (const [i, one] of all.entries()) {
    const start = Math.min(clamp(one[0]?.[0] ?? 0), length - taps);
    first[i] = from + start;
    for (const [index, weight] of one) {
      const at = i * taps + clamp(index) - start;
      weights[at] = (weights[at] ?? 0) + weight;
    }
  }
  return { taps, first, weights };
}

function areaTaps(i: number, length: number, size: number): Taps {
  const start = Math.floor((i * length) / size);
  const end = Math.ceil(((i + 1) * length) / size);
  return Array.from({ length: end - start }, (_, k) => [start + k, 1 / (end - start)]);
}

function interpolationTaps(i: number, length: number, size: number, method: "bilinear" | "bicubic"): Taps {
  const scale = f(length / size);
  const centre = f(f(f(i + 0.5) * scale) - 0.5);
  if (method === "bilinear") {
    const source = Math.max(centre, 0);
    const low = Math.min(Math.floor(source), length - 1);
    const rest = f(source - low);
    return [
      [low, f(1 - rest)],
      [low + 1, rest],
    ];
  }
  const low = Math.floor(centre);
  const t = f(centre - low);
  return [
    [low - 1, farCubic(f(t + 1))],
    [low, nearCubic(t)],
    [low + 1, nearCubic(f(1 - t))],
    [low + 2, farCubic(f(f(1 - t) + 1))],
  ];
}

/** The cubic convolution kernel of Keys (1981) with A = −0.75, for distances up to 1 and from 1 to 2. */
const A = -0.75;
function nearCubic(x: number): number {
  return ((A + 2) * x - (A + 3)) * x * x + 1;
}
function farCubic(x: number): number {
  return ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
}
