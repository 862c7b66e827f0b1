/** Where model files of each type lie, and which files count (section 3.16). */
import path from "node:path";
import type { Folders } from "@hearth/protocol";

export interface ModelFolder {
  /** absolute directories, searched in this order */
  readonly paths: readonly string[];
  /** lower-case endings with their dot; an empty list takes every file, `folders` lists directories */
  readonly extensions: readonly string[] | "folders";
}

/** Model type → where its files are, in the order in which types are listed. */
export type ModelFolders = ReadonlyMap<string, ModelFolder>;

const WEIGHTS = [".ckpt", ".pt", ".pt2", ".bin", ".pth", ".safetensors", ".pkl", ".sft"];

const TYPES = [
  "checkpoints",
  "configs",
  "loras",
  "vae",
  "text_encoders",
  "diffusion_models",
  "clip_vision",
  "style_models",
  "embeddings",
  "diffusers",
  "vae_approx",
  "controlnet",
  "gligen",
  "upscale_models",
  "latent_upscale_models",
  "custom_nodes",
  "datasets",
  "hypernetworks",
  "photomaker",
  "classifiers",
  "model_patches",
  "audio_encoders",
  "background_removal",
  "frame_interpolation",
  "geometry_estimation",
  "optical_flow",
  "detection",
];

/** Types whose directories below `models/` have other names. */
const DIRECTORIES: Readonly<Record<string, readonly string[]>> = {
  text_encoders: ["text_encoders", "clip"],
  diffusion_models: ["unet", "diffusion_models"],
  controlnet: ["controlnet", "t2i_adapter"],
};

/** Types that also look where saved models go: type → directory below the output directory (section 1.2). */
const SAVED: Readonly<Record<string, string>> = {
  checkpoints: "checkpoints",
  text_encoders: "clip",
  vae: "vae",
  diffusion_models: "diffusion_models",
  loras: "loras",
};

function extensionsOf(type: string): ModelFolder["extensions"] {
  switch (type) {
    case "configs":
      return [".yaml"];
    case "diffusers":
      return "folders";
    case "custom_nodes":
    case "datasets":
    case "classifiers":
      return [];
    default:
      return WEIGHTS;
  }
}

function pathsOf(type: string, folders: Folders): string[] {
  if (type === "custom_nodes") return [...folders.customNodes];
  const paths = (DIRECTORIES[type] ?? [type]).map((name) => path.join(folders.models, name));
  const saved = SAVED[type];
  return saved === undefined ? paths : [...paths, path.join(folders.output, saved)];
}

/** The table of all model types below `folders`. */
export function defaultModelFolders(folders: Folders): ModelFolders {
  return new Map(
    TYPES.map((type) => [type, { paths: pathsOf(type, folders), extensions: extensionsOf(type) }]),
  );
}

/** Model type → directories, as node code is told. */
export function modelPaths(modelFolders: ModelFolders): Record<string, readonly string[]> {
  return Object.fromEntries([...modelFolders].map(([type, { paths }]) => [type, paths]));
}
