/** Gaussian blur and unsharp masking of pictures. */
import { floats, NodeError, type Tensor, tensor } from "../sdk/index.ts";
import { runRows } from "./pool.ts";

/**
 * One axis of the Gaussian kernel of 2·radius + 1 taps, sum 1. The taps lie on −1…1, so sigma counts half-kernels;
 * the square of two such axes is the kernel of the node, which is normalised as a whole.
 */
export function gaussianAxis(radius: number, sigma: number): Float64Array {
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, k) => {
    const x = k / radius - 1;
    return Math.exp(-(x * x) / (2 * sigma * sigma));
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Gaussian blur of `[b,h,w,c]` with mirrored borders, not clamped. @throws NodeError when the radius exceeds a side */
export function blurImage(image: Tensor, radius: number, sigma: number): Tensor {
  return convolve(image, gaussianAxis(radius, sigma), -1);
}

/** picture + 10·alpha·(picture − blurred), held in 0…1. */
export function sharpenImage(image: Tensor, radius: number, sigma: number, alpha: number): Tensor {
  return convolve(image, gaussianAxis(radius, sigma), 10 * alpha);
}

function convolve(image: Tensor, weights: Float64Array, sharpening: number): Tensor {
  const [batch = 1, height = 1, width = 1, channels = 1] = image.shape;
  const radius = (weights.length - 1) / 2;
  if (radius >= height || radius >= width) {
    throw new NodeError(
      `Padding size should be less than the corresponding input dimension, but got: padding ${radius} for a picture of ${width}x${height}`,
      "RuntimeError",
    );
  }
  const out = floats(image.data.length);
  runRows(
    "convolve",
    { source: image.data, out, width, height, channels, weights, sharpening },
    batch * height,
  );
  return tensor(image.shape, out);
}
