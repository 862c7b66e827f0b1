/** Mixing the directions and the lengths of channel vectors apart. */
import { floats, type Tensor, tensor } from "../sdk/index.ts";

/**
 * Normalises both tensors over their channels (axis 1), mixes the directions `ratio · a + (1 − ratio) · b`, normalises
 * again, and gives the result the mixed length. Both have the same shape.
 */
export function directionalMix(a: Tensor, b: Tensor, ratio: number): Tensor {
  const [batch = 1, channels = 1] = a.shape;
  const cells = a.data.length / (batch * channels);
  const data = floats(a.data.length);
  const mixed = new Float64Array(channels);
  for (let item = 0; item < batch; item += 1) {
    for (let cell = 0; cell < cells; cell += 1) {
      const at = (channel: number): number => (item * channels + channel) * cells + cell;
      const lengthA = norm(channels, (channel) => a.data[at(channel)] ?? 0);
      const lengthB = norm(channels, (channel) => b.data[at(channel)] ?? 0);
      for (let channel = 0; channel < channels; channel += 1) {
        const x = lengthA === 0 ? 0 : (a.data[at(channel)] ?? 0) / lengthA;
        const y = lengthB === 0 ? 0 : (b.data[at(channel)] ?? 0) / lengthB;
        mixed[channel] = x * ratio + y * (1 - ratio);
      }
      const length = norm(channels, (channel) => mixed[channel] ?? 0);
      const scale = length === 0 ? 0 : (lengthA * ratio + lengthB * (1 - ratio)) / length;
      for (let channel = 0; channel < channels; channel += 1)
        data[at(channel)] = (mixed[channel] ?? 0) * scale;
    }
  }
  return tensor(a.shape, data);
}

function norm(length: number, value: (index: number) => number): number {
  let sum = 0;
  for (let index = 0; index < length; index += 1) sum += value(index) ** 2;
  return Math.sqrt(sum);
}
