/** Builds the values of the engine from descriptions (README of the node recordings, "Values"). */
import {
  generate,
  isJsonObject,
  JsonFloat,
  NestedTensor,
  Video,
  type Audio,
  type FrameRate,
  type GeneratorSpec,
  type JsonObject,
  type JsonValue,
  type Tensor,
} from "./sdk.ts";

/** By key of a single-key object. The runner asks this table which cases can be built. */
export const MAKERS: Readonly<Record<string, (payload: JsonValue) => unknown>> = {
  $tensor: (payload) => generate(plain(payload) as GeneratorSpec),
  $float: (payload) => Number(payload),
  $int: (payload) => BigInt(String(payload)),
  $nested: (payload) => new NestedTensor((payload as JsonValue[]).map((part) => makeValue(part) as Tensor)),
  $svg: (payload) => payload,
  $video: makeVideo,
};

/** The key of a value that is more than JSON: `$tensor`, `$video`, … */
export function specialKey(value: JsonValue): string | undefined {
  if (!isJsonObject(value)) return undefined;
  const [key = "", ...more] = Object.keys(value);
  return key.startsWith("$") && more.length === 0 ? key : undefined;
}

/** @throws RangeError for kinds of values that the engine has no counterpart of */
export function makeValue(given: JsonValue): unknown {
  if (Array.isArray(given)) return given.map(makeValue);
  if (!isJsonObject(given)) return given;
  const key = specialKey(given);
  if (key === undefined) {
    return Object.fromEntries(Object.entries(given).map(([name, item]) => [name, makeValue(item)]));
  }
  const make = MAKERS[key];
  if (make === undefined) throw new RangeError(`no maker of ${key}`);
  return make(given[key] as JsonValue);
}

/** A video made of components. */
function makeVideo(payload: JsonValue): Video {
  const { images = null, fps = null, audio } = payload as JsonObject;
  return Video.ofComponents({
    images: makeValue(images) as Tensor,
    frameRate: plain(fps) as FrameRate,
    bitDepth: 8,
    colorSpace: "sRGB",
    ...(audio === undefined ? {} : { audio: makeValue(audio) as Audio }),
  });
}

/** Generators count in plain numbers. */
function plain(value: JsonValue): unknown {
  if (value instanceof JsonFloat) return value.value;
  if (Array.isArray(value)) return value.map(plain);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
