/** Latents of video and audio that are sampled together. */
import { defineNode, isTensor, latent, NodeError, tensor, type Tensor } from "../sdk/index.ts";
import { NestedTensor } from "./nested-tensor.ts";

function ones({ shape, data }: Tensor): Tensor {
  return tensor(shape, new Float32Array(data.length).fill(1));
}

function part(given: unknown, index: number): Tensor {
  const found = given instanceof NestedTensor ? given.parts[index] : undefined;
  if (found === undefined) throw new NodeError("the latent holds no video and audio", "ValueError");
  return found;
}

export const ltxvConcatAvLatent = defineNode({
  name: "LTXVConcatAVLatent",
  api: "schema",
  displayName: "Concat AV Latent",
  category: "model/latent/ltxv",
  description: "Video and audio as one latent.",
  pythonModule: "comfy_extras.nodes_lt",
  inputs: { video_latent: latent(), audio_latent: latent() },
  outputs: [{ type: "LATENT", name: "latent" }],
  execute: ({ video_latent, audio_latent }) => {
    const pair = [video_latent, audio_latent];
    const joined = {
      ...video_latent,
      ...audio_latent,
      samples: new NestedTensor(pair.map((each) => each.samples)),
    };
    if (pair.every((each) => each.noise_mask === undefined)) return [joined];
    return [
      { ...joined, noise_mask: new NestedTensor(pair.map((each) => each.noise_mask ?? ones(each.samples))) },
    ];
  },
});

export const ltxvSeparateAvLatent = defineNode({
  name: "LTXVSeparateAVLatent",
  api: "schema",
  displayName: "Separate AV Latent",
  category: "model/latent/ltxv",
  description: "The video and the audio of one latent.",
  pythonModule: "comfy_extras.nodes_lt",
  inputs: { av_latent: latent() },
  outputs: [
    { type: "LATENT", name: "video_latent" },
    { type: "LATENT", name: "audio_latent" },
  ],
  execute: ({ av_latent }) => {
    const masks: unknown = av_latent.noise_mask;
    return [0, 1].map((index) => ({
      ...av_latent,
      samples: part(av_latent.samples, index),
      ...(masks === undefined || isTensor(masks) ? {} : { noise_mask: part(masks, index) }),
    }));
  },
});
