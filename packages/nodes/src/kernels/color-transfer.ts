/** Colour transfer between pictures (section 7.3). */
import { floats, type Image, tensor } from "../sdk/index.ts";
import { matchHistograms } from "./histogram-match.ts";
import { fromLab, toLab } from "./lab.ts";
import { identity3, multiply3, squareRoot3 } from "./symmetric3.ts";

export type ColorMethod = "reinhard_lab" | "mkl_lab" | "histogram";
/** Statistics of each frame, of all frames together, or of the frame with this index. */
export type SourceStatistics = "per_frame" | "uniform" | number;

/**
 * Moves the colours of `target` towards those of `reference`, both `[b,h,w,3+]`; the result has the target's shape and
 * lies in 0…1. A reference of as many frames is matched frame by frame, else its first frame counts.
 */
export function colorTransfer(
  target: Image,
  reference: Image,
  method: ColorMethod,
  statistics: SourceStatistics,
  strength: number,
): Image {
  const [batch = 1, height = 1, width = 1, channels = 3] = target.shape;
  const [referenceBatch = 1, referenceHeight = 1, referenceWidth = 1, referenceChannels = 3] =
    reference.shape;
  const size = height * width;
  const data = floats(target.data.length);
  data.set(target.data);
  for (let b = 0; b < batch; b += 1) {
    const [first, frames] =
      statistics === "uniform"
        ? [0, batch]
        : [statistics === "per_frame" ? b : Math.min(statistics, batch - 1), 1];
    const referenceFrame = Math.min(b, referenceBatch - 1);
    const source = { image: target.data, from: first * size * channels, pixels: frames * size, channels };
    const wanted = {
      image: reference.data,
      from: referenceFrame * referenceHeight * referenceWidth * referenceChannels,
      pixels: referenceHeight * referenceWidth,
      channels: referenceChannels,
    };
    const moved =
      method === "histogram"
        ? matchHistograms(target.data, b * size * channels, size, channels, source, wanted, strength)
        : labTransfer(
            toLab(target.data, b * size * channels, size, channels),
            source,
            wanted,
            method,
            strength,
          );
    for (let i = 0; i < size; i += 1) {
      for (let c = 0; c < 3; c += 1) {
        const at = (b * size + i) * channels + c;
        data[at] = Math.min(Math.max(moved[i * 3 + c]!, 0), 1);
      }
    }
  }
  return tensor(target.shape, data);
}

/** Pixels of a picture that statistics are taken from. */
export interface Sample {
  readonly image: Float32Array;
  readonly from: number;
  readonly pixels: number;
  readonly channels: number;
}

interface Moments {
  readonly mean: Float64Array;
  /** 3 × 3, row by row */
  readonly covariance: Float64Array;
}

/** The strength counts in Lab, before the way back. */
function labTransfer(
  lab: Float64Array,
  source: Sample,
  wanted: Sample,
  method: "reinhard_lab" | "mkl_lab",
  strength: number,
): Float64Array {
  const have = moments(toLab(source.image, source.from, source.pixels, source.channels));
  const want = moments(toLab(wanted.image, wanted.from, wanted.pixels, wanted.channels));
  const map = method === "mkl_lab" ? mongeKantorovich(have.covariance, want.covariance) : scaling(have, want);
  const out = new Float64Array(lab.length);
  for (let i = 0; i < lab.length; i += 3) {
    const d = [0, 1, 2].map((c) => lab[i + c]! - have.mean[c]!) as [number, number, number];
    const [l, a, b] = [0, 1, 2].map((row) => {
      const to = map[row * 3]! * d[0] + map[row * 3 + 1]! * d[1] + map[row * 3 + 2]! * d[2] + want.mean[row]!;
      return lab[i + row]! + (to - lab[i + row]!) * strength;
    }) as [number, number, number];
    out.set(fromLab(l, a, b), i);
  }
  return out;
}

function moments(lab: Float64Array): Moments {
  const pixels = lab.length / 3;
  const mean = new Float64Array(3);
  for (let i = 0; i < lab.length; i += 1) mean[i % 3] = mean[i % 3]! + lab[i]! / pixels;
  const covariance = new Float64Array(9);
  for (let i = 0; i < lab.length; i += 3) {
    for (let row = 0; row < 3; row += 1) {
      for (let column = 0; column < 3; column += 1) {
        covariance[row * 3 + column] =
          covariance[row * 3 + column]! +
          ((lab[i + row]! - mean[row]!) * (lab[i + column]! - mean[column]!)) / pixels;
      }
    }
  }
  return { mean, covariance };
}

/** Channel by channel (Reinhard et al., IEEE CG&A 2001). */
function scaling(have: Moments, want: Moments): Float64Array {
  const map = new Float64Array(9);
  for (let c = 0; c < 3; c += 1) {
    map[c * 4] =
      Math.max(Math.sqrt(want.covariance[c * 4]!), 1e-6) / Math.max(Math.sqrt(have.covariance[c * 4]!), 1e-6);
  }
  return map;
}

/** The linear map of least cost that turns one covariance into the other (Pitié and Kokaram, CVMP 2007). */
function mongeKantorovich(have: Float64Array, want: Float64Array): Float64Array {
  const root = squareRoot3(have, 0.5);
  const inverse = squareRoot3(have, -0.5);
  const middle = squareRoot3(multiply3(multiply3(root, want), root), 0.5);
  return have.every((value) => value === 0) ? identity3() : multiply3(multiply3(inverse, middle), inverse);
}
