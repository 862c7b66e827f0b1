/** Python's arithmetic: integers of any size are `bigint`, floats are `number`, booleans count as 0 and 1. */
import { NodeError } from "../sdk/index.ts";

export type PyNumber = bigint | number | boolean;

/** Exponents beyond this would fill memory. */
const MAX_EXPONENT = 4000;
const MAX_SHIFT = 10_000;
/** Bits of the largest integer that is computed with. */
const MAX_BITS = 200_000;

export function isPyNumber(value: unknown): value is PyNumber {
  return typeof value === "bigint" || typeof value === "number" || typeof value === "boolean";
}

/** An integer from a boolean; other numbers as they are. */
export function plain(value: PyNumber): bigint | number {
  return typeof value === "boolean" ? BigInt(value) : value;
}

/** @throws NodeError `OverflowError` for an integer beyond the range of doubles */
export function toFloat(value: PyNumber): number {
  const number = Number(value);
  if (typeof value === "bigint" && !Number.isFinite(number)) {
    throw new NodeError("int too large to convert to float", "OverflowError");
  }
  return number;
}

/** Python's `int(value)`: truncation. */
export function toInteger(value: PyNumber): bigint {
  if (typeof value !== "number") return BigInt(value);
  if (Number.isNaN(value)) throw new NodeError("cannot convert float NaN to integer", "ValueError");
  if (!Number.isFinite(value))
    throw new NodeError("cannot convert float infinity to integer", "OverflowError");
  return BigInt(Math.trunc(value));
}

function divisionByZero(message: string): NodeError {
  return new NodeError(message, "ZeroDivisionError");
}

/** Integer division that rounds down. */
function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

/** The remainder with the sign of the divisor. */
function floatModulo(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 === b < 0 ? rest : rest + b;
}

function floatFloorDivide(a: number, b: number): number {
  const quotient = (a - floatModulo(a, b)) / b;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

type Pair<T> = (a: T, b: T) => bigint | number;

const OPERATORS: Readonly<
  Record<string, { readonly integers: Pair<bigint>; readonly floats: Pair<number> }>
> = {
  "+": { integers: (a, b) => a + b, floats: (a, b) => a + b },
  "-": { integers: (a, b) => a - b, floats: (a, b) => a - b },
  "*": { integers: (a, b) => a * b, floats: (a, b) => a * b },
  "/": { integers: divideIntegers, floats: (a, b) => nonZero(b, "float division by zero") && a / b },
  "//": {
    integers: (a, b) => nonZero(b, "integer division or modulo by zero") && floorDivide(a, b),
    floats: (a, b) => nonZero(b, "float floor division by zero") && floatFloorDivide(a, b),
  },
  "%": {
    integers: (a, b) => nonZero(b, "integer modulo by zero") && a - floorDivide(a, b) * b,
    floats: (a, b) => nonZero(b, "float modulo") && floatModulo(a, b),
  },
};

/** The number itself, so that `nonZero(b) && …` yields what follows. */
function nonZero<T extends bigint | number>(value: T, message: string): T {
  if (Number(value) === 0) throw divisionByZero(message);
  return value;
}

/** True division, exact also where the operands exceed 2^53: both are cut to 64 significant bits first. */
function divideIntegers(a: bigint, b: bigint): number {
  nonZero(b, "division by zero");
  const safe = BigInt(Number.MAX_SAFE_INTEGER);
  if (a <= safe && a >= -safe && b <= safe && b >= -safe) return Number(a) / Number(b);
  const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);
  const shift = 64 - magnitude(a).toString(2).length + magnitude(b).toString(2).length;
  const up = BigInt(Math.max(shift, 0));
  const down = BigInt(Math.max(-shift, 0));
  const numerator = magnitude(a) << up;
  const denominator = magnitude(b) << down;
  const sticky = numerator % denominator === 0n ? 0n : 1n;
  const quotient = Number(((numerator / denominator) << 1n) | sticky);
  const result =
    shift > 1000 ? (quotient / 2 ** 1000) * 2 ** (1000 - shift - 1) : quotient * 2 ** (-shift - 1);
  if (!Number.isFinite(result))
    throw new NodeError("integer division result too large for a float", "OverflowError");
  return a < 0n === b < 0n ? result : -result;
}

/** `a operator b` for arithmetic, `**`, shifts and bit operators. */
export function operate(operator: string, left: PyNumber, right: PyNumber): PyNumber {
  if (operator === "**") return power(left, right);
  if (["<<", ">>", "&", "|", "^"].includes(operator)) return bitwise(operator, left, right);
  const pair = OPERATORS[operator];
  if (pair === undefined) throw new NodeError(`operator ${operator} is not available`, "FeatureNotAvailable");
  const a = plain(left);
  const b = plain(right);
  if (typeof a === "bigint" && typeof b === "bigint") return bounded(pair.integers(a, b));
  return pair.floats(toFloat(a), toFloat(b));
}

function bounded(value: bigint | number): bigint | number {
  if (typeof value === "bigint" && BigInt.asIntN(MAX_BITS, value) !== value) {
    throw new NodeError("the result has too many digits", "ValueError");
  }
  return value;
}

function bitwise(operator: string, left: PyNumber, right: PyNumber): bigint | boolean {
  if (typeof left === "number" || typeof right === "number") {
    const name = (value: PyNumber): string =>
      typeof value === "number" ? "float" : typeof value === "boolean" ? "bool" : "int";
    const types = `'${name(left)}' and '${name(right)}'`;
    throw new NodeError(`unsupported operand type(s) for ${operator}: ${types}`, "TypeError");
  }
  const a = BigInt(left);
  const b = BigInt(right);
  if (operator === "<<" || operator === ">>") {
    if (b < 0n) throw new NodeError("negative shift count", "ValueError");
    if (b > BigInt(MAX_SHIFT)) throw new NodeError(`shift by more than ${MAX_SHIFT}`, "ValueError");
    return operator === "<<" ? (bounded(a << b) as bigint) : a >> b;
  }
  const result = operator === "&" ? a & b : operator === "|" ? a | b : a ^ b;
  return typeof left === "boolean" && typeof right === "boolean" ? result === 1n : result;
}

/**
 * Python's `a ** b`: an integer to a negative power is a float.
 * @throws NodeError `ValueError` beyond the exponent limit and where the result is complex
 */
export function power(left: PyNumber, right: PyNumber): bigint | number {
  const a = plain(left);
  const b = plain(right);
  if (Math.abs(Number(b)) > MAX_EXPONENT) {
    throw new NodeError(`exponent ${String(b)} exceeds the limit of ${MAX_EXPONENT}`, "ValueError");
  }
  if (typeof a === "bigint" && typeof b === "bigint" && b >= 0n) {
    const bits = a.toString(2).length;
    if (bits * Number(b) > MAX_BITS && bits > 1)
      throw new NodeError("the result has too many digits", "ValueError");
    return a ** b;
  }
  const base = toFloat(a);
  const exponent = toFloat(b);
  if (base === 0 && exponent < 0) throw divisionByZero("0.0 cannot be raised to a negative power");
  if (base < 0 && Number.isFinite(base) && !Number.isInteger(exponent)) {
    throw new NodeError("the result is a complex number", "ValueError");
  }
  // In Python 1 to any power is 1, also to NaN.
  if (base === 1) return 1;
  const result = base ** exponent;
  if (!Number.isFinite(result) && Number.isFinite(base) && Number.isFinite(exponent)) {
    throw new NodeError("(34, 'Numerical result out of range')", "OverflowError");
  }
  return result;
}

/** `<`, `<=`, `>`, `>=`, `==`, `!=`; integers and floats compare by exact value. */
export function compare(operator: string, left: PyNumber, right: PyNumber): boolean {
  const a = plain(left);
  const b = plain(right);
  if (operator === "<") return a < b;
  if (operator === "<=") return a <= b;
  if (operator === ">") return a > b;
  if (operator === ">=") return a >= b;
  // oxlint-disable-next-line eqeqeq -- a bigint equals a number of the same value only loosely
  return (a == b) === (operator === "==");
}
