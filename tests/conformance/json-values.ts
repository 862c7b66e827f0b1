/** Small questions about JSON values. */
import { JsonFloat, printJson, toNumber, type JsonValue } from "@hearth/protocol";

/** Two JSON numbers of the same value, exactly: `1` = `1.0`, and no digit of a large integer is lost. */
export function sameNumber(one: number | bigint | JsonFloat, other: number | bigint | JsonFloat): boolean {
  const a = one instanceof JsonFloat ? one.value : one;
  const b = other instanceof JsonFloat ? other.value : other;
  // `==` compares a bigint with a double by mathematical value.
  // eslint-disable-next-line eqeqeq
  return a == b || (Number.isNaN(a) && Number.isNaN(b));
}

/** A value as it appears in a message. */
export function short(value: JsonValue | undefined, limit = 300): string {
  const text = value === undefined ? "nothing" : printJson(value);
  return text.length <= limit ? text : `${text.slice(0, limit)}...`;
}

/** The number of a JSON value that a fixture promises to be one. */
export function numberIn(value: JsonValue | undefined, otherwise: number): number {
  return value === undefined || value === null ? otherwise : toNumber(value);
}
