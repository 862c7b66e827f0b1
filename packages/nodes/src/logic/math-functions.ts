/** The functions of math expressions, with Python's types and errors. */
import { NodeError } from "../sdk/index.ts";
import { roundHalfEven, roundToDigits } from "../text/exact-decimal.ts";
import {
  compare,
  isPyNumber,
  operate,
  plain,
  power,
  type PyNumber,
  toFloat,
  toInteger,
} from "./math-numbers.ts";

/** What an expression may hold while it is computed. */
export type MathValue = PyNumber | string | null | readonly PyNumber[];

type MathFunction = (...given: readonly MathValue[]) => PyNumber;

function wrongType(name: string): NodeError {
  return new NodeError(`bad argument type for ${name}()`, "TypeError");
}

/** Arguments as numbers; one list stands for its items. */
function numbers(name: string, given: readonly MathValue[]): readonly PyNumber[] {
  const items = given.length === 1 && Array.isArray(given[0]) ? (given[0] as readonly PyNumber[]) : given;
  if (!items.every(isPyNumber)) throw wrongType(name);
  return items;
}

function fixed(
  name: string,
  least: number,
  most: number,
  call: (...given: readonly PyNumber[]) => PyNumber,
): MathFunction {
  return (...given) => {
    if (given.length < least || given.length > most) {
      const range = least === most ? String(least) : `${least} to ${most}`;
      throw new NodeError(`${name}() takes ${range} arguments (${given.length} given)`, "TypeError");
    }
    if (!given.every(isPyNumber)) throw wrongType(name);
    return call(...given);
  };
}

function extreme(name: string, operator: "<" | ">"): MathFunction {
  return (...given) => {
    const [first, ...rest] = numbers(name, given);
    if (first === undefined) throw new NodeError(`${name}() iterable argument is empty`, "ValueError");
    return rest.reduce((best, item) => (compare(operator, item, best) ? item : best), first);
  };
}

/** A real function; a NaN from a number is a domain error, an infinity from a finite one a range error. */
function real(name: string, call: (x: number) => number): MathFunction {
  return fixed(name, 1, 1, (value = 0) => {
    const x = toFloat(value);
    const result = call(x);
    if (Number.isNaN(result) && !Number.isNaN(x)) throw domainError();
    return result;
  });
}

function domainError(): NodeError {
  return new NodeError("math domain error", "ValueError");
}

/** A logarithm of any positive number, also of integers beyond the range of doubles. */
function logarithm(value: PyNumber, log: (x: number) => number, two: number): number {
  const number = plain(value);
  if (number <= 0) throw domainError();
  if (typeof number !== "bigint" || Number.isFinite(Number(number))) return log(Number(number));
  const shift = number.toString(2).length - 64;
  return log(Number(number >> BigInt(shift))) + shift * two;
}

function toWhole(name: "ceil" | "floor"): MathFunction {
  return fixed(name, 1, 1, (value = 0) =>
    typeof value === "number" ? toInteger(Math[name](value)) : BigInt(value),
  );
}

function round(value: PyNumber, digits: PyNumber | undefined): PyNumber {
  const number = plain(value);
  if (digits === undefined) {
    return typeof number === "bigint"
      ? number
      : toInteger(Number.isFinite(number) ? roundHalfEven(number) : number);
  }
  if (typeof digits === "number") {
    throw new NodeError("'float' object cannot be interpreted as an integer", "TypeError");
  }
  const places = Number(digits);
  if (typeof number === "number") return roundToDigits(number, places);
  if (places >= 0) return number;
  if (places < -4000) return 0n;
  const unit = 10n ** BigInt(-places);
  const rest = ((number % unit) + unit) % unit;
  const low = number - rest;
  const up = rest * 2n > unit || (rest * 2n === unit && (low / unit) % 2n !== 0n);
  return up ? low + unit : low;
}

export const MATH_FUNCTIONS: Readonly<Record<string, MathFunction>> = Object.assign(
  Object.create(null) as Record<string, MathFunction>,
  {
    sum: (...given: readonly MathValue[]) =>
      numbers("sum", given).reduce((total, item) => operate("+", total, item), 0n as PyNumber),
    min: extreme("min", "<"),
    max: extreme("max", ">"),
    abs: fixed("abs", 1, 1, (value = 0n) => {
      const number = plain(value);
      return typeof number === "bigint" ? (number < 0n ? -number : number) : Math.abs(number);
    }),
    round: fixed("round", 1, 2, (value = 0n, digits?: PyNumber) => round(value, digits)),
    pow: fixed("pow", 2, 2, (base = 0n, exponent = 0n) => power(base, exponent)),
    sqrt: real("sqrt", Math.sqrt),
    ceil: toWhole("ceil"),
    floor: toWhole("floor"),
    log: fixed("log", 1, 2, (value = 0n, base?: PyNumber) => {
      const natural = logarithm(value, Math.log, Math.LN2);
      return base === undefined ? natural : operate("/", natural, logarithm(base, Math.log, Math.LN2));
    }),
    log2: fixed("log2", 1, 1, (value = 0n) => logarithm(value, Math.log2, 1)),
    log10: fixed("log10", 1, 1, (value = 0n) => logarithm(value, Math.log10, Math.log10(2))),
    sin: real("sin", Math.sin),
    cos: real("cos", Math.cos),
    tan: real("tan", Math.tan),
    int: fixed("int", 1, 1, (value = 0n) => toInteger(value)),
    float: fixed("float", 1, 1, (value = 0n) => toFloat(value)),
  },
);
