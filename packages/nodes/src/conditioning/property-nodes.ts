/** Conditioning with all its properties at once, alone and in pairs. */
import { combo, defineNode, float, input, mask, type Mask, optional, tensor } from "../sdk/index.ts";
import { type Conditioning, conditioning, type ConditioningOptions, withOptions } from "./conditioning.ts";

/** Start and end of a part of the sampling, 0…1. */
type TimestepsRange = readonly [start: number, end: number];

interface Properties {
  readonly strength: number;
  readonly set_cond_area: "default" | "mask bounds";
  readonly mask: Mask | undefined;
  readonly hooks: unknown;
  readonly timesteps: TimestepsRange | undefined;
}

/** What is not given leaves the entry as it is; strength and area only count with a mask. */
function withProperties(
  given: Conditioning,
  { strength, set_cond_area, mask, hooks, timesteps }: Properties,
): Conditioning {
  const masked: ConditioningOptions =
    mask === undefined
      ? {}
      : {
          mask: mask.shape.length < 3 ? tensor([1, ...mask.shape], mask.data) : mask,
          set_area_to_bounds: set_cond_area !== "default",
          mask_strength: strength,
        };
  return withOptions(given, {
    ...withHooks(hooks),
    ...(timesteps === undefined ? {} : { start_percent: timesteps[0], end_percent: timesteps[1] }),
    ...masked,
  });
}

function withHooks(hooks: unknown): ConditioningOptions {
  return hooks === undefined || hooks === null ? {} : { hooks };
}

/** Entries that count where no other entry does. */
function withDefault(given: Conditioning, standard: Conditioning, hooks: unknown): Conditioning {
  return [...given, ...withOptions(standard, { ...withHooks(hooks), default: true })];
}

export const conditioningTimestepsRange = defineNode({
  name: "ConditioningTimestepsRange",
  api: "v1",
  displayName: "Timesteps Range",
  category: "advanced/hooks",
  description: "A part of the sampling, and what lies before and after it.",
  pythonModule: "comfy_extras.nodes_hooks",
  inputs: {
    start_percent: float({ default: 0, min: 0, max: 1, step: 0.001 }),
    end_percent: float({ default: 1, min: 0, max: 1, step: 0.001 }),
  },
  outputs: [
    "TIMESTEPS_RANGE",
    { type: "TIMESTEPS_RANGE", name: "BEFORE_RANGE" },
    { type: "TIMESTEPS_RANGE", name: "AFTER_RANGE" },
  ],
  experimental: true,
  searchAliases: ["prompt scheduling", "timestep segments", "conditioning phases"],
  execute: ({ start_percent, end_percent }) => [
    [start_percent, end_percent],
    [0, start_percent],
    [end_percent, 1],
  ],
});

export const conditioningSetProperties = defineNode({
  name: "ConditioningSetProperties",
  api: "v1",
  displayName: "Cond Set Props",
  category: "advanced/hooks/cond single",
  description: "Mask, time and hooks of a conditioning.",
  pythonModule: "comfy_extras.nodes_hooks",
  inputs: {
    cond_NEW: conditioning(),
    strength: float({ default: 1, min: 0, max: 10, step: 0.01 }),
    set_cond_area: combo(["default", "mask bounds"]),
    mask: optional(mask()),
    hooks: optional(input<unknown>("HOOKS")),
    timesteps: optional(input<TimestepsRange>("TIMESTEPS_RANGE")),
  },
  outputs: ["CONDITIONING"],
  experimental: true,
  execute: ({ cond_NEW, mask, hooks, timesteps, strength, set_cond_area }) => [
    withProperties(cond_NEW, { mask, hooks, timesteps, strength, set_cond_area }),
  ],
});

export const conditioningSetPropertiesAndCombine = defineNode({
  name: "ConditioningSetPropertiesAndCombine",
  api: "v1",
  displayName: "Cond Set Props Combine",
  category: "advanced/hooks/cond single",
  description: "Sets properties, and adds the result to another conditioning.",
  pythonModule: "comfy_extras.nodes_hooks",
  inputs: {
    cond: conditioning(),
    cond_NEW: conditioning(),
    strength: float({ default: 1, min: 0, max: 10, step: 0.01 }),
    set_cond_area: combo(["default", "mask bounds"]),
    mask: optional(mask()),
    hooks: optional(input<unknown>("HOOKS")),
    timesteps: optional(input<TimestepsRange>("TIMESTEPS_RANGE")),
  },
  outputs: ["CONDITIONING"],
  experimental: true,
  execute: ({ cond, cond_NEW, mask, hooks, timesteps, strength, set_cond_area }) => [
    [...cond, ...withProperties(cond_NEW, { mask, hooks, timesteps, strength, set_cond_area })],
  ],
});

export const conditioningSetDefaultCombine = defineNode({
  name: "ConditioningSetDefaultCombine",
  api: "v1",
  displayName: "Cond Set Default Combine",
  category: "advanced/hooks/cond single",
  description: "Adds a conditioning for everything that no other covers.",
  pythonModule: "comfy_extras.nodes_hooks",
  inputs: { cond: conditioning(), cond_DEFAULT: conditioning(), hooks: optional(input<unknown>("HOOKS")) },
  outputs: ["CONDITIONING"],
  experimental: true,
  execute: ({ cond, cond_DEFAULT, hooks }) => [withDefault(cond, cond_DEFAULT, hooks)],
});

export const pairConditioningSetProperties = defineNode({
  name: "PairConditioningSetProperties",
  api: "v1",
  displayName: "Cond Pair Set Props",
  category: "advanced/hooks/cond pair",
  description: "Mask, time and hooks of both conditionings.",
  pythonModule: "comfy_extras.nodes_hooks",
  inputs: {
    positive_NEW: conditioning(),
    negative_NEW: conditioning(),
    strength: float({ default: 1, min: 0, max: 10, step: 0.01 }),
    set_cond_area: combo(["default", "mask bounds"]),
    mask: optional(mask()),
    hooks: optional(input<unknown>("HOOKS")),
    timesteps: optional(input<TimestepsRange>("TIMESTEPS_RANGE")),
  },
  outputs: [
    { type: "CONDITIONING", name: "positive" },
    { type: "CONDITIONING", name: "negative" },
  ],
  experimental: true,
  execute: ({ positive_NEW, negative_NEW, mask, hooks, timesteps, strength, set_cond_area }) => {
    return [positive_NEW, negative_NEW].map((given) =>
      withProperties(given, { mask, hooks, timesteps, strength, set_cond_area }),
    );
  },
});

export const pairConditioningSetPropertiesAndCombine = defineNode({
  name: "PairConditioningSetPropertiesAndCombine",
  api: "v1",
  displayName: "Cond Pair Set Props Combine",
  category: "advanced/hooks/cond pair",
  description: "Sets properties, and adds the results to another pair.",
  pythonModule: "comfy_extras.nodes_hooks",
  inputs: {
    positive: conditioning(),
    negative: conditioning(),
    positive_NEW: conditioning(),
    negative_NEW: conditioning(),
    strength: float({ default: 1, min: 0, max: 10, step: 0.01 }),
    set_cond_area: combo(["default", "mask bounds"]),
    mask: optional(mask()),
    hooks: optional(input<unknown>("HOOKS")),
    timesteps: optional(input<TimestepsRange>("TIMESTEPS_RANGE")),
  },
  outputs: [
    { type: "CONDITIONING", name: "positive" },
    { type: "CONDITIONING", name: "negative" },
  ],
  experimental: true,
  execute: ({
    positive,
    negative,
    positive_NEW,
    negative_NEW,
    mask,
    hooks,
    timesteps,
    strength,
    set_cond_area,
  }) => {
    const properties = { mask, hooks, timesteps, strength, set_cond_area };
    return [
      [...positive, ...withProperties(positive_NEW, properties)],
      [...negative, ...withProperties(negative_NEW, properties)],
    ];
  },
});

export const pairConditioningSetDefaultCombine = defineNode({
  name: "PairConditioningSetDefaultCombine",
  api: "v1",
  displayName: "Cond Pair Set Default Combine",
  category: "advanced/hooks/cond pair",
  description: "Adds a pair for everything that no other covers.",
  pythonModule: "comfy_extras.nodes_hooks",
  inputs: {
    positive: conditioning(),
    negative: conditioning(),
    positive_DEFAULT: conditioning(),
    negative_DEFAULT: conditioning(),
    hooks: optional(input<unknown>("HOOKS")),
  },
  outputs: [
    { type: "CONDITIONING", name: "positive" },
    { type: "CONDITIONING", name: "negative" },
  ],
  experimental: true,
  execute: ({ positive, negative, positive_DEFAULT, negative_DEFAULT, hooks }) => [
    withDefault(positive, positive_DEFAULT, hooks),
    withDefault(negative, negative_DEFAULT, hooks),
  ],
});

export const pairConditioningCombine = defineNode({
  name: "PairConditioningCombine",
  api: "v1",
  displayName: "Cond Pair Combine",
  category: "advanced/hooks/cond pair",
  description: "Both pairs count.",
  pythonModule: "comfy_extras.nodes_hooks",
  inputs: {
    positive_A: conditioning(),
    negative_A: conditioning(),
    positive_B: conditioning(),
    negative_B: conditioning(),
  },
  outputs: [
    { type: "CONDITIONING", name: "positive" },
    { type: "CONDITIONING", name: "negative" },
  ],
  experimental: true,
  execute: ({ positive_A, negative_A, positive_B, negative_B }) => [
    [...positive_A, ...positive_B],
    [...negative_A, ...negative_B],
  ],
});
