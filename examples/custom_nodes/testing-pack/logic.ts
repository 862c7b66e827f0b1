/** Comparisons, arithmetic and truth. */
import {
  boolean,
  combo,
  defineNode,
  input,
  isTensor,
  JsonFloat,
  NodeError,
  optional,
  string,
} from "@hearth/nodes/sdk";
import { wideFloat, wideInt } from "./inputs.ts";

const category = "Testing/Logic";
const COMPARISONS = ["==", "!=", "<", ">", "<=", ">="] as const;

function compare(a: number, b: number, operation: (typeof COMPARISONS)[number]): boolean {
  switch (operation) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case ">":
      return a > b;
    case "<=":
      return a <= b;
    case ">=":
      return a >= b;
  }
}

/** Python's arithmetic on integers: division and remainder round towards minus infinity. */
function calculate(a: bigint, b: bigint, operation: string): bigint {
  const floorDivide = (): bigint => {
    if (b === 0n) throw new NodeError("integer division or modulo by zero", "ZeroDivisionError");
    const quotient = a / b;
    return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
  };
  switch (operation) {
    case "add":
      return a + b;
    case "subtract":
      return a - b;
    case "multiply":
      return a * b;
    case "divide":
      return floorDivide();
    case "modulo":
      return a - floorDivide() * b;
    default:
      if (b < 0n || b > 4096n) throw new NodeError(`exponent ${b} is out of range`, "ValueError");
      return a ** b;
  }
}

function isTrue(value: unknown): boolean {
  if (isTensor(value)) return value.data.some((item) => item !== 0);
  if (value instanceof JsonFloat) return value.value !== 0;
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

export const logicNodes = [
  defineNode({
    name: "TestIntConditions",
    api: "v1",
    displayName: "Int Condition",
    category,
    inputs: { a: wideInt, b: wideInt, operation: combo(COMPARISONS) },
    outputs: ["BOOLEAN"],
    execute: ({ a, b, operation }) => [compare(a, b, operation)],
  }),
  defineNode({
    name: "TestFloatConditions",
    api: "v1",
    displayName: "Float Condition",
    category,
    inputs: { a: wideFloat, b: wideFloat, operation: combo(COMPARISONS) },
    outputs: ["BOOLEAN"],
    execute: ({ a, b, operation }) => [compare(a, b, operation)],
  }),
  defineNode({
    name: "TestIntMathOperation",
    api: "v1",
    displayName: "Int Math Operation",
    category,
    inputs: {
      a: wideInt,
      b: wideInt,
      operation: combo(["add", "subtract", "multiply", "divide", "modulo", "power"]),
    },
    outputs: ["INT"],
    execute({ a, b, operation }) {
      const exact = calculate(BigInt(a), BigInt(b), operation);
      return [Number.isSafeInteger(Number(exact)) ? Number(exact) : exact];
    },
  }),
  defineNode({
    name: "TestStringConditions",
    api: "v1",
    displayName: "String Condition",
    category,
    inputs: {
      a: string({ multiline: false }),
      b: string({ multiline: false }),
      operation: combo(["a == b", "a != b", "a IN b", "a MATCH REGEX(b)", "a BEGINSWITH b", "a ENDSWITH b"]),
      case_sensitive: boolean({ default: true }),
    },
    outputs: ["BOOLEAN"],
    execute(given) {
      const [a, b] = given.case_sensitive
        ? [given.a, given.b]
        : [given.a.toLowerCase(), given.b.toLowerCase()];
      switch (given.operation) {
        case "a == b":
          return [a === b];
        case "a != b":
          return [a !== b];
        case "a IN b":
          return [b.includes(a)];
        case "a MATCH REGEX(b)":
          return [new RegExp(`^(?:${b})`).test(a)];
        case "a BEGINSWITH b":
          return [a.startsWith(b)];
        case "a ENDSWITH b":
          return [a.endsWith(b)];
      }
    },
  }),
  defineNode({
    name: "TestBoolOperationNode",
    api: "v1",
    displayName: "Bool Operation",
    category,
    inputs: {
      a: boolean({ default: false }),
      b: boolean({ default: false }),
      op: combo(["a AND b", "a OR b", "a XOR b", "NOT a"]),
    },
    outputs: ["BOOLEAN"],
    execute({ a, b, op }) {
      if (op === "a AND b") return [a && b];
      if (op === "a OR b") return [a || b];
      return [op === "a XOR b" ? a !== b : !a];
    },
  }),
  defineNode({
    name: "TestToBoolNode",
    api: "v1",
    displayName: "To Bool",
    category,
    inputs: { value: input("*"), invert: optional(boolean({ default: false })) },
    outputs: ["BOOLEAN"],
    execute: ({ value, invert }) => [isTrue(value) !== (invert ?? false)],
  }),
];
