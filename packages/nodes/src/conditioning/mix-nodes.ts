/** Joining and weighing conditionings. */
import { defineNode, float, isTensor, NodeError, tensor, type Tensor } from "../sdk/index.ts";
import { combine, concatAlong, mapValues, sliceAlong } from "../latent/axes.ts";
import { type Conditioning, conditioning, type ConditioningOptions } from "./conditioning.ts";

/** The first entry; further ones of this input are not used. */
function firstOf(given: Conditioning): readonly [Tensor, ConditioningOptions] {
  const [first] = given;
  if (first === undefined) throw new NodeError("the conditioning is empty", "IndexError");
  return first;
}

function pooledOf(options: ConditioningOptions): Tensor | undefined {
  return isTensor(options["pooled_output"]) ? options["pooled_output"] : undefined;
}

/** `strength · a + (1 − strength) · b`. */
function mix(a: Tensor, b: Tensor, strength: number): Tensor {
  return combine(a, b, (x, y) => x * strength + y * (1 - strength));
}

/** Cuts or fills up the tokens (axis 1) to those of `target`. */
function fitTokens(given: Tensor, target: Tensor): Tensor {
  const wanted = target.shape[1] ?? 0;
  const cut = sliceAlong(given, 1, 0, wanted);
  const missing = wanted - (cut.shape[1] ?? 0);
  return missing === 0 ? cut : concatAlong([cut, tensor(cut.shape.with(1, missing))], 1);
}

/** Multiplies an embedding, and its pooled output where there is one. */
function scale(given: Conditioning, factor: number): Conditioning {
  const times = (value: Tensor): Tensor => mapValues(value, (x) => x * factor);
  return given.map(([embedding, options]) => {
    const pooled = pooledOf(options);
    return [
      times(embedding),
      pooled === undefined ? options : { ...options, pooled_output: times(pooled) },
    ] as const;
  });
}

export const conditioningCombine = defineNode({
  name: "ConditioningCombine",
  api: "v1",
  displayName: "Conditioning (Combine)",
  category: "model/conditioning/transform",
  description: "Both conditionings count.",
  inputs: { conditioning_1: conditioning(), conditioning_2: conditioning() },
  outputs: ["CONDITIONING"],
  searchAliases: [
    "combine",
    "merge conditioning",
    "combine prompts",
    "merge prompts",
    "mix prompts",
    "add prompt",
  ],
  essentialsCategory: "Image Generation",
  execute: ({ conditioning_1, conditioning_2 }) => [[...conditioning_1, ...conditioning_2]],
});

export const conditioningConcat = defineNode({
  name: "ConditioningConcat",
  api: "v1",
  displayName: "Conditioning (Concat)",
  category: "model/conditioning/transform",
  description: "The tokens of the second follow those of the first.",
  inputs: { conditioning_to: conditioning(), conditioning_from: conditioning() },
  outputs: ["CONDITIONING"],
  execute: ({ conditioning_to, conditioning_from }) => {
    const [tokens] = firstOf(conditioning_from);
    return [
      conditioning_to.map(([embedding, options]) => [concatAlong([embedding, tokens], 1), { ...options }]),
    ];
  },
});

export const conditioningAverage = defineNode({
  name: "ConditioningAverage",
  api: "v1",
  displayName: "Conditioning (Average)",
  category: "model/conditioning/transform",
  description: "A mix of two conditionings.",
  inputs: {
    conditioning_to: conditioning(),
    conditioning_from: conditioning(),
    conditioning_to_strength: float({ default: 1, min: 0, max: 1, step: 0.01 }),
  },
  outputs: ["CONDITIONING"],
  searchAliases: [
    "blend prompts",
    "interpolate conditioning",
    "mix prompts",
    "style fusion",
    "weighted blend",
  ],
  execute: ({ conditioning_to, conditioning_from, conditioning_to_strength: strength }) => {
    const [from, fromOptions] = firstOf(conditioning_from);
    const mixed = conditioning_to.map(([embedding, options]) => {
      const pooledTo = pooledOf(options);
      const pooledFrom = pooledOf(fromOptions) ?? pooledTo;
      const pooled =
        pooledTo === undefined || pooledFrom === undefined ? pooledFrom : mix(pooledTo, pooledFrom, strength);
      return [
        mix(embedding, fitTokens(from, embedding), strength),
        pooled === undefined ? { ...options } : { ...options, pooled_output: pooled },
      ];
    });
    return [mixed];
  },
});

export const conditioningMultiply = defineNode({
  name: "ConditioningMultiply",
  api: "v1",
  displayName: "Conditioning (Multiply)",
  category: "model/conditioning/transform",
  description: "A conditioning times a number.",
  inputs: {
    conditioning: conditioning(),
    multiplier: float({ default: 1, min: -100, max: 100, step: 0.01 }),
  },
  outputs: ["CONDITIONING"],
  searchAliases: ["scale conditioning", "scale prompt", "multiply conditioning", "multiply prompt"],
  execute: ({ conditioning: given, multiplier }) => [scale(given, Math.fround(multiplier))],
});

export const conditioningZeroOut = defineNode({
  name: "ConditioningZeroOut",
  api: "v1",
  displayName: "Conditioning Zero Out",
  category: "model/conditioning/transform",
  description: "A conditioning of zeros.",
  inputs: { conditioning: conditioning() },
  outputs: ["CONDITIONING"],
  searchAliases: ["null conditioning", "clear conditioning"],
  execute: ({ conditioning: given }) => {
    const zeroed = given.map(([embedding, options]) => {
      const zeros = ["pooled_output", "conditioning_lyrics"].flatMap((name) => {
        const value = options[name];
        return isTensor(value) ? [[name, tensor(value.shape)] as const] : [];
      });
      return [tensor(embedding.shape), { ...options, ...Object.fromEntries(zeros) }];
    });
    return [zeroed];
  },
});
