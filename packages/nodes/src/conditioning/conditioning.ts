/** Conditioning: what a model is told, as a list of tensors with options. */
import { type Input, input, type InputOptions, type Tensor } from "../sdk/index.ts";

/** Options of one entry: `pooled_output`, `area`, `mask`, `strength`, `guidance`, … (section 7.1). */
export type ConditioningOptions = Readonly<Record<string, unknown>>;

/** `[tensor [b, tokens, dim], options]` entries; all of them are evaluated and blended. */
export type Conditioning = readonly (readonly [Tensor, ConditioningOptions])[];

/** What an image encoder gives. */
export interface ClipVisionOutput {
  readonly last_hidden_state: Tensor;
  readonly image_embeds: Tensor;
  readonly penultimate_hidden_states: Tensor;
}

export const conditioning = (options?: InputOptions): Input<Conditioning, false> =>
  input("CONDITIONING", options);
export const clipVisionOutput = (options?: InputOptions): Input<ClipVisionOutput, false> =>
  input("CLIP_VISION_OUTPUT", options);

/** Sets options on every entry. */
export function withOptions(given: Conditioning, options: ConditioningOptions): Conditioning {
  return given.map(([embedding, old]) => [embedding, { ...old, ...options }] as const);
}

/** Appends a value to an option that is a list, on every entry. */
export function appendOption(given: Conditioning, name: string, value: unknown): Conditioning {
  return given.map(([embedding, options]) => {
    const old = options[name];
    return [
      embedding,
      { ...options, [name]: [...(Array.isArray(old) ? (old as unknown[]) : []), value] },
    ] as const;
  });
}
