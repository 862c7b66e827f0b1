/** Resizing, turning and cutting latents. */
import { combo, defineNode, float, int, latent } from "../sdk/index.ts";
import { roundHalfEven } from "../text/exact-decimal.ts";
import { flipAlong, sliceAlong, swapAxes } from "./axes.ts";
import { withSamples } from "./match.ts";
import { commonUpscale } from "./resize.ts";

export const latentUpscale = defineNode({
  name: "LatentUpscale",
  api: "v1",
  displayName: "Upscale Latent",
  category: "model/latent",
  description: "Resizes a latent to a size in pixels; 0 keeps the proportions.",
  inputs: {
    samples: latent(),
    upscale_method: combo(["nearest-exact", "bilinear", "area", "bicubic", "bislerp"]),
    width: int({ default: 512, min: 0, max: 16384, step: 8 }),
    height: int({ default: 512, min: 0, max: 16384, step: 8 }),
    crop: combo(["disabled", "center"]),
  },
  outputs: ["LATENT"],
  searchAliases: ["enlarge latent", "resize latent"],
  execute: ({ samples, upscale_method, width, height, crop }) => {
    if (width === 0 && height === 0) return [samples];
    const [h = 1, w = 1] = samples.samples.shape.slice(-2);
    const wide = Math.max(64, width === 0 ? roundHalfEven((w * height) / h) : width);
    const high = Math.max(64, height === 0 ? roundHalfEven((h * width) / w) : height);
    const resized = commonUpscale(
      samples.samples,
      Math.floor(wide / 8),
      Math.floor(high / 8),
      upscale_method,
      crop,
    );
    return [withSamples(samples, resized)];
  },
});

export const latentUpscaleBy = defineNode({
  name: "LatentUpscaleBy",
  api: "v1",
  displayName: "Upscale Latent By",
  category: "model/latent",
  description: "Resizes a latent by a factor.",
  inputs: {
    samples: latent(),
    upscale_method: combo(["nearest-exact", "bilinear", "area", "bicubic", "bislerp"]),
    scale_by: float({ default: 1.5, min: 0.01, max: 8, step: 0.01 }),
  },
  outputs: ["LATENT"],
  searchAliases: ["enlarge latent", "resize latent", "scale latent"],
  execute: ({ samples, upscale_method, scale_by }) => {
    const [h = 1, w = 1] = samples.samples.shape.slice(-2);
    const [wide, high] = [roundHalfEven(w * scale_by), roundHalfEven(h * scale_by)];
    return [withSamples(samples, commonUpscale(samples.samples, wide, high, upscale_method, "disabled"))];
  },
});

export const latentRotate = defineNode({
  name: "LatentRotate",
  api: "v1",
  displayName: "Rotate Latent",
  category: "model/latent/transform",
  description: "Turns a latent clockwise.",
  inputs: { samples: latent(), rotation: combo(["none", "90 degrees", "180 degrees", "270 degrees"]) },
  outputs: ["LATENT"],
  execute: ({ samples, rotation }) => {
    const given = samples.samples;
    if (rotation === "90 degrees") return [withSamples(samples, swapAxes(flipAlong(given, 2), 2, 3))];
    if (rotation === "180 degrees") return [withSamples(samples, flipAlong(flipAlong(given, 2), 3))];
    return [rotation === "none" ? samples : withSamples(samples, swapAxes(flipAlong(given, 3), 2, 3))];
  },
});

export const latentFlip = defineNode({
  name: "LatentFlip",
  api: "v1",
  displayName: "Flip Latent",
  category: "model/latent/transform",
  description: "Mirrors a latent.",
  inputs: { samples: latent(), flip_method: combo(["x-axis: vertically", "y-axis: horizontally"]) },
  outputs: ["LATENT"],
  searchAliases: ["mirror latent"],
  execute: ({ samples, flip_method }) => {
    const axis = flip_method.startsWith("x") ? 2 : 3;
    return [withSamples(samples, flipAlong(samples.samples, axis))];
  },
});

export const latentCrop = defineNode({
  name: "LatentCrop",
  api: "v1",
  displayName: "Crop Latent",
  category: "model/latent/transform",
  description: "A rectangle of a latent, given in pixels.",
  inputs: {
    samples: latent(),
    width: int({ default: 512, min: 64, max: 16384, step: 8 }),
    height: int({ default: 512, min: 64, max: 16384, step: 8 }),
    x: int({ default: 0, min: 0, max: 16384, step: 8 }),
    y: int({ default: 0, min: 0, max: 16384, step: 8 }),
  },
  outputs: ["LATENT"],
  searchAliases: ["trim latent", "cut latent"],
  execute: ({ samples, width, height, x, y }) => {
    const [h = 1, w = 1] = samples.samples.shape.slice(-2);
    // At least eight cells stay, where there are as many.
    const left = Math.min(Math.floor(x / 8), w - 8);
    const top = Math.min(Math.floor(y / 8), h - 8);
    const rows = sliceAlong(samples.samples, 2, top, top + Math.floor(height / 8));
    return [withSamples(samples, sliceAlong(rows, 3, left, left + Math.floor(width / 8)))];
  },
});

export const trimVideoLatent = defineNode({
  name: "TrimVideoLatent",
  api: "schema",
  displayName: "Trim Video Latent",
  category: "model/latent",
  description: "Drops frames at the start.",
  pythonModule: "comfy_extras.nodes_wan",
  inputs: { samples: latent(), trim_amount: int({ default: 0, min: 0, max: 99999 }) },
  outputs: ["LATENT"],
  execute: ({ samples, trim_amount }) => [
    withSamples(samples, sliceAlong(samples.samples, 2, trim_amount, Number.POSITIVE_INFINITY)),
  ],
});
