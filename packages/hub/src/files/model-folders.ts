/** Where model files of each type lie, and which files count (section 3.16). */
import path from "node:path";
import type { Folders } from "@hearth/protocol";

export interface ModelFolder {
  /** absolute directories, searched in this order */
  readonly paths: readonly string[];
  /**
   * lower-case endings with their dot, `""` for names without one; an empty list takes every file, `folders` lists
   * directories
   */
  readonly extensions: readonly string[] | "folders";
}

/** Model type → where its files are, in the order in which types are listed. */
export type ModelFolders = ReadonlyMap<string, ModelFolder>;

/** The endings of files with weights. */
export const WEIGHTS: readonly string[] = [
  ".ckpt",
  ".pt",
  ".pt2",
  ".bin",
  ".pth",
  ".safetensors",
  ".pkl",
  ".sft",
];

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
    case "classifiers":
      return [""];
    case "custom_nodes":
    case "datasets":
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

/** Directories that come to the default ones; see `models/extra-paths.ts`. */
export interface AddedFolder {
  readonly type: string;
  /** absolute */
  readonly directory: string;
  /** searched before all others of its type */
  readonly first: boolean;
}

/**
 * The table with more directories. A type that it does not have yet comes to its end and takes every file; a directory
 * that it has already stays where it is, unless it is to be searched first.
 */
export function withAddedFolders(modelFolders: ModelFolders, added: readonly AddedFolder[]): ModelFolders {
  const table = new Map(modelFolders);
  const { true: first = [], false: last = [] } = Object.groupBy(added, (one) => `${one.first}`);
  // Those that come first are put there from the last to the first, so that they keep their order.
  for (const { type, directory, first: isFirst } of [...last, ...first.reverse()]) {
    const { paths, extensions } = table.get(type) ?? { paths: [], extensions: [] };
    const others = paths.filter((one) => one !== directory);
    if (isFirst) table.set(type, { paths: [directory, ...others], extensions });
    else if (others.length === paths.length) table.set(type, { paths: [...paths, directory], extensions });
  }
  return table;
}

/** Model type → directories, as node code is told. */
export function modelPaths(modelFolders: ModelFolders): Record<string, readonly string[]> {
  return Object.fromEntries([...modelFolders].map(([type, { paths }]) => [type, paths]));
}
