/**
 * Declarations of inputs: each carries the wire form of section 3.17 and, as a phantom, the type that `execute` sees.
 * `v1` classes send `[type, options]` as given; schema classes send every option in the fixed order.
 */
import {
  type FileList,
  type InputDeclaration,
  JsonFloat,
  type JsonObject,
  type JsonValue,
} from "@hearth/protocol";
import type { Audio, Image, Latent, Mask, Tensor } from "./tensor.ts";

declare const valueType: unique symbol;

export interface Input<T = unknown, Optional extends boolean = boolean> {
  readonly declaration: InputDeclaration;
  readonly optional: Optional;
  readonly list?: Omit<FileList, "path">;
  readonly [valueType]?: T;
}

export type ValueOf<I> = I extends Input<infer T, boolean> ? T : never;

type Required<T> = Input<T, false>;

/** Options of section 3.17, in the order in which they are sent. Omit all for `[type]` alone (v1 classes). */
export type InputOptions = Record<string, JsonValue>;

function make<T>(type: string | JsonValue[], options: InputOptions | undefined): Required<T> {
  return { declaration: options === undefined ? [type] : [type, options], optional: false };
}

const BOUNDS = ["default", "min", "max", "step", "round"];

function withFloatBounds(options: InputOptions | undefined): InputOptions | undefined {
  if (options === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name,
      BOUNDS.includes(name) && Number.isInteger(value) ? new JsonFloat(value as number) : value,
    ]),
  );
}

/** Any type by name; the value's TypeScript type is the type argument. */
export function input<T = unknown>(type: string, options?: InputOptions): Required<T> {
  return make<T>(type, options);
}
export const image = (options?: InputOptions): Required<Image> => make("IMAGE", options);
export const mask = (options?: InputOptions): Required<Mask> => make("MASK", options);
export const latent = (options?: InputOptions): Required<Latent> => make("LATENT", options);
export const audio = (options?: InputOptions): Required<Audio> => make("AUDIO", options);
export const sigmas = (options?: InputOptions): Required<Tensor> => make("SIGMAS", options);
/** Integers beyond ±2^53 (seeds) do not fit: use `bigInt`. */
export const int = (options?: InputOptions): Required<number> => make("INT", options);
/** An integer that may exceed 2^53: a number where exact, else a bigint. */
export const bigInt = (options?: InputOptions): Required<number | bigint> => make("INT", options);
/** Whole bounds are sent as floats (`8.0`), which is how error texts print them. */
export const float = (options?: InputOptions): Required<number> => make("FLOAT", withFloatBounds(options));
export const string = (options?: InputOptions): Required<string> => make("STRING", options);
export const boolean = (options?: InputOptions): Required<boolean> => make("BOOLEAN", options);
/** Anything; floats with a whole value arrive as `JsonFloat`, so that text nodes print them as Python does. */
export const any = (options?: InputOptions): Required<unknown> => make("*", options);

/** A v1 combo: the type is the list itself. */
export function combo<const V extends string | number>(
  values: readonly V[],
  options?: InputOptions,
): Required<V> {
  return make<V>([...values], options);
}

/** A schema combo: type `COMBO`, the list under `options`. */
export function choice<const V extends string>(
  values: readonly V[],
  options: InputOptions = {},
): Required<V> {
  return make<V>("COMBO", { ...options, multiselect: false, options: [...values] });
}

/** A v1 combo filled from a folder (`input`, or a model folder). */
export function files(list: Omit<FileList, "path">, options?: InputOptions): Required<string> {
  return { ...make<string>([], options), list };
}

/** Makes an input optional: `execute` sees `undefined` when it is not given. */
export function optional<T>(given: Required<T>): Input<T | undefined, true> {
  const { declaration, list } = given;
  return list === undefined ? { declaration, optional: true } : { declaration, optional: true, list };
}

/** Member names of an autogrow that counts by letters: `a` to `z`. */
export const LETTER_NAMES: string[] = [..."abcdefghijklmnopqrstuvwxyz"];

/** Inputs that grow as links are added; `execute` sees an ordered record without the prefix path. */
export function autogrow<T>(template: JsonObject): Required<Record<string, T>> {
  return make("COMFY_AUTOGROW_V3", { template });
}

/** The sub-inputs of one choice of a dynamic combo. */
export interface DynamicOption {
  readonly key: string;
  readonly inputs: JsonObject;
}

/** A choice with sub-inputs; `execute` sees a record with the key under the input's own name. */
export function dynamicCombo<T extends Record<string, unknown>>(
  choices: readonly DynamicOption[],
  options: InputOptions = {},
): Required<T> {
  return make("COMFY_DYNAMICCOMBO_V3", {
    ...options,
    options: choices.map(({ key, inputs }) => ({ key, inputs })),
  });
}
