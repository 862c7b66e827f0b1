/** Joining and cutting latents along an axis. */
import { choice, defineNode, int, latent, optional } from "../sdk/index.ts";
import { concatAlong, lengthOf, repeatToBatch, sliceAlong } from "./axes.ts";
import { withSamples } from "./match.ts";
import { normalizeStart } from "./normalize-start.ts";

/** The axis of a letter; a leading minus only changes the order. */
const AXES: Readonly<Record<string, number>> = { x: -1, y: -2, t: -3 };

function axisOf(name: string): number {
  return AXES[name.replace("-", "")] ?? -1;
}

export const latentConcat = defineNode({
  name: "LatentConcat",
  api: "schema",
  category: "model/latent/advanced",
  description: "Two latents side by side; a minus puts the second first.",
  pythonModule: "comfy_extras.nodes_latent",
  inputs: { samples1: latent(), samples2: latent(), dim: choice(["x", "-x", "y", "-y", "t", "-t"]) },
  outputs: ["LATENT"],
  searchAliases: ["join latents", "stitch latents"],
  execute: ({ samples1, samples2, dim }) => {
    const first = samples1.samples;
    const second = repeatToBatch(samples2.samples, first.shape[0] ?? 1);
    const order = dim.startsWith("-") ? [second, first] : [first, second];
    return [withSamples(samples1, concatAlong(order, axisOf(dim)))];
  },
});

export const latentCut = defineNode({
  name: "LatentCut",
  api: "schema",
  category: "model/latent/advanced",
  description: "A part of a latent along an axis.",
  pythonModule: "comfy_extras.nodes_latent",
  inputs: {
    samples: latent(),
    dim: choice(["x", "y", "t"]),
    index: int({ default: 0, min: -16384, max: 16384, step: 1 }),
    amount: int({ default: 1, min: 1, max: 16384, step: 1 }),
  },
  outputs: ["LATENT"],
  searchAliases: ["crop latent", "slice latent", "extract region"],
  execute: ({ samples, dim, index, amount }) => {
    const axis = axisOf(dim);
    const length = lengthOf(samples.samples, axis);
    const start = index >= 0 ? Math.min(index, length - 1) : Math.max(index, -length) + length;
    return [withSamples(samples, sliceAlong(samples.samples, axis, start, start + amount))];
  },
});

export const latentCutToBatch = defineNode({
  name: "LatentCutToBatch",
  api: "schema",
  category: "model/latent/advanced",
  description: "Cuts a latent into slices that become the batch.",
  pythonModule: "comfy_extras.nodes_latent",
  inputs: {
    samples: latent(),
    dim: choice(["t", "x", "y"]),
    slice_size: int({ default: 1, min: 1, max: 16384, step: 1 }),
  },
  outputs: ["LATENT"],
  searchAliases: ["slice to batch", "split latent", "tile latent"],
  execute: ({ samples, dim, slice_size }) => {
    const given = samples.samples;
    const axis = axisOf(dim) + given.shape.length;
    // A latent without a time axis has none to cut.
    if (axis < 2) return [samples];
    const length = lengthOf(given, axis);
    const size = Math.min(slice_size, length);
    const batch = Array.from({ length: given.shape[0] ?? 0 }, (_, item) =>
      sliceAlong(given, 0, item, item + 1),
    );
    const slices = batch.flatMap((item) =>
      Array.from({ length: Math.floor(length / size) }, (_, index) =>
        sliceAlong(item, axis, index * size, (index + 1) * size),
      ),
    );
    return [withSamples(samples, concatAlong(slices, 0))];
  },
});

export const replaceVideoLatentFrames = defineNode({
  name: "ReplaceVideoLatentFrames",
  api: "schema",
  displayName: "Replace Video Latent Frames",
  category: "model/latent/batch",
  description: "Replaces frames of a clip.",
  pythonModule: "comfy_extras.nodes_latent",
  inputs: {
    destination: latent({ tooltip: "The latent whose frames are replaced." }),
    index: int({
      tooltip: "First frame that is replaced; negative counts from the end.",
      default: 0,
      min: -16384,
      max: 16384,
      step: 1,
    }),
    source: optional(latent({ tooltip: "The frames to put in." })),
  },
  outputs: ["LATENT"],
  execute: ({ destination, index, source }) => {
    if (source === undefined) return [destination];
    const target = destination.samples;
    const length = lengthOf(target, 2);
    const count = lengthOf(source.samples, 2);
    const start = index < 0 ? index + length : index;
    // What does not fit is not put in.
    if (start < 0 || start > length || start + count > length) return [destination];
    const parts = [
      sliceAlong(target, 2, 0, start),
      source.samples,
      sliceAlong(target, 2, start + count, length),
    ];
    return [withSamples(destination, concatAlong(parts, 2))];
  },
});

export const normalizeVideoLatentStart = defineNode({
  name: "NormalizeVideoLatentStart",
  api: "schema",
  category: "model/conditioning",
  description: "Gives the first frames the mean and deviation of those after them.",
  pythonModule: "comfy_extras.nodes_kandinsky5",
  inputs: {
    latent: latent(),
    start_frame_count: int({
      tooltip: "How many frames at the start are normalised.",
      default: 4,
      min: 1,
      max: 16384,
      step: 1,
    }),
    reference_frame_count: int({
      tooltip: "How many frames after them give mean and deviation.",
      default: 5,
      min: 1,
      max: 16384,
      step: 1,
    }),
  },
  outputs: [{ type: "LATENT", name: "latent" }],
  execute: ({ latent: given, start_frame_count, reference_frame_count }) => {
    return [withSamples(given, normalizeStart(given.samples, start_frame_count, reference_frame_count))];
  },
});
