/**
 * What is wrong with a query or a body, one object per problem, in the form that clients of the contract know (that of
 * pydantic 2): `{"type", "loc", "msg", "input", "ctx"?, "url"}`.
 */
import { isJsonObject, type JsonObject, type JsonValue, printJson } from "@hearth/protocol";
import { AssetError } from "../../../assets/index.ts";

type Place = readonly (string | number)[];

const URL = "https://errors.pydantic.dev/2.13/v/";

export class Problems {
  readonly #list: JsonObject[] = [];

  /** Notes a problem. `context` is what the message was made with. */
  add(type: string, place: Place, message: string, input: JsonValue, context?: JsonObject): void {
    this.#list.push({
      type,
      loc: [...place],
      msg: message,
      input,
      ...(context === undefined ? {} : { ctx: context }),
      url: URL + type,
    });
  }

  /** A rule of our own is broken. */
  addValue(place: Place, message: string, input: JsonValue): void {
    this.add("value_error", place, `Value error, ${message}`, input, { error: message });
  }

  addMissing(place: Place, input: JsonValue): void {
    this.add("missing", place, "Field required", input);
  }

  get isEmpty(): boolean {
    return this.#list.length === 0;
  }

  /** @throws AssetError 400 with all problems in its details, when there are any */
  throwIfAny(code: string, message: string): void {
    if (this.#list.length > 0) throw new AssetError(code, 400, message, { errors: this.#list });
  }

  /** The same for forms: there the problems stand in the message. @throws AssetError */
  throwInMessage(): void {
    if (this.#list.length > 0) {
      throw new AssetError("INVALID_BODY", 400, `Validation failed: ${printJson(this.#list)}`);
    }
  }
}

/** `'a', 'b' or 'c'` */
function choices(words: readonly string[]): string {
  const quoted = words.map((word) => `'${word}'`);
  const last = quoted.at(-1) ?? "";
  return quoted.length < 2 ? last : `${quoted.slice(0, -1).join(", ")} or ${last}`;
}

/** One of these words. */
export function checkWord<W extends string>(
  problems: Problems,
  name: string,
  given: string | undefined,
  words: readonly W[],
  fallback: W,
): W {
  if (given === undefined) return fallback;
  const found = words.find((word) => word === given);
  if (found !== undefined) return found;
  const expected = choices(words);
  problems.add("literal_error", [name], `Input should be ${expected}`, given, { expected });
  return fallback;
}

/** An integer as a query writes it. */
export function checkInteger(
  problems: Problems,
  name: string,
  given: string | undefined,
  { least, most, fallback }: { least: number; most: number; fallback: number },
): number {
  if (given === undefined) return fallback;
  const match = /^\s*([+-]?\d(?:_?\d)*)(?:\.0*)?\s*$/.exec(given);
  if (match === null) {
    problems.add(
      "int_parsing",
      [name],
      "Input should be a valid integer, unable to parse string as an integer",
      given,
    );
    return fallback;
  }
  const value = Number(match[1]?.replaceAll("_", ""));
  if (value < least) {
    const message = `Input should be greater than or equal to ${least}`;
    problems.add("greater_than_equal", [name], message, given, { ge: least });
  } else if (value > most) {
    problems.add("less_than_equal", [name], `Input should be less than or equal to ${most}`, given, {
      le: most,
    });
  }
  return value;
}

const TRUE = ["1", "true", "t", "yes", "y", "on"];
const FALSE = ["0", "false", "f", "no", "n", "off"];

export function checkBoolean(
  problems: Problems,
  name: string,
  given: string | undefined,
  fallback: boolean,
): boolean {
  if (given === undefined) return fallback;
  const word = given.trim().toLowerCase();
  if (TRUE.includes(word)) return true;
  if (FALSE.includes(word)) return false;
  problems.add("bool_parsing", [name], "Input should be a valid boolean, unable to interpret input", given);
  return fallback;
}

/** A text of at most `most` characters. */
export function checkText(
  problems: Problems,
  place: Place,
  given: JsonValue | undefined,
  most: number,
): string | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given !== "string") {
    problems.add("string_type", place, "Input should be a valid string", given);
    return undefined;
  }
  if (given.length > most) {
    problems.add("string_too_long", place, `String should have at most ${most} characters`, given, {
      max_length: most,
    });
    return undefined;
  }
  return given;
}

/** A list of texts. */
export function checkTexts(
  problems: Problems,
  name: string,
  given: JsonValue | undefined,
  most: number,
): string[] {
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given)) {
    problems.add("list_type", [name], "Input should be a valid list", given);
    return [];
  }
  if (given.length > most) {
    problems.add(
      "too_long",
      [name],
      `List should have at most ${most} items after validation, not ${given.length}`,
      null,
      { field_type: "List", max_length: most, actual_length: given.length },
    );
    return [];
  }
  return given
    .map((item, index) => {
      if (item !== null) return checkText(problems, [name, index], item, 512);
      problems.add("string_type", [name, index], "Input should be a valid string", item);
      return undefined;
    })
    .filter((item) => item !== undefined);
}

export function checkObject(
  problems: Problems,
  name: string,
  given: JsonValue | undefined,
): JsonObject | undefined {
  if (given === undefined || given === null) return undefined;
  if (isJsonObject(given)) return given;
  problems.add("dict_type", [name], "Input should be a valid dictionary", given);
  return undefined;
}

/** The body as an object; anything else is one problem. */
export function checkBody(problems: Problems, body: JsonValue): JsonObject {
  if (isJsonObject(body)) return body;
  problems.add("model_type", [], "Input should be a valid dictionary or instance of a body", body, {
    class_name: "Body",
  });
  return {};
}
