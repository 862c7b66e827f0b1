/** Latents as files. */
import { readFile, writeFile } from "node:fs/promises";
import { NodeError } from "@hearth/engine";
import { contentToken, existingPath, validateFile } from "../files/annotated-path.ts";
import { savedMetadata } from "../files/metadata.ts";
import { decodeSafetensors, encodeSafetensors } from "../files/safetensors.ts";
import { saveNumbered, saveTarget } from "../files/save-names.ts";
import { defineNode } from "../sdk/define-node.ts";
import { files, latent, string } from "../sdk/inputs.ts";
import { floats, tensor } from "../sdk/tensor.ts";

/** Files without this empty tensor hold latents in the scale of the first Stable Diffusion models. */
const VERSION_MARK = "latent_format_version_0";
const OLD_SCALE = 0.18215;

export const saveLatentNode = defineNode({
  name: "SaveLatent",
  api: "v1",
  displayName: "Save Latent",
  category: "model/latent",
  searchAliases: ["export latent"],
  inputs: { samples: latent(), filename_prefix: string({ default: "latents/ComfyUI" }) },
  hidden: { prompt: "PROMPT", extra_pnginfo: "EXTRA_PNGINFO" },
  outputs: [{ type: "LATENT", name: "samples" }],
  outputNode: true,
  execute: async ({ samples, filename_prefix }, context) => {
    const file = encodeSafetensors(
      { [VERSION_MARK]: tensor([0]), latent_tensor: samples.samples },
      savedMetadata(context),
    );
    const target = await saveTarget(filename_prefix, context.folders.output);
    const filename = await saveNumbered(
      target,
      (name, counter) => `${name}_${counter}_.latent`,
      (temporary) => writeFile(temporary, file),
    );
    return {
      outputs: [samples],
      ui: { latents: [{ filename, subfolder: target.subfolder, type: "output" }] },
    };
  },
});

export const loadLatentNode = defineNode({
  name: "LoadLatent",
  api: "v1",
  displayName: "Load Latent",
  category: "model/latent",
  searchAliases: ["import latent", "open latent"],
  inputs: { latent: files({ folder: "input", extensions: [".latent"] }) },
  outputs: ["LATENT"],
  validates: ["latent"],
  validate: (given, _types, { folders }) => validateFile("latent", given.latent, folders),
  fingerprint: (given, { folders }) => contentToken(given.latent, folders),
  execute: async (given, { folders }) => {
    const tensors = decodeSafetensors(await readFile(existingPath(given.latent, folders)));
    const stored = tensors.get("latent_tensor");
    if (stored === undefined) throw new NodeError("'latent_tensor'", "KeyError");
    if (tensors.has(VERSION_MARK)) return [{ samples: stored }];
    const data = floats(stored.data.length);
    const scale = Math.fround(1 / OLD_SCALE);
    for (let i = 0; i < data.length; i++) data[i] = (stored.data[i] as number) * scale;
    return [{ samples: tensor(stored.shape, data) }];
  },
});
