/** One parameter against its input: the value in its right type, or a sentence that says what is wrong. */
import { isJsonObject, isNumeric, JsonFloat, type JsonObject, type JsonValue } from "@hearth/protocol";
import type { ManifestInput } from "../manifest/schema.ts";

/** What a value is checked against; fields of scenes are such too. */
export type Declared = Omit<ManifestInput, "node_id" | "field" | "targets">;

/** What is wrong, as the end of a sentence that begins with the input's id. */
export class Fault extends Error {
  /** the id of the part that is wrong, before the sentence: `[2].prompt` */
  readonly where: string;

  constructor(what: string, where = "") {
    super(what);
    this.name = "Fault";
    this.where = where;
  }
}

/** The largest seed that samplers take. */
const MAX_SEED = 2n ** 64n - 1n;
export const RANDOM_SEED = -1;
const MAX_SIDE = 16_384;
const MAX_TEXT = 1_000_000;
const MAX_ITEMS = 1000;

/** The value of `given` in the type of the input. @throws Fault */
export function valueOf(input: Declared, given: JsonValue): JsonValue {
  switch (input.type) {
    case "text":
      return textOf(given);
    case "int":
      return inRange(input, integerOf(given));
    case "float":
      return floatOf(input, given);
    case "boolean":
      return booleanOf(given);
    case "seed":
      return seedOf(given);
    case "select":
      return optionOf(input, given);
    case "image":
    case "checkpoint":
    case "vae":
      return fileOf(given);
    case "resolution":
      return resolutionOf(input, given);
    case "lora":
      return loraOf(given);
    case "loras":
      return listOf(input, given).map((item, index) => at(index, () => oneLora(item)));
    case "scenes":
      return listOf(input, given).map((item, index) => at(index, () => sceneOf(input, item)));
  }
}

function textOf(given: JsonValue): string {
  if (isNumeric(given)) return numberText(given);
  if (typeof given !== "string") throw new Fault("must be a text");
  if (given.length > MAX_TEXT) throw new Fault(`must have at most ${MAX_TEXT} characters`);
  return given;
}

/** A number as a person writes it. */
export function numberText(value: number | bigint | JsonFloat): string {
  return String(value instanceof JsonFloat ? value.value : value);
}

/** Forms send numbers as texts. */
function numberIn(given: JsonValue, what: string): number | bigint {
  if (given instanceof JsonFloat) return given.value;
  if (typeof given === "number" || typeof given === "bigint") return given;
  if (typeof given === "string") {
    const text = given.trim();
    if (/^[+-]?\d+$/.test(text)) {
      const exact = BigInt(text);
      const plain = Number(exact);
      return Number.isSafeInteger(plain) ? plain : exact;
    }
    if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  }
  throw new Fault(`must be ${what}`);
}

function integerOf(given: JsonValue): number | bigint {
  const value = numberIn(given, "a whole number");
  if (typeof value === "number" && !Number.isInteger(value)) throw new Fault("must be a whole number");
  return value;
}

function floatOf(input: Declared, given: JsonValue): JsonValue {
  const value = Number(inRange(input, numberIn(given, "a number")));
  if (!Number.isFinite(value)) throw new Fault("must be a finite number");
  return Number.isInteger(value) ? new JsonFloat(value) : value;
}

function inRange({ min, max }: Declared, value: number | bigint): number | bigint {
  if (min !== undefined && value < min) throw new Fault(`must be at least ${min}`);
  if (max !== undefined && value > max) throw new Fault(`must be at most ${max}`);
  return value;
}

function booleanOf(given: JsonValue): boolean {
  if (typeof given === "boolean") return given;
  const word = typeof given === "string" ? given.trim().toLowerCase() : given;
  if (word === "true" || word === 1 || word === "1") return true;
  if (word === "false" || word === 0 || word === "0") return false;
  throw new Fault("must be true or false");
}

function seedOf(given: JsonValue): number | bigint {
  const value = integerOf(given);
  if (value < RANDOM_SEED || value > MAX_SEED) {
    throw new Fault("must be -1 for a random seed, or from 0 to 18446744073709551615");
  }
  return value;
}

/** The values that may be chosen; `undefined` when they are files of now, which validation checks. */
export function choices(input: Declared): (string | number)[] | undefined {
  return input.options?.map((option) => (typeof option === "object" ? option.value : option));
}

function optionOf(input: Declared, given: JsonValue): JsonValue {
  const known = choices(input);
  if (known === undefined) return fileOf(given);
  const text = isNumeric(given) ? numberText(given) : given;
  const found = known.find((choice) => String(choice) === text);
  if (found === undefined) throw new Fault(`must be one of ${known.join(", ")}`);
  return found;
}

function fileOf(given: JsonValue): string {
  if (typeof given !== "string" || given === "") throw new Fault("must be the name of a file");
  return given;
}

function resolutionOf(input: Declared, given: JsonValue): JsonObject {
  const text = typeof given === "string" ? /^\s*(\d+)\s*[x×*]\s*(\d+)\s*$/i.exec(given) : null;
  const parts: JsonValue = text === null ? given : { width: Number(text[1]), height: Number(text[2]) };
  if (!isJsonObject(parts)) throw new Fault("must be like 512x768 or have width and height");
  const side = (name: string): number => {
    try {
      const value = Number(inRange(input, integerOf(parts[name] ?? null)));
      if (value < 1 || value > MAX_SIDE) throw new Fault(`must be from 1 to ${MAX_SIDE}`);
      return value;
    } catch (error) {
      throw error instanceof Fault ? new Fault(error.message, `.${name}`) : error;
    }
  };
  return { width: side("width"), height: side("height") };
}

function strengthOf(given: JsonValue | undefined, name: string): JsonValue {
  try {
    return floatOf({ id: name, type: "float", min: -100, max: 100 }, given ?? 1);
  } catch (error) {
    throw error instanceof Fault ? new Fault(error.message, `.${name}`) : error;
  }
}

/** A pair of LoRAs; one name is one for the high noise alone. */
function loraOf(given: JsonValue): JsonObject {
  const pair: JsonValue = typeof given === "string" ? { high: given } : given;
  if (!isJsonObject(pair)) throw new Fault("must be the name of a LoRA, or have high and low");
  const part = (name: string): string | null => {
    const file = pair[name] ?? null;
    if (file === null || file === "") return null;
    if (typeof file !== "string") throw new Fault("must be the name of a file", `.${name}`);
    return file;
  };
  const strength = strengthOf(pair["strength"], "strength");
  const low = pair["strength_low"];
  return {
    high: part("high"),
    low: part("low"),
    strength,
    strength_low: low === undefined ? strength : strengthOf(low, "strength_low"),
  };
}

function oneLora(given: JsonValue): JsonObject {
  const lora: JsonValue = typeof given === "string" ? { name: given } : given;
  if (!isJsonObject(lora)) throw new Fault("must be the name of a LoRA, or have name and strength");
  if (typeof lora["name"] !== "string" || lora["name"] === "") {
    throw new Fault("must be the name of a file", ".name");
  }
  return { name: lora["name"], strength: strengthOf(lora["strength"], "strength") };
}

function listOf(input: Declared, given: JsonValue): JsonValue[] {
  if (!Array.isArray(given)) throw new Fault("must be a list");
  const least = input.min ?? 0;
  const most = Math.min(input.max ?? MAX_ITEMS, MAX_ITEMS);
  if (given.length < least)
    throw new Fault(`must have at least ${least} ${least === 1 ? "entry" : "entries"}`);
  if (given.length > most) throw new Fault(`must have at most ${most} ${most === 1 ? "entry" : "entries"}`);
  return given;
}

function sceneOf(input: Declared, given: JsonValue): JsonObject {
  if (!isJsonObject(given)) throw new Fault("must be an object");
  const scene: JsonObject = {};
  for (const field of input.fields ?? []) {
    try {
      scene[field.id] = valueOrDefault(field, given[field.id]);
    } catch (error) {
      throw error instanceof Fault ? new Fault(error.message, `.${field.id}${error.where}`) : error;
    }
  }
  return scene;
}

/** The value of an input that may be left out: its default, and `null` without one. @throws Fault when it is required */
export function valueOrDefault(input: Declared, given: JsonValue | undefined): JsonValue {
  const isAbsent = given === undefined || given === null || (given === "" && input.type !== "text");
  const fallback = input.default as JsonValue | undefined;
  if (!isAbsent) {
    if (given === "" && input.required === true) throw new Fault("is required");
    return valueOf(input, given);
  }
  if (fallback !== undefined && fallback !== null) return valueOf(input, fallback);
  if (input.type === "seed") return RANDOM_SEED;
  if (input.required === true) throw new Fault("is required");
  if (input.type === "loras" || input.type === "scenes") return valueOf(input, []);
  if (input.type === "boolean") return false;
  return input.type === "text" ? "" : null;
}

function at<T>(index: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof Fault ? new Fault(error.message, `[${index}]${error.where}`) : error;
  }
}
