/** Options that single models read from a conditioning. */
import { choice, defineNode, float, latent, optional, tensor } from "../sdk/index.ts";
import { appendOption, clipVisionOutput, conditioning, withOptions } from "./conditioning.ts";
import { processIn } from "./latent-formats.ts";

export const fluxGuidance = defineNode({
  name: "FluxGuidance",
  api: "schema",
  category: "model/conditioning/flux",
  description: "Guidance of distilled models.",
  pythonModule: "comfy_extras.nodes_flux",
  inputs: { conditioning: conditioning(), guidance: float({ default: 3.5, min: 0, max: 100, step: 0.1 }) },
  outputs: ["CONDITIONING"],
  execute: ({ conditioning: given, guidance }) => [withOptions(given, { guidance })],
});

export const fluxDisableGuidance = defineNode({
  name: "FluxDisableGuidance",
  api: "schema",
  category: "model/conditioning/flux",
  description: "Takes the guidance away.",
  pythonModule: "comfy_extras.nodes_flux",
  inputs: { conditioning: conditioning() },
  outputs: ["CONDITIONING"],
  execute: ({ conditioning: given }) => [withOptions(given, { guidance: null })],
});

export const fluxKontextMultiReferenceLatentMethod = defineNode({
  name: "FluxKontextMultiReferenceLatentMethod",
  api: "schema",
  displayName: "Edit Model Reference Method",
  category: "model/conditioning/flux",
  description: "How several reference latents are placed.",
  pythonModule: "comfy_extras.nodes_flux",
  inputs: {
    conditioning: conditioning(),
    reference_latents_method: choice(["offset", "index", "uxo/uno", "index_timestep_zero"], {
      advanced: true,
    }),
  },
  outputs: ["CONDITIONING"],
  experimental: true,
  execute: ({ conditioning: given, reference_latents_method: method }) => {
    return [withOptions(given, { reference_latents_method: method === "uxo/uno" ? "uxo" : method })];
  },
});

export const referenceLatent = defineNode({
  name: "ReferenceLatent",
  api: "schema",
  displayName: "Set Reference Latent",
  category: "model/conditioning",
  description: "Adds a reference picture.",
  pythonModule: "comfy_extras.nodes_edit_model",
  inputs: { conditioning: conditioning(), latent: optional(latent()) },
  outputs: ["CONDITIONING"],
  execute: ({ conditioning: given, latent: reference }) => {
    return [reference === undefined ? given : appendOption(given, "reference_latents", reference.samples)];
  },
});

export const referenceTimbreAudio = defineNode({
  name: "ReferenceTimbreAudio",
  api: "schema",
  displayName: "Set Reference Audio",
  category: "model/conditioning",
  description: "Adds a reference voice.",
  pythonModule: "comfy_extras.nodes_ace",
  inputs: { conditioning: conditioning(), latent: optional(latent()) },
  outputs: ["CONDITIONING"],
  experimental: true,
  execute: ({ conditioning: given, latent: reference }) => {
    return [
      reference === undefined
        ? given
        : appendOption(given, "reference_audio_timbre_latents", reference.samples),
    ];
  },
});

export const ltxvConditioning = defineNode({
  name: "LTXVConditioning",
  api: "schema",
  category: "model/conditioning/ltxv",
  description: "Frame rate of the clip.",
  pythonModule: "comfy_extras.nodes_lt",
  inputs: {
    positive: conditioning(),
    negative: conditioning(),
    frame_rate: float({ default: 25, min: 0, max: 1000, step: 0.01 }),
  },
  outputs: [
    { type: "CONDITIONING", name: "positive" },
    { type: "CONDITIONING", name: "negative" },
  ],
  execute: ({ positive, negative, frame_rate }) => [
    withOptions(positive, { frame_rate }),
    withOptions(negative, { frame_rate }),
  ],
});

export const conditioningStableAudio = defineNode({
  name: "ConditioningStableAudio",
  api: "schema",
  category: "model/conditioning/stable audio",
  description: "Part of the piece, in seconds.",
  pythonModule: "comfy_extras.nodes_audio",
  inputs: {
    positive: conditioning(),
    negative: conditioning(),
    seconds_start: float({ default: 0, min: 0, max: 1000, step: 0.1 }),
    seconds_total: float({ default: 47, min: 0, max: 1000, step: 0.1 }),
  },
  outputs: [
    { type: "CONDITIONING", name: "positive" },
    { type: "CONDITIONING", name: "negative" },
  ],
  execute: ({ positive, negative, seconds_start, seconds_total }) =>
    [positive, negative].map((given) => withOptions(given, { seconds_start, seconds_total })),
});

export const stableCascadeStageBConditioning = defineNode({
  name: "StableCascade_StageB_Conditioning",
  api: "schema",
  category: "model/conditioning/stable cascade",
  description: "Hands the result of stage C to stage B.",
  pythonModule: "comfy_extras.nodes_stable_cascade",
  inputs: { conditioning: conditioning(), stage_c: latent() },
  outputs: ["CONDITIONING"],
  execute: ({ conditioning: given, stage_c }) => [
    withOptions(given, { stable_cascade_prior: stage_c.samples }),
  ],
});

export const unclipConditioning = defineNode({
  name: "unCLIPConditioning",
  api: "v1",
  category: "model/conditioning",
  description: "Adds an encoded picture.",
  inputs: {
    conditioning: conditioning(),
    clip_vision_output: clipVisionOutput(),
    strength: float({ default: 1, min: -10, max: 10, step: 0.01 }),
    noise_augmentation: float({ default: 0, min: 0, max: 1, step: 0.01 }),
  },
  outputs: ["CONDITIONING"],
  execute: ({ conditioning: given, clip_vision_output, strength, noise_augmentation }) => {
    if (strength === 0) return [given];
    return [appendOption(given, "unclip_conditioning", { clip_vision_output, strength, noise_augmentation })];
  },
});

export const hunyuan3DV2Conditioning = defineNode({
  name: "Hunyuan3Dv2Conditioning",
  api: "schema",
  category: "model/conditioning/hunyuan 3d",
  description: "A picture as conditioning of a shape.",
  pythonModule: "comfy_extras.nodes_hunyuan3d",
  inputs: { clip_vision_output: clipVisionOutput() },
  outputs: [
    { type: "CONDITIONING", name: "positive" },
    { type: "CONDITIONING", name: "negative" },
  ],
  execute: ({ clip_vision_output }) => {
    const embedding = clip_vision_output.last_hidden_state;
    return [[[embedding, {}]], [[tensor(embedding.shape), {}]]];
  },
});

export const hunyuanRefinerLatent = defineNode({
  name: "HunyuanRefinerLatent",
  api: "schema",
  displayName: "Hunyuan Latent Refiner",
  category: "model/conditioning/hunyuan video",
  description: "Prepares a latent for the refiner.",
  pythonModule: "comfy_extras.nodes_hunyuan",
  inputs: {
    positive: conditioning(),
    negative: conditioning(),
    latent: latent(),
    noise_augmentation: float({ advanced: true, default: 0.1, min: 0, max: 1, step: 0.01 }),
  },
  outputs: [
    { type: "CONDITIONING", name: "positive" },
    { type: "CONDITIONING", name: "negative" },
    { type: "LATENT", name: "latent" },
  ],
  execute: ({ positive, negative, latent: given, noise_augmentation }) => {
    const [batch = 1, , ...size] = given.samples.shape;
    const options = { concat_latent_image: given.samples, noise_augmentation };
    const samples = tensor([batch, 32, ...size]);
    return [withOptions(positive, options), withOptions(negative, options), { samples }];
  },
});

export const pidConditioning = defineNode({
  name: "PiDConditioning",
  api: "schema",
  displayName: "PiD Conditioning",
  category: "model/conditioning",
  description: "Adds a degraded picture as guide.",
  pythonModule: "comfy_extras.nodes_pid",
  inputs: {
    positive: conditioning(),
    latent: latent({ tooltip: "The latent to guide with." }),
    latent_format: choice(["flux", "sd3", "sdxl", "qwenimage"], {
      tooltip: "Format the latent is in.",
      default: "flux",
    }),
    degrade_sigma: float({ tooltip: "How degraded the guide is.", default: 0, min: 0, max: 1, step: 0.01 }),
  },
  outputs: ["CONDITIONING"],
  execute: ({ positive, latent: given, latent_format, degrade_sigma }) => {
    const options = {
      lq_latent: processIn(given.samples, latent_format),
      degrade_sigma: tensor([1], Float32Array.of(degrade_sigma)),
    };
    return [withOptions(positive, options)];
  },
});
