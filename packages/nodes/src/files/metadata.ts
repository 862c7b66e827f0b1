/** What savers write about a run: the prompt, then the keys of `extra_pnginfo`, each as Python's ASCII JSON. */
import { entriesOf, printJson } from "@hearth/protocol";
import type { NodeContext } from "@hearth/engine";

export type Metadata = readonly (readonly [key: string, json: string])[];

type MetadataSource = Pick<NodeContext, "prompt" | "extraPnginfo" | "settings">;

/** Prompt first, then the extra keys in their order; empty when the run's settings forbid metadata. */
export function savedMetadata(context: MetadataSource): Metadata {
  if (!context.settings.metadata) return [];
  return [["prompt", printJson(context.prompt, "python")], ...extraMetadata(context)];
}

/** The extra keys first, then the prompt, which video containers get. */
export function videoMetadata(context: MetadataSource): Metadata {
  const [prompt, ...extra] = savedMetadata(context);
  return prompt === undefined ? [] : [...extra, prompt];
}

function extraMetadata({ extraPnginfo }: MetadataSource): Metadata {
  if (extraPnginfo === undefined) return [];
  return entriesOf(extraPnginfo).map(([key, value]) => [key, printJson(value, "python")] as const);
}
