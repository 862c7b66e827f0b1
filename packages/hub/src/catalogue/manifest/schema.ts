/** The shape of `manifest.yaml`, as TypeBox schemas. */
import Type, { type Static } from "typebox";

/** Ids are names of folders, fields of forms and words in placeholders. */
export const WORKFLOW_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const INPUT_ID = "^[A-Za-z][A-Za-z0-9_]*$";

/**
 * The types of an input and the values they take:
 *
 * - `text` a string; `int`, `float` a number; `boolean` true or false; `select` one of the options
 * - `seed` an integer from 0 to 2^64−1, or -1 for a random one below 2^53
 * - `image` the name of a file in the input folder (`accept` makes it a video or a sound)
 * - `checkpoint`, `vae` a model file; `resolution` `{width, height}` in pixels
 * - `lora` a pair `{high, low, strength, strength_low}` for models of two noise levels; `low` may be absent
 * - `loras` a list of `{name, strength}`
 * - `scenes` a list of objects with the fields that the input declares
 */
export const INPUT_TYPES = [
  "text",
  "int",
  "float",
  "boolean",
  "seed",
  "select",
  "image",
  "checkpoint",
  "vae",
  "resolution",
  "lora",
  "loras",
  "scenes",
] as const;
export type InputType = (typeof INPUT_TYPES)[number];

const Text = Type.String();
const NodeId = Type.Union([Type.String({ minLength: 1 }), Type.Integer({ minimum: 0 })]);

/** Where a value goes in a static workflow: an input of a node. */
const Target = Type.Object({ node_id: NodeId, field: Type.Optional(Type.String({ minLength: 1 })) });
export type Target = Static<typeof Target>;

const Option = Type.Union([
  Type.String(),
  Type.Number(),
  Type.Object({ value: Type.Union([Type.String(), Type.Number()]), label: Type.Optional(Text) }),
]);

const COMMON = {
  id: Type.String({ pattern: INPUT_ID }),
  type: Type.Unsafe<InputType>(Type.Union(INPUT_TYPES.map((type) => Type.Literal(type)))),
  name: Type.Optional(Text),
  label: Type.Optional(Text),
  required: Type.Optional(Type.Boolean()),
  default: Type.Optional(Type.Unknown()),
  min: Type.Optional(Type.Number()),
  max: Type.Optional(Type.Number()),
  step: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
  tooltip: Type.Optional(Text),
  placeholder: Type.Optional(Text),
  options: Type.Optional(Type.Array(Option, { minItems: 1 })),
  /** text: several lines */
  multiline: Type.Optional(Type.Boolean()),
  /** image: which media the file is of; default `image` */
  accept: Type.Optional(Type.Union([Type.Literal("image"), Type.Literal("video"), Type.Literal("audio")])),
  /** select: the options are the files of this model folder */
  folder: Type.Optional(Text),
};

/** A field of a scene. */
const Field = Type.Object(COMMON);

const Input = Type.Object({
  ...COMMON,
  node_id: Type.Optional(NodeId),
  field: Type.Optional(Type.String({ minLength: 1 })),
  /** for values of several parts (`width`, `height`; `high`, `low`): where each goes */
  targets: Type.Optional(Type.Record(Type.String(), Target)),
  /** scenes: what each has */
  fields: Type.Optional(Type.Array(Field, { minItems: 1 })),
});
export type ManifestInput = Static<typeof Input>;

const Output = Type.Object({
  /** in a dynamic workflow `<step>-<node>` */
  node_id: NodeId,
  name: Type.Optional(Text),
  /** which folder of the job its files go to; default by the node's class */
  kind: Type.Optional(
    Type.Union([Type.Literal("final"), Type.Literal("preview"), Type.Literal("intermediate")]),
  ),
  type: Type.Optional(Text),
});

/** One use of a block. */
const Step = Type.Object({
  block: Type.String({ pattern: WORKFLOW_ID.source }),
  /** prefix of its node ids; default: the block's name */
  id: Type.Optional(Type.String({ pattern: WORKFLOW_ID.source })),
  /** id of a boolean input, `!id` negated: the step is left out when it is false */
  when: Type.Optional(Type.String({ pattern: `^!?${INPUT_ID.slice(1)}` })),
  /** so many times: a number, or the id of an int, `loras` or `scenes` input */
  repeat: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: INPUT_ID })])),
  /** which seed input is stepped with the repetitions; default: the first */
  seed: Type.Optional(Type.String({ pattern: INPUT_ID })),
  /** export → name of the list that gathers it over all repetitions */
  collect: Type.Optional(Type.Record(Type.String(), Type.String())),
  /** further words for the block's placeholders */
  with: Type.Optional(Type.Record(Type.String({ pattern: INPUT_ID }), Type.Unknown())),
});
export type Step = Static<typeof Step>;

export const ManifestSchema = Type.Object({
  id: Type.String({ pattern: WORKFLOW_ID.source }),
  name: Type.String({ minLength: 1 }),
  version: Type.Optional(Type.Integer({ minimum: 0 })),
  date: Type.Optional(Text),
  type: Type.Optional(Type.Union([Type.Literal("static"), Type.Literal("dynamic")])),
  category: Type.Optional(Text),
  description: Type.Optional(Text),
  author: Type.Optional(Text),
  base_model: Type.Optional(Type.Union([Text, Type.Null()])),
  workflow_file: Type.Optional(Text),
  blocks_dir: Type.Optional(Text),
  pipeline: Type.Optional(Type.Array(Step)),
  inputs: Type.Optional(Type.Array(Input)),
  outputs: Type.Optional(Type.Array(Output)),
  required_models: Type.Optional(Type.Array(Text)),
  required_nodes: Type.Optional(Type.Array(Text)),
});

/** A manifest with its defaults filled in. */
export interface Manifest extends Required<
  Omit<Static<typeof ManifestSchema>, "pipeline" | "base_model" | "inputs">
> {
  readonly base_model: string | null;
  readonly inputs: readonly ManifestInput[];
  readonly pipeline: readonly Step[];
}

/** A block of a dynamic workflow: `blocks/<name>.json`. */
export const BlockSchema = Type.Object({
  /** a prompt */
  nodes: Type.Record(Type.String(), Type.Unknown(), { minProperties: 1 }),
  /** name → `<node>.<field>`, or several; a field that ends in `*` takes a list, numbered from 0 */
  imports: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1 })])),
  ),
  /** imports that may be missing */
  optional: Type.Optional(Type.Array(Type.String())),
  /** name → `[node, output]` */
  exports: Type.Optional(
    Type.Record(Type.String(), Type.Tuple([Type.String(), Type.Integer({ minimum: 0 })])),
  ),
});
export type Block = Static<typeof BlockSchema>;
