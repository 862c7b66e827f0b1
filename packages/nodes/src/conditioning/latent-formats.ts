/** What a model takes for latents: `process_in = (x − shift) · scale`, also per channel (section 8.7). */
import { floats, NodeError, sizeOf, type Tensor, tensor } from "../sdk/index.ts";
import { mapValues } from "../latent/axes.ts";

interface LatentFormat {
  readonly shift: readonly number[];
  readonly scale: readonly number[];
}

/** `latents_mean` and `latents_std` of the Wan 2.1 VAE, which Qwen Image shares. */
const WAN_MEAN = [
  -0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508, 0.4134, -0.0715, 0.5517, -0.3632,
  -0.1922, -0.9497, 0.2503, -0.2921,
];
const WAN_DEVIATION = [
  2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743, 3.2687, 2.1526, 2.8652, 1.5579, 1.6382,
  1.1253, 2.8251, 1.916,
];

const FORMATS: Readonly<Record<string, LatentFormat>> = {
  flux: { shift: [0.1159], scale: [0.3611] },
  sd3: { shift: [0.0609], scale: [1.5305] },
  sdxl: { shift: [0], scale: [0.13025] },
  qwenimage: { shift: WAN_MEAN, scale: WAN_DEVIATION.map((deviation) => 1 / deviation) },
};

/**
 * Brings latents `[b,c,h,w]` of the VAE into the range that the model of a format works in.
 *
 * Formats with a shift per channel are made for clips `[b,c,t,h,w]`, of which the first frame is kept. A picture without
 * a time axis is broadcast against the channels by the reference: every channel of its result comes from channel 0 of
 * the picture. Recorded so, and kept, because images must not differ between the servers.
 */
export function processIn(samples: Tensor, format: string): Tensor {
  const { shift, scale } = FORMATS[format] ?? { shift: [0], scale: [1] };
  if (shift.length === 1) {
    const [offset = 0, factor = 1] = [shift[0], scale[0]];
    return mapValues(samples, (value) => (value - offset) * factor);
  }
  const [batch = 1, channels = 1] = samples.shape;
  const isClip = samples.shape.length > 4;
  if (isClip && shift.length !== channels) {
    throw new NodeError(
      `latents of ${format} have ${shift.length} channels, not ${channels}`,
      "RuntimeError",
    );
  }
  const size = samples.shape.slice(-2);
  const plane = sizeOf(size);
  const stride = sizeOf(samples.shape.slice(2));
  const data = floats(batch * shift.length * plane);
  for (let index = 0; index < data.length; index += 1) {
    const item = Math.floor(index / (plane * shift.length));
    const channel = Math.floor(index / plane) % shift.length;
    const from = (item * channels + (isClip ? channel : 0)) * stride + (index % plane);
    data[index] = ((samples.data[from] ?? 0) - (shift[channel] ?? 0)) * (scale[channel] ?? 1);
  }
  return tensor([batch, shift.length, ...size], data);
}
