/** Evaluates math expressions with Python's semantics. */
import { isNumeric, JsonFloat, pyRepr } from "@hearth/protocol";
import { NodeError } from "../sdk/index.ts";
import { MATH_FUNCTIONS, type MathValue } from "./math-functions.ts";
import { compare, isPyNumber, operate, plain, type PyNumber, toFloat, toInteger } from "./math-numbers.ts";
import { type Expression, parseExpression } from "./math-syntax.ts";

export interface MathResult {
  readonly float: number;
  readonly integer: bigint;
  readonly boolean: boolean;
}

/** A number of a prompt as Python has it: whole floats stay floats. */
export function pythonNumber(value: unknown): PyNumber {
  if (typeof value === "boolean" || typeof value === "bigint") return value;
  if (value instanceof JsonFloat) return value.value;
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  throw new NodeError(`${pyRepr(value)} is not a number`, "ValueError");
}

/**
 * Evaluates an expression over named numbers; `values` is the list of all of them.
 * @throws NodeError `SyntaxError`, `ZeroDivisionError`, `TypeError`, …; `ValueError` when it is empty or the result is
 * no finite number
 */
export function evaluateExpression(text: string, values: Readonly<Record<string, unknown>>): MathResult {
  if (text.trim() === "") throw new NodeError("Expression cannot be empty.", "ValueError");
  const names = new Map<string, MathValue>();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null) names.set(name, pythonNumber(value));
  }
  names.set("values", [...names.values()].filter(isPyNumber));
  const result = evaluate(parseExpression(text.trim()), names);
  if (!isPyNumber(result)) {
    throw new NodeError("Math Expression must evaluate to a numeric result.", "ValueError");
  }
  if (typeof result === "number" && !Number.isFinite(result)) {
    throw new NodeError("Math Expression produced a non-finite result.", "ValueError");
  }
  return { float: toFloat(result), integer: toInteger(result), boolean: truthy(result) };
}

function truthy(value: MathValue): boolean {
  if (typeof value === "string" || Array.isArray(value)) return value.length > 0;
  return value !== null && value !== 0 && value !== 0n && value !== false;
}

function evaluate(tree: Expression, names: ReadonlyMap<string, MathValue>): MathValue {
  const run = (part: Expression): MathValue => evaluate(part, names);
  if (tree.kind === "constant") return tree.value;
  if (tree.kind === "name") {
    const value = names.get(tree.name);
    if (value === undefined) throw new NodeError(`'${tree.name}' is not defined`, "NameNotDefined");
    return value;
  }
  if (tree.kind === "conditional") return truthy(run(tree.test)) ? run(tree.chosen) : run(tree.otherwise);
  if (tree.kind === "logical") {
    const left = run(tree.left);
    return truthy(left) === (tree.operator === "and") ? run(tree.right) : left;
  }
  if (tree.kind === "unary") return unary(tree.operator, run(tree.operand));
  if (tree.kind === "binary") {
    return operate(
      tree.operator,
      operand(run(tree.left), tree.operator),
      operand(run(tree.right), tree.operator),
    );
  }
  if (tree.kind === "comparison") return chain(tree, run);
  if (tree.kind === "call") {
    const call = MATH_FUNCTIONS[tree.name];
    if (call === undefined) throw new NodeError(`Function '${tree.name}' not defined`, "FunctionNotDefined");
    return call(...tree.arguments.map(run));
  }
  if (tree.kind === "index") return item(run(tree.object), run(tree.index));
  return attribute(run(tree.object), tree.name);
}

function operand(value: MathValue, operator: string): PyNumber {
  if (isPyNumber(value)) return value;
  throw new NodeError(`unsupported operand type(s) for ${operator}`, "TypeError");
}

function unary(operator: string, value: MathValue): MathValue {
  if (operator === "not") return !truthy(value);
  const number = plain(operand(value, operator));
  if (operator === "+") return number;
  if (operator === "-") return -number;
  if (typeof number === "bigint") return ~number;
  throw new NodeError("bad operand type for unary ~: 'float'", "TypeError");
}

function chain(
  tree: Extract<Expression, { kind: "comparison" }>,
  run: (part: Expression) => MathValue,
): boolean {
  let left = run(tree.first);
  for (const { operator, right } of tree.rest) {
    const value = run(right);
    if (!holds(operator, left, value)) return false;
    left = value;
  }
  return true;
}

function holds(operator: string, left: MathValue, right: MathValue): boolean {
  if (operator === "in" || operator === "not in") return contains(right, left) === (operator === "in");
  if (operator === "is" || operator === "is not") return (left === right) === (operator === "is");
  if (isPyNumber(left) && isPyNumber(right)) return compare(operator, left, right);
  if (operator === "==" || operator === "!=") return (left === right) === (operator === "==");
  if (typeof left === "string" && typeof right === "string") {
    if (operator === "<") return left < right;
    if (operator === "<=") return left <= right;
    return operator === ">" ? left > right : left >= right;
  }
  throw new NodeError(`'${operator}' not supported between these types`, "TypeError");
}

function contains(container: MathValue, value: MathValue): boolean {
  if (Array.isArray(container)) {
    return (container as readonly PyNumber[]).some((each) => isPyNumber(value) && compare("==", each, value));
  }
  if (typeof container === "string" && typeof value === "string") return container.includes(value);
  throw new NodeError("argument is not iterable", "TypeError");
}

function item(object: MathValue, index: MathValue): MathValue {
  if (!Array.isArray(object)) throw new NodeError("object is not subscriptable", "TypeError");
  if (typeof index !== "bigint" && typeof index !== "boolean") {
    throw new NodeError("list indices must be integers or slices", "TypeError");
  }
  const value = (object as readonly PyNumber[]).at(Number(index));
  if (value === undefined) throw new NodeError("list index out of range", "IndexError");
  return value;
}

/** Attributes of numbers, as far as Python's have plain values. */
function attribute(object: MathValue, name: string): MathValue {
  if (isPyNumber(object)) {
    const number = plain(object);
    if (name === "real") return number;
    if (name === "imag") return typeof number === "bigint" ? 0n : 0;
    if (typeof number === "bigint" && name === "numerator") return number;
    if (typeof number === "bigint" && name === "denominator") return 1n;
  }
  throw new NodeError(`Attribute '${name}' does not exist`, "AttributeDoesNotExist");
}

/** An integer as it travels between nodes: a number where exact, else a bigint. */
export function integerValue(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * Python's reading of a number, a boolean or a text as `float` and `int`.
 * @throws NodeError `ValueError` for text that is no finite number, `TypeError` for other values
 */
export function convertNumber(value: unknown): { float: number; integer: bigint } {
  if (typeof value === "string") return convertText(value);
  if (typeof value !== "boolean" && !isNumeric(value)) {
    throw new NodeError(`Cannot convert ${pyRepr(value)} to a number.`, "TypeError");
  }
  const number = pythonNumber(value);
  if (typeof number === "number" && !Number.isFinite(number)) {
    throw new NodeError("Cannot convert a non-finite number.", "ValueError");
  }
  return { float: toFloat(number), integer: toInteger(number) };
}

const INTEGER_TEXT = /^[+-]?\d+(?:_\d+)*$/;
const FLOAT_TEXT = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?$/;

function convertText(given: string): { float: number; integer: bigint } {
  const text = given.trim();
  if (text === "") throw new NodeError("Cannot convert an empty text to a number.", "ValueError");
  const digits = text.replaceAll("_", "");
  const number = FLOAT_TEXT.test(text) ? Number(digits) : Number.NaN;
  if (!Number.isFinite(number))
    throw new NodeError(`Cannot convert ${pyRepr(given)} to a finite number.`, "ValueError");
  const integer = INTEGER_TEXT.test(text) ? BigInt(digits.replace(/^\+/, "")) : toInteger(number);
  return { float: number, integer };
}
