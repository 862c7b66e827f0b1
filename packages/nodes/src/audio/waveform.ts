/** Arithmetic on waveforms `[batch, channels, samples]`. */
import { NodeError } from "@hearth/engine";
import { type Audio, floats, type Tensor, tensor } from "../sdk/tensor.ts";

export interface WaveShape {
  readonly batch: number;
  readonly channels: number;
  readonly samples: number;
}

/** @throws NodeError when it is no waveform */
export function waveShape(waveform: Tensor): WaveShape {
  const [batch, channels, samples] = waveform.shape;
  if (waveform.shape.length !== 3 || batch === undefined || channels === undefined || samples === undefined) {
    throw new NodeError(
      `expected a waveform [batch, channels, samples], got [${waveform.shape.join(", ")}]`,
      "ValueError",
    );
  }
  return { batch, channels, samples };
}

/** The samples of one channel, without copying. */
export function channelData(waveform: Tensor, item: number, channel: number): Float32Array {
  const { channels, samples } = waveShape(waveform);
  const start = (item * channels + channel) * samples;
  return waveform.data.subarray(start, start + samples);
}

/** A new waveform, filled channel by channel; `fill` gets zeros. */
export function buildWave(
  shape: WaveShape,
  fill: (to: Float32Array, item: number, channel: number) => void,
): Tensor {
  const { batch, channels, samples } = shape;
  const data = floats(batch * channels * samples);
  for (let item = 0, at = 0; item < batch; item++) {
    for (let channel = 0; channel < channels; channel++, at += samples) {
      fill(data.subarray(at, at + samples), item, channel);
    }
  }
  return tensor([batch, channels, samples], data);
}

/** Samples `start…end−1` of every channel. */
export function sliceWave(waveform: Tensor, start: number, end: number): Tensor {
  return buildWave({ ...waveShape(waveform), samples: end - start }, (to, item, channel) =>
    to.set(channelData(waveform, item, channel).subarray(start, end)),
  );
}

/** Mono as two equal channels; anything else as it is. */
export function asStereo(waveform: Tensor): Tensor {
  const shape = waveShape(waveform);
  if (shape.channels !== 1) return waveform;
  return buildWave({ ...shape, channels: 2 }, (to, item) => to.set(channelData(waveform, item, 0)));
}

/** Both waveforms at the higher of their rates. */
export function matchRates(first: Audio, second: Audio): { first: Tensor; second: Tensor; rate: number } {
  const rate = Math.max(first.sample_rate, second.sample_rate);
  const at = ({ waveform, sample_rate }: Audio): Tensor => resample(waveform, sample_rate, rate);
  return { first: at(first), second: at(second), rate };
}

const ZERO_CROSSINGS = 6;
const ROLLOFF = 0.99;

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/**
 * Band-limited interpolation with a Hann-windowed sinc of 6 zero crossings and a roll-off of 0.99
 * (J. O. Smith, "Digital Audio Resampling Home Page"), which is torchaudio's default.
 */
export function resample(waveform: Tensor, from: number, to: number): Tensor {
  if (from === to) return waveform;
  const divisor = greatestDivisor(from, to);
  const step = from / divisor;
  const phases = to / divisor;
  const base = Math.min(step, phases) * ROLLOFF;
  const width = Math.ceil((ZERO_CROSSINGS * step) / base);
  const taps = 2 * width + step;
  const kernels = Array.from({ length: phases }, (_, phase) =>
    Float32Array.from({ length: taps }, (_unused, tap) => sincTap(tap - width, phase, base, step, phases)),
  );
  const shape = waveShape(waveform);
  const samples = Math.ceil((phases * shape.samples) / step);
  return buildWave({ ...shape, samples }, (out, item, channel) => {
    const source = channelData(waveform, item, channel);
    for (let i = 0; i < samples; i++) {
      const kernel = kernels[i % phases] as Float32Array;
      const start = Math.floor(i / phases) * step - width;
      let sum = 0;
      for (let tap = Math.max(0, -start); tap < taps && start + tap < source.length; tap++) {
        sum += (kernel[tap] as number) * (source[start + tap] as number);
      }
      out[i] = sum;
    }
  });
}

/** The taps are computed in float32, step by step, as torchaudio does: in double they would differ by 2e-6. */
function sincTap(tap: number, phase: number, base: number, step: number, phases: number): number {
  const f = Math.fround;
  const position = f(f(-phase / phases) + f(tap / step));
  const t = Math.max(-ZERO_CROSSINGS, Math.min(ZERO_CROSSINGS, f(position * f(base))));
  const pi = f(Math.PI);
  const cosine = f(Math.cos(f(f(f(t * pi) / ZERO_CROSSINGS) / 2)));
  const window = f(cosine * cosine);
  const angle = f(t * pi);
  const sinc = angle === 0 ? 1 : f(f(Math.sin(angle)) / angle);
  return sinc * f(window * f(base / step));
}

/** Python's `round`: half to even. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
