/** Empty latents of image models: zeros in the shape that a model starts from. */
import { defineNode, int, tensor } from "../sdk/index.ts";

export const emptyLatentImage = defineNode({
  name: "EmptyLatentImage",
  api: "v1",
  displayName: "Empty Latent Image",
  category: "model/latent",
  description: "An empty batch of latents for models with 4 channels.",
  inputs: {
    width: int({ default: 512, min: 16, max: 16384, step: 8, tooltip: "Width in pixels." }),
    height: int({ default: 512, min: 16, max: 16384, step: 8, tooltip: "Height in pixels." }),
    batch_size: int({ default: 1, min: 1, max: 4096, tooltip: "How many latents the batch holds." }),
  },
  outputs: [{ type: "LATENT", tooltip: "The empty latent." }],
  searchAliases: ["empty", "empty latent", "new latent", "create latent", "blank latent", "blank"],
  execute: ({ width, height, batch_size }) => [
    {
      samples: tensor([batch_size, 4, Math.floor(height / 8), Math.floor(width / 8)]),
      downscale_ratio_spacial: 8,
    },
  ],
});

export const emptySD3LatentImage = defineNode({
  name: "EmptySD3LatentImage",
  api: "schema",
  category: "model/latent/stable diffusion",
  description: "An empty batch of latents for models with 16 channels.",
  pythonModule: "comfy_extras.nodes_sd3",
  inputs: {
    width: int({ default: 1024, min: 16, max: 16384, step: 16 }),
    height: int({ default: 1024, min: 16, max: 16384, step: 16 }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
  },
  outputs: ["LATENT"],
  execute: ({ width, height, batch_size }) => [
    {
      samples: tensor([batch_size, 16, Math.floor(height / 8), Math.floor(width / 8)]),
      downscale_ratio_spacial: 8,
    },
  ],
});

export const emptyFlux2LatentImage = defineNode({
  name: "EmptyFlux2LatentImage",
  api: "schema",
  displayName: "Empty Flux 2 Latent",
  category: "model/latent/flux",
  description: "An empty batch of latents for Flux 2.",
  pythonModule: "comfy_extras.nodes_flux",
  inputs: {
    width: int({ default: 1024, min: 16, max: 16384, step: 16 }),
    height: int({ default: 1024, min: 16, max: 16384, step: 16 }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
  },
  outputs: ["LATENT"],
  execute: ({ width, height, batch_size }) => [
    { samples: tensor([batch_size, 128, Math.floor(height / 16), Math.floor(width / 16)]) },
  ],
});

export const emptyHunyuanImageLatent = defineNode({
  name: "EmptyHunyuanImageLatent",
  api: "schema",
  category: "model/latent/hunyuan image",
  description: "An empty batch of latents for Hunyuan Image.",
  pythonModule: "comfy_extras.nodes_hunyuan",
  inputs: {
    width: int({ default: 2048, min: 64, max: 16384, step: 32 }),
    height: int({ default: 2048, min: 64, max: 16384, step: 32 }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
  },
  outputs: ["LATENT"],
  execute: ({ width, height, batch_size }) => [
    { samples: tensor([batch_size, 64, Math.floor(height / 32), Math.floor(width / 32)]) },
  ],
});

export const emptyChromaRadianceLatentImage = defineNode({
  name: "EmptyChromaRadianceLatentImage",
  api: "schema",
  category: "model/latent/chroma radiance",
  description: "An empty batch for Chroma Radiance, which works on pixels.",
  pythonModule: "comfy_extras.nodes_chroma_radiance",
  inputs: {
    width: int({ default: 1024, min: 16, max: 16384, step: 16 }),
    height: int({ default: 1024, min: 16, max: 16384, step: 16 }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
  },
  outputs: ["LATENT"],
  execute: ({ width, height, batch_size }) => [{ samples: tensor([batch_size, 3, height, width]) }],
});

export const emptyHiDreamO1LatentImage = defineNode({
  name: "EmptyHiDreamO1LatentImage",
  api: "schema",
  displayName: "Empty HiDream-O1 Latent Image",
  category: "model/latent/hidream",
  description: "An empty batch for HiDream-O1, which works on pixels.",
  pythonModule: "comfy_extras.nodes_hidream_o1",
  inputs: {
    width: int({ default: 2048, min: 64, max: 4096, step: 32 }),
    height: int({ default: 2048, min: 64, max: 4096, step: 32 }),
    batch_size: int({ default: 1, min: 1, max: 64 }),
  },
  outputs: ["LATENT"],
  execute: ({ width, height, batch_size }) => [{ samples: tensor([batch_size, 3, height, width]) }],
});

export const emptyQwenImageLayeredLatentImage = defineNode({
  name: "EmptyQwenImageLayeredLatentImage",
  api: "schema",
  displayName: "Empty Qwen Image Layered Latent",
  category: "model/latent/qwen",
  description: "An empty batch of layered pictures.",
  pythonModule: "comfy_extras.nodes_qwen",
  inputs: {
    width: int({ default: 640, min: 16, max: 16384, step: 16 }),
    height: int({ default: 640, min: 16, max: 16384, step: 16 }),
    layers: int({ default: 3, min: 0, max: 16384, step: 1 }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
  },
  outputs: ["LATENT"],
  execute: ({ width, height, layers, batch_size }) => [
    { samples: tensor([batch_size, 16, layers + 1, Math.floor(height / 8), Math.floor(width / 8)]) },
  ],
});

export const stableCascadeEmptyLatentImage = defineNode({
  name: "StableCascade_EmptyLatentImage",
  api: "schema",
  category: "model/latent/stable cascade",
  description: "Empty latents for both stages of Stable Cascade.",
  pythonModule: "comfy_extras.nodes_stable_cascade",
  inputs: {
    width: int({ default: 1024, min: 256, max: 16384, step: 8 }),
    height: int({ default: 1024, min: 256, max: 16384, step: 8 }),
    compression: int({ advanced: true, default: 42, min: 4, max: 128, step: 1 }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
  },
  outputs: [
    { type: "LATENT", name: "stage_c" },
    { type: "LATENT", name: "stage_b" },
  ],
  execute: ({ width, height, compression, batch_size }) => [
    { samples: tensor([batch_size, 16, Math.floor(height / compression), Math.floor(width / compression)]) },
    { samples: tensor([batch_size, 4, Math.floor(height / 4), Math.floor(width / 4)]) },
  ],
});

export const emptyTrellis2LatentStructure = defineNode({
  name: "EmptyTrellis2LatentStructure",
  api: "schema",
  category: "model/latent/trellis",
  description: "An empty batch of voxel grids.",
  pythonModule: "comfy_extras.nodes_trellis2",
  inputs: {
    batch_size: int({ tooltip: "How many latents the batch holds.", default: 1, min: 1, max: 4096 }),
  },
  outputs: ["LATENT"],
  execute: ({ batch_size }) => [{ samples: tensor([batch_size, 32, 16, 16, 16]), type: "trellis2" }],
});

export const emptyLatentHunyuan3Dv2 = defineNode({
  name: "EmptyLatentHunyuan3Dv2",
  api: "schema",
  category: "model/latent/hunyuan 3d",
  description: "An empty batch of shape tokens for Hunyuan 3D.",
  pythonModule: "comfy_extras.nodes_hunyuan3d",
  inputs: {
    resolution: int({ default: 3072, min: 1, max: 8192 }),
    batch_size: int({ tooltip: "How many latents the batch holds.", default: 1, min: 1, max: 4096 }),
  },
  outputs: ["LATENT"],
  execute: ({ resolution, batch_size }) => [
    { samples: tensor([batch_size, 64, resolution]), type: "hunyuan3dv2" },
  ],
});
