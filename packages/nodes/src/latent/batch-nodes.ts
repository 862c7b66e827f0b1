/** Batches of latents. */
import { autogrow, choice, defineNode, int, latent, type Latent, NodeError } from "../sdk/index.ts";
import { concatAlong, repeatBatch, repeatToBatch, sliceAlong } from "./axes.ts";
import { batchIndexes, matchSize, withSamples } from "./match.ts";
import { rebatch } from "./rebatch.ts";

/** One batch of several latents in the size of the first. */
function joinBatches(latents: readonly Latent[]): Latent {
  const [first, ...others] = latents;
  if (first === undefined) throw new NodeError("no latents to batch", "ValueError");
  const parts = [first.samples, ...others.map((other) => matchSize(first.samples, other.samples))];
  return { ...first, samples: concatAlong(parts, 0), batch_index: latents.flatMap(batchIndexes) };
}

export const latentFromBatch = defineNode({
  name: "LatentFromBatch",
  api: "v1",
  displayName: "Get Latent From Batch",
  category: "model/latent/batch",
  description: "Some items of a batch; they keep their noise.",
  inputs: {
    samples: latent(),
    batch_index: int({ default: 0, min: -16384, max: 16384 }),
    length: int({ default: 1, min: 1, max: 64 }),
  },
  outputs: ["LATENT"],
  searchAliases: ["select from batch", "pick latent", "batch subset"],
  execute: ({ samples, batch_index, length }) => {
    const count = samples.samples.shape[0] ?? 0;
    const start = Math.max(Math.min(batch_index < 0 ? batch_index + count : batch_index, count - 1), 0);
    const end = start + Math.min(length, count - start);
    const noise = samples.noise_mask;
    return [
      {
        ...withSamples(samples, sliceAlong(samples.samples, 0, start, end)),
        ...(noise === undefined
          ? {}
          : {
              noise_mask:
                noise.shape[0] === 1 ? noise : sliceAlong(repeatToBatch(noise, count), 0, start, end),
            }),
        batch_index: batchIndexes(samples).slice(start, end),
      },
    ];
  },
});

export const repeatLatentBatch = defineNode({
  name: "RepeatLatentBatch",
  api: "v1",
  displayName: "Repeat Latent Batch",
  category: "model/latent/batch",
  description: "Repeats a batch; each copy gets noise of its own.",
  inputs: { samples: latent(), amount: int({ default: 1, min: 1, max: 64 }) },
  outputs: ["LATENT"],
  searchAliases: ["duplicate latent", "clone latent"],
  execute: ({ samples, amount }) => {
    const noise = samples.noise_mask;
    const indexes = samples.batch_index;
    const step = indexes === undefined ? 0 : Math.max(...indexes) - Math.min(...indexes) + 1;
    return [
      {
        ...withSamples(samples, repeatBatch(samples.samples, amount)),
        ...(noise === undefined || (noise.shape[0] ?? 0) <= 1
          ? {}
          : { noise_mask: repeatBatch(repeatToBatch(noise, samples.samples.shape[0] ?? 1), amount) }),
        ...(indexes === undefined
          ? {}
          : {
              batch_index: Array.from({ length: amount }, (_, copy) =>
                indexes.map((index) => index + copy * step),
              ).flat(),
            }),
      },
    ];
  },
});

export const latentBatch = defineNode({
  name: "LatentBatch",
  api: "schema",
  displayName: "Batch Latents (DEPRECATED)",
  category: "model/latent/batch",
  description: "Two batches as one.",
  pythonModule: "comfy_extras.nodes_latent",
  inputs: { samples1: latent(), samples2: latent() },
  outputs: ["LATENT"],
  deprecated: true,
  searchAliases: ["combine latents", "merge latents", "join latents"],
  execute: ({ samples1, samples2 }) => [joinBatches([samples1, samples2])],
});

export const batchLatentsNode = defineNode({
  name: "BatchLatentsNode",
  api: "schema",
  displayName: "Batch Latents",
  category: "model/latent/batch",
  description: "Several batches as one.",
  pythonModule: "comfy_extras.nodes_post_processing",
  inputs: {
    latents: autogrow<Latent>({
      input: { required: { latent: ["LATENT", {}] } },
      prefix: "latent",
      min: 1,
      max: 50,
    }),
  },
  outputs: ["LATENT"],
  searchAliases: ["combine latents", "stack latents", "merge latents"],
  execute: ({ latents }) => [joinBatches(Object.values(latents))],
});

export const latentBatchSeedBehavior = defineNode({
  name: "LatentBatchSeedBehavior",
  api: "schema",
  category: "model/latent/advanced",
  description: "Whether the items of a batch share their noise.",
  pythonModule: "comfy_extras.nodes_latent",
  inputs: { samples: latent(), seed_behavior: choice(["random", "fixed"], { default: "fixed" }) },
  outputs: ["LATENT"],
  execute: ({ samples, seed_behavior }) => {
    const { batch_index: indexes, ...rest } = samples;
    if (seed_behavior === "random") return [rest];
    const first = indexes?.[0] ?? 0;
    return [{ ...rest, batch_index: Array.from({ length: samples.samples.shape[0] ?? 0 }, () => first) }];
  },
});

export const rebatchLatents = defineNode({
  name: "RebatchLatents",
  api: "schema",
  displayName: "Rebatch Latents",
  category: "model/latent/batch",
  description: "Regroups latents into batches of one size.",
  pythonModule: "comfy_extras.nodes_rebatch",
  inputs: { latents: latent(), batch_size: int({ default: 1, min: 1, max: 4096 }) },
  outputs: [{ type: "LATENT", list: true }],
  inputIsList: true,
  execute: ({ latents, batch_size }) => [rebatch(latents, batch_size[0] ?? 1)],
});
