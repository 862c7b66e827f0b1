/** Empty latents of video and audio models. */
import { defineNode, float, int, type Latent, tensor } from "../sdk/index.ts";
import { roundHalfEven } from "../text/exact-decimal.ts";
import { NestedTensor } from "./nested-tensor.ts";

/** Latent frames of a clip: the first frame stands alone, then each latent frame covers `ratio` frames. */
function frames(length: number, ratio: number): number {
  return Math.floor((length - 1) / ratio) + 1;
}

function videoLatent(
  batch: number,
  channels: number,
  length: number,
  height: number,
  width: number,
  ratio: number,
  recorded = false,
): Latent {
  const samples = tensor([batch, channels, length, Math.floor(height / ratio), Math.floor(width / ratio)]);
  return recorded ? { samples, downscale_ratio_spacial: ratio } : { samples };
}

export const emptyHunyuanLatentVideo = defineNode({
  name: "EmptyHunyuanLatentVideo",
  api: "schema",
  displayName: "Empty HunyuanVideo 1.0 Latent",
  category: "model/latent/hunyuan video",
  description: "An empty clip for HunyuanVideo 1.0, Wan and relatives.",
  pythonModule: "comfy_extras.nodes_hunyuan",
  inputs: {
    width: int({ default: 848, min: 16, max: 16384, step: 16 }),
    height: int({ default: 480, min: 16, max: 16384, step: 16 }),
    length: int({ default: 25, min: 1, max: 16384, step: 4 }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
  },
  outputs: ["LATENT"],
  execute: ({ width, height, length, batch_size }) => [
    videoLatent(batch_size, 16, frames(length, 4), height, width, 8, true),
  ],
});

export const emptyHunyuanVideo15Latent = defineNode({
  name: "EmptyHunyuanVideo15Latent",
  api: "schema",
  displayName: "Empty HunyuanVideo 1.5 Latent",
  category: "model/latent/hunyuan video",
  description: "An empty clip for HunyuanVideo 1.5.",
  pythonModule: "comfy_extras.nodes_hunyuan",
  inputs: {
    width: int({ default: 848, min: 16, max: 16384, step: 16 }),
    height: int({ default: 480, min: 16, max: 16384, step: 16 }),
    length: int({ default: 25, min: 1, max: 16384, step: 4 }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
  },
  outputs: ["LATENT"],
  execute: ({ width, height, length, batch_size }) => [
    videoLatent(batch_size, 32, frames(length, 4), height, width, 16, true),
  ],
});

export const emptyCosmosLatentVideo = defineNode({
  name: "EmptyCosmosLatentVideo",
  api: "schema",
  category: "model/latent/cosmos",
  description: "An empty clip for Cosmos.",
  pythonModule: "comfy_extras.nodes_cosmos",
  inputs: {
    width: int({ default: 1280, min: 16, max: 16384, step: 16 }),
    height: int({ default: 704, min: 16, max: 16384, step: 16 }),
    length: int({ default: 121, min: 1, max: 16384, step: 8 }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
  },
  outputs: ["LATENT"],
  execute: ({ width, height, length, batch_size }) => [
    videoLatent(batch_size, 16, frames(length, 8), height, width, 8),
  ],
});

export const emptyARVideoLatent = defineNode({
  name: "EmptyARVideoLatent",
  api: "schema",
  category: "model/latent/autoregressive",
  description: "An empty clip for autoregressive video models.",
  pythonModule: "comfy_extras.nodes_ar_video",
  inputs: {
    width: int({ default: 832, min: 16, max: 8192, step: 16 }),
    height: int({ default: 480, min: 16, max: 8192, step: 16 }),
    length: int({ default: 81, min: 1, max: 1024, step: 4 }),
    batch_size: int({ default: 1, min: 1, max: 64 }),
  },
  outputs: ["LATENT"],
  execute: ({ width, height, length, batch_size }) => [
    videoLatent(batch_size, 16, frames(length, 4), height, width, 8),
  ],
});

export const emptyLTXVLatentVideo = defineNode({
  name: "EmptyLTXVLatentVideo",
  api: "schema",
  category: "model/latent/ltxv",
  description: "An empty clip for LTX Video.",
  pythonModule: "comfy_extras.nodes_lt",
  inputs: {
    width: int({ default: 768, min: 64, max: 16384, step: 32 }),
    height: int({ default: 512, min: 64, max: 16384, step: 32 }),
    length: int({ default: 97, min: 1, max: 16384, step: 8 }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
  },
  outputs: ["LATENT"],
  execute: ({ width, height, length, batch_size }) => [
    videoLatent(batch_size, 128, frames(length, 8), height, width, 32, true),
  ],
});

export const emptyMochiLatentVideo = defineNode({
  name: "EmptyMochiLatentVideo",
  api: "schema",
  category: "model/latent/mochi",
  description: "An empty clip for Mochi.",
  pythonModule: "comfy_extras.nodes_mochi",
  inputs: {
    width: int({ default: 848, min: 16, max: 16384, step: 16 }),
    height: int({ default: 480, min: 16, max: 16384, step: 16 }),
    length: int({ default: 25, min: 7, max: 16384, step: 6 }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
  },
  outputs: ["LATENT"],
  execute: ({ width, height, length, batch_size }) => [
    videoLatent(batch_size, 12, frames(length, 6), height, width, 8),
  ],
});

export const emptyLatentAudio = defineNode({
  name: "EmptyLatentAudio",
  api: "schema",
  displayName: "Empty Latent Audio",
  category: "model/latent",
  description: "Empty audio for Stable Audio.",
  pythonModule: "comfy_extras.nodes_audio",
  inputs: {
    seconds: float({ default: 47.6, min: 1, max: 1000, step: 0.1 }),
    batch_size: int({ tooltip: "How many latents the batch holds.", default: 1, min: 1, max: 4096 }),
  },
  outputs: ["LATENT"],
  essentialsCategory: "Audio",
  execute: ({ seconds, batch_size }) => [
    {
      samples: tensor([batch_size, 64, roundHalfEven((seconds * 44100) / 2048 / 2) * 2]),
      type: "audio",
      downscale_ratio_temporal: 2048,
    },
  ],
});

export const emptyAceStepLatentAudio = defineNode({
  name: "EmptyAceStepLatentAudio",
  api: "schema",
  displayName: "Empty Ace Step 1.0 Latent Audio",
  category: "model/latent/ace",
  description: "Empty audio for ACE-Step 1.0.",
  pythonModule: "comfy_extras.nodes_ace",
  inputs: {
    seconds: float({ default: 120, min: 1, max: 1000, step: 0.1 }),
    batch_size: int({ tooltip: "How many latents the batch holds.", default: 1, min: 1, max: 4096 }),
  },
  outputs: ["LATENT"],
  execute: ({ seconds, batch_size }) => [
    { samples: tensor([batch_size, 8, 16, Math.trunc((seconds * 44100) / 512 / 8)]), type: "audio" },
  ],
});

export const emptyAceStep15LatentAudio = defineNode({
  name: "EmptyAceStep1.5LatentAudio",
  api: "schema",
  displayName: "Empty Ace Step 1.5 Latent Audio",
  category: "model/latent/ace",
  description: "Empty audio for ACE-Step 1.5.",
  pythonModule: "comfy_extras.nodes_ace",
  inputs: {
    seconds: float({ default: 120, min: 1, max: 1000, step: 0.01 }),
    batch_size: int({ tooltip: "How many latents the batch holds.", default: 1, min: 1, max: 4096 }),
  },
  outputs: ["LATENT"],
  execute: ({ seconds, batch_size }) => [
    {
      samples: tensor([batch_size, 64, roundHalfEven((seconds * 48000) / 1920)]),
      type: "audio",
      downscale_ratio_temporal: 1764,
    },
  ],
});

export const emptyMiniMaxMusic3LatentAudio = defineNode({
  name: "EmptyMiniMaxMusic3LatentAudio",
  api: "schema",
  displayName: "Empty MiniMax Music3 Latent Audio",
  category: "model/latent/minimax music",
  description: "Empty audio for MiniMax Music 3.",
  pythonModule: "comfy_extras.nodes_minimax_music",
  inputs: {
    seconds: float({ default: 120, min: 0.04, max: 360, step: 0.04 }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
  },
  outputs: ["LATENT"],
  execute: ({ seconds, batch_size }) => [
    {
      samples: tensor([batch_size, 128, Math.trunc((seconds * 44100) / 512)]),
      type: "audio",
      downscale_ratio_temporal: 512,
    },
  ],
});

export const emptyMiniMaxH3LatentAV = defineNode({
  name: "EmptyMiniMaxH3LatentAV",
  api: "schema",
  displayName: "Empty MiniMax H3 AV Latent",
  category: "model/latent/minimax",
  description: "An empty clip with sound for MiniMax H3.",
  pythonModule: "comfy_extras.nodes_minimax_h3",
  inputs: {
    width: int({ default: 1344, min: 32, max: 16384, step: 32 }),
    height: int({ default: 768, min: 32, max: 16384, step: 32 }),
    length: int({ tooltip: "Number of frames.", default: 124, min: 5, max: 3600, step: 17 }),
  },
  outputs: ["LATENT"],
  execute: ({ width, height, length }) => {
    // Five frames, then groups of 17 frames that make five latent frames each; the sound has 40 per 24 frames.
    const groups = Math.ceil((length - 5) / 17);
    const video = tensor([1, 24, 2 + 5 * groups, Math.floor(height / 16), Math.floor(width / 16)]);
    const sound = tensor([1, 32, 2, roundHalfEven(((5 + 17 * groups) * 5) / 3)]);
    return [{ samples: new NestedTensor([video, sound]) }];
  },
});
