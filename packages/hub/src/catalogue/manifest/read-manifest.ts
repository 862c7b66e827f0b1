/** From the text of `manifest.yaml` to a manifest, or to a sentence that says what is wrong with it. */
import { parseDocument, stringify } from "yaml";
import { faults } from "../../http/validate.ts";
import { type Manifest, type ManifestInput, ManifestSchema } from "./schema.ts";

/** A manifest is a page of text; more of it is a mistake, and aliases could make it grow without bound. */
const MAX_TEXT = 1024 * 1024;
const MAX_ALIASES = 100;

/** The manifest cannot be used; the message names every field that is wrong. */
export class ManifestError extends Error {
  constructor(reason: string) {
    super(`manifest.yaml: ${reason}`);
    this.name = "ManifestError";
  }
}

/**
 * Reads a manifest.
 * @param id the name of its folder, which its `id` must equal
 * @throws ManifestError
 */
export function readManifest(text: string, id: string): Manifest {
  if (text.length > MAX_TEXT) throw new ManifestError("it is longer than a manifest can be");
  const document = parseDocument(text, { version: "1.2" });
  const [problem] = document.errors;
  if (problem !== undefined) throw new ManifestError(problem.message.split("\n")[0] ?? "not YAML");
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw new ManifestError((error as Error).message);
  }
  return checkManifest(value, id);
}

/** The same for a manifest that came as JSON. @throws ManifestError */
export function checkManifest(value: unknown, id: string): Manifest {
  const wrong = faults(ManifestSchema, value);
  if (wrong !== undefined) throw new ManifestError(wrong.replaceAll(/\bbody /g, "it "));
  const given = value as Partial<Manifest> & Pick<Manifest, "id" | "name">;
  const manifest: Manifest = {
    id: given.id,
    name: given.name,
    version: given.version ?? 1,
    date: given.date ?? "",
    type: given.type ?? "static",
    category: given.category ?? "",
    description: given.description ?? "",
    author: given.author ?? "",
    base_model: given.base_model ?? null,
    workflow_file: given.workflow_file ?? "workflow.json",
    blocks_dir: given.blocks_dir ?? "blocks",
    pipeline: given.pipeline ?? [],
    inputs: given.inputs ?? [],
    outputs: given.outputs ?? [],
    required_models: given.required_models ?? [],
    required_nodes: given.required_nodes ?? [],
  };
  if (manifest.id !== id) throw new ManifestError(`id is '${manifest.id}', but the folder is '${id}'`);
  const inconsistent = inconsistencies(manifest);
  if (inconsistent.length > 0) throw new ManifestError(inconsistent.join("; "));
  return manifest;
}

/** The text of a manifest, as a person would write it. */
export function printManifest(manifest: Partial<Manifest>): string {
  return stringify(manifest, { lineWidth: 100 });
}

/** What the schema cannot say. */
function inconsistencies(manifest: Manifest): string[] {
  const found: string[] = [];
  const { inputs, pipeline, type } = manifest;
  const byId = new Map<string, ManifestInput>();
  for (const input of inputs) {
    if (byId.has(input.id)) found.push(`there are two inputs '${input.id}'`);
    byId.set(input.id, input);
    if (input.type === "select" && input.options === undefined && input.folder === undefined) {
      found.push(`input '${input.id}' needs options, or a folder to take them from`);
    }
    if (input.type === "scenes" && input.fields === undefined) found.push(`input '${input.id}' needs fields`);
    if (input.fields?.some((field) => field.type === "scenes") === true) {
      found.push(`input '${input.id}' has scenes inside of scenes`);
    }
    if ((input.min ?? -Infinity) > (input.max ?? Infinity))
      found.push(`input '${input.id}' has min above max`);
  }
  if (type === "static") return found;
  if (pipeline.length === 0) found.push("a dynamic workflow needs a pipeline");
  const wanted = (id: string, place: string, types: readonly string[]): void => {
    const input = byId.get(id);
    if (input === undefined) found.push(`${place} names '${id}', which is no input`);
    else if (!types.includes(input.type))
      found.push(`${place} names '${id}', which is no ${types.join(" or ")}`);
  };
  const steps = new Set<string>();
  for (const step of pipeline) {
    const name = step.id ?? step.block;
    if (steps.has(name)) found.push(`there are two steps '${name}': give one an id`);
    steps.add(name);
    if (step.when !== undefined) wanted(step.when.replace(/^!/, ""), `when of step '${name}'`, ["boolean"]);
    if (typeof step.repeat === "string") {
      wanted(step.repeat, `repeat of step '${name}'`, ["int", "loras", "scenes"]);
    }
    if (step.seed !== undefined) wanted(step.seed, `seed of step '${name}'`, ["seed"]);
  }
  return found;
}
