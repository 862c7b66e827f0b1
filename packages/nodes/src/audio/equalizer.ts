/** Second-order filters of R. Bristow-Johnson's "Audio EQ Cookbook". */
import type { Tensor } from "../sdk/tensor.ts";
import { buildWave, channelData, waveShape } from "./waveform.ts";

/** Numerator b and denominator a, divided by a0. */
export interface Biquad {
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly a1: number;
  readonly a2: number;
}

interface Band {
  /** Hz */
  readonly frequency: number;
  /** dB */
  readonly gain: number;
  readonly q: number;
  /** Hz */
  readonly rate: number;
}

// Every step is rounded to float32, as torchaudio computes it: near a pole of a low shelf the rounding of the
// coefficients changes the sound by more than the tolerance of the recordings.
const f = Math.fround;

function terms({ frequency, gain, q, rate }: Band): { amplitude: number; cosine: number; alpha: number } {
  const angle = f(f(f(2 * Math.PI) * f(frequency)) / f(rate));
  return {
    amplitude: f(Math.exp(f(f(f(gain) / 40) * f(Math.LN10)))),
    cosine: f(Math.cos(angle)),
    alpha: f(f(f(Math.sin(angle)) / 2) / f(q)),
  };
}

function normalised(b0: number, b1: number, b2: number, a0: number, a1: number, a2: number): Biquad {
  return { b0: f(b0 / a0), b1: f(b1 / a0), b2: f(b2 / a0), a1: f(a1 / a0), a2: f(a2 / a0) };
}

export function peaking(band: Band): Biquad {
  const { amplitude, cosine, alpha } = terms(band);
  const [up, down] = [f(alpha * amplitude), f(alpha / amplitude)];
  const middle = f(-2 * cosine);
  return normalised(f(1 + up), middle, f(1 - up), f(1 + down), middle, f(1 - down));
}

/** `low` lifts what is below the frequency, else what is above. */
export function shelf(band: Band, low: boolean): Biquad {
  const { amplitude, cosine, alpha } = terms(band);
  const sign = low ? 1 : -1;
  const slope = f(f(2 * f(Math.sqrt(amplitude))) * alpha);
  const [plus, minus] = [f(amplitude + 1), f(amplitude - 1)];
  const inner = sign * f(minus * cosine);
  const outer = sign * f(plus * cosine);
  return normalised(
    f(amplitude * f(f(plus - inner) + slope)),
    sign * f(f(2 * amplitude) * f(minus - outer)),
    f(amplitude * f(f(plus - inner) - slope)),
    f(f(plus + inner) + slope),
    sign * f(-2 * f(minus + outer)),
    f(f(plus + inner) - slope),
  );
}

/** Runs the filter over every channel from rest; the result is clamped to ±1. */
export function filterWave(waveform: Tensor, { b0, b1, b2, a1, a2 }: Biquad): Tensor {
  return buildWave(waveShape(waveform), (out, item, channel) => {
    const source = channelData(waveform, item, channel);
    let [x1, x2, y1, y2] = [0, 0, 0, 0];
    for (let i = 0; i < source.length; i++) {
      const x = source[i] as number;
      const fir = f(f(f(b2 * x2) + f(b1 * x1)) + f(b0 * x));
      const y = f(f(fir - f(a2 * y2)) - f(a1 * y1));
      out[i] = Math.max(-1, Math.min(1, y));
      x2 = x1;
      x1 = x;
      y2 = y1;
      y1 = y;
    }
  });
}
