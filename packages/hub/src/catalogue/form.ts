/** A manifest as a form needs it: pickers have the files of now as their options. */
import type { FileNames } from "../files/file-lists.ts";
import type { Manifest, ManifestInput } from "./manifest/schema.ts";

/** The model folder of the pickers that have a fixed one. */
const FOLDERS: Readonly<Partial<Record<ManifestInput["type"], string>>> = {
  checkpoint: "checkpoints",
  vae: "vae",
  lora: "loras",
  loras: "loras",
};

type FormInput = Omit<ManifestInput, "node_id" | "field" | "targets">;

/** The inputs, with `options` where they come from a folder, and a name for each. */
export function formInputs(manifest: Manifest, names: Pick<FileNames, "models">): FormInput[] {
  return manifest.inputs.map((input) => ({
    ...formInput(input, names),
    ...(input.fields === undefined ? {} : { fields: input.fields.map((field) => formInput(field, names)) }),
  }));
}

function formInput(
  input: Omit<ManifestInput, "fields">,
  names: Pick<FileNames, "models">,
): Omit<FormInput, "fields"> {
  const { node_id: _node, field: _field, targets: _targets, ...shown } = input;
  const folder = FOLDERS[input.type] ?? (input.type === "select" ? input.folder : undefined);
  const options = input.options ?? (folder === undefined ? undefined : names.models(folder));
  return {
    ...shown,
    name: input.name ?? input.label ?? input.id,
    ...(options === undefined ? {} : { options }),
  };
}
