/** Python's format specification mini-language: `[[fill]align][sign][z][#][0][width][,_][.precision][type]`. */
import { JsonFloat, pyFloat, pyStr, pyTypeName } from "@hearth/protocol";
import { NodeError } from "../sdk/index.ts";
import { fixedDigits, significantDigits } from "./exact-decimal.ts";

interface Spec {
  readonly fill: string;
  readonly align: string | undefined;
  readonly sign: string | undefined;
  readonly zeroNegative: boolean;
  readonly alternate: boolean;
  readonly width: number;
  readonly grouping: string;
  readonly precision: number | undefined;
  readonly type: string;
}

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?(.)?$/su;

function parseSpec(text: string, typeName: string): Spec {
  const match = SPEC.exec(text);
  if (match === null) throw invalid(text, typeName);
  const [, fill, align, sign, zero, alternate, zeroPad, width, grouping, precision, type] = match;
  if (Number(width ?? 0) > 1_000_000 || Number(precision ?? 0) > 100_000) {
    throw new NodeError("Too many decimal digits in format string", "ValueError");
  }
  return {
    fill: fill ?? (zeroPad === undefined ? " " : "0"),
    align: align ?? (zeroPad === undefined ? undefined : "="),
    sign,
    zeroNegative: zero !== undefined,
    alternate: alternate !== undefined,
    width: Number(width ?? 0),
    grouping: grouping ?? "",
    precision: precision === undefined ? undefined : Number(precision),
    type: type ?? "",
  };
}

function invalid(text: string, typeName: string): NodeError {
  return new NodeError(`Invalid format specifier '${text}' for object of type '${typeName}'`, "ValueError");
}

/**
 * Python's `format(value, spec)` for texts, integers, floats and booleans; other values take an empty spec only.
 * @throws NodeError `ValueError` for a bad specification, `TypeError` for a value that has none
 */
export function formatValue(value: unknown, text: string): string {
  const typeName = pyTypeName(value);
  if (text === "") return pyStr(value);
  if (typeName === "str") return formatText(value as string, parseSpec(text, typeName), text);
  if (typeName === "int" || typeName === "bool") {
    const integer = typeof value === "bigint" ? value : BigInt(Number(value));
    return formatInteger(integer, parseSpec(text, typeName), typeName);
  }
  if (typeName === "float") {
    const number = value instanceof JsonFloat ? value.value : (value as number);
    return formatFloat(number, parseSpec(text, typeName), typeName);
  }
  throw new NodeError(`unsupported format string passed to ${typeName}.__format__`, "TypeError");
}

function refuse(condition: boolean, message: string): void {
  if (condition) throw new NodeError(message, "ValueError");
}

function unknownCode(type: string, typeName: string): NodeError {
  return new NodeError(`Unknown format code '${type}' for object of type '${typeName}'`, "ValueError");
}

function formatText(value: string, spec: Spec, text: string): string {
  if (spec.type !== "" && spec.type !== "s") throw unknownCode(spec.type, "str");
  if (spec.align === "=" && !text.startsWith("0")) {
    throw new NodeError("'=' alignment not allowed in string format specifier", "ValueError");
  }
  refuse(spec.sign !== undefined, "Sign not allowed in string format specifier");
  refuse(spec.alternate, "Alternate form (#) not allowed in string format specifier");
  refuse(spec.zeroNegative, "Negative zero coercion (z) not allowed in format specifier with a string");
  refuse(spec.grouping !== "", `Cannot specify '${spec.grouping}' with 's'.`);
  const cut = spec.precision === undefined ? value : [...value].slice(0, spec.precision).join("");
  return pad("", cut, spec, "<");
}

const RADIX: Readonly<Record<string, readonly [radix: number, prefix: string]>> = {
  b: [2, "0b"],
  o: [8, "0o"],
  x: [16, "0x"],
  X: [16, "0X"],
};

function formatInteger(value: bigint, spec: Spec, typeName: string): string {
  if (/^[eEfFgG%]$/.test(spec.type)) return formatFloat(Number(value), spec, typeName);
  if (spec.precision !== undefined) {
    throw new NodeError("Precision not allowed in integer format specifier", "ValueError");
  }
  refuse(
    spec.zeroNegative,
    "Negative zero coercion (z) not allowed in format specifier with integer format code",
  );
  refuse(
    spec.grouping !== "" && (spec.type === "n" || spec.type === "c"),
    `Cannot specify '${spec.grouping}' with '${spec.type}'.`,
  );
  const sign = signOf(value < 0n, spec);
  const magnitude = value < 0n ? -value : value;
  if (spec.type === "c") {
    refuse(spec.sign !== undefined, "Sign not allowed with integer format specifier 'c'");
    refuse(spec.alternate, "Alternate form (#) not allowed with integer format specifier 'c'");
    if (value < 0n || value > 0x10ffffn)
      throw new NodeError("%c arg not in range(0x110000)", "OverflowError");
    return pad("", String.fromCodePoint(Number(value)), spec, "<");
  }
  if (spec.type === "" || spec.type === "d" || spec.type === "n") {
    return padNumber(sign, magnitude.toString(), "", spec, 3);
  }
  const radix = RADIX[spec.type];
  if (radix === undefined) throw unknownCode(spec.type, typeName);
  if (spec.grouping === ",") throw new NodeError(`Cannot specify ',' with '${spec.type}'.`, "ValueError");
  const digits = magnitude.toString(radix[0]);
  return padNumber(
    sign + (spec.alternate ? radix[1] : ""),
    spec.type === "X" ? digits.toUpperCase() : digits,
    "",
    spec,
    4,
  );
}

function formatFloat(value: number, spec: Spec, typeName: string): string {
  if (!/^[eEfFgGn%]?$/.test(spec.type)) throw unknownCode(spec.type, typeName);
  refuse(spec.grouping !== "" && spec.type === "n", `Cannot specify '${spec.grouping}' with 'n'.`);
  let digits = floatDigits(spec.type === "%" ? value * 100 : value, spec);
  if (/^[EFG]$/.test(spec.type)) digits = digits.toUpperCase();
  let negative = value < 0 || Object.is(value, -0);
  if (spec.zeroNegative && negative && /^[0.]*(?:e.*)?$/i.test(digits)) negative = false;
  const whole = /^\d*/.exec(digits)?.[0] ?? "";
  const tail = digits.slice(whole.length) + (spec.type === "%" ? "%" : "");
  return padNumber(signOf(negative, spec), whole, tail, spec, 3);
}

/** The digits of `|value|` for the presentation type. */
function floatDigits(value: number, spec: Spec): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return "inf";
  const magnitude = Math.abs(value);
  const type = spec.type.toLowerCase();
  const precision = spec.precision ?? 6;
  if (type === "f" || type === "%") {
    return fixedDigits(magnitude, precision) + (spec.alternate && precision === 0 ? "." : "");
  }
  if (type === "e") return scientific(significantDigits(magnitude, precision + 1), spec.alternate);
  if (type === "" && spec.precision === undefined) return pyFloat(magnitude);
  return general(magnitude, precision === 0 ? 1 : precision, type === "", spec.alternate);
}

function scientific(given: { digits: string; exponent: number }, alternate: boolean): string {
  const { digits, exponent } = given;
  const rest = digits.slice(1);
  const point = rest === "" && !alternate ? "" : ".";
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${digits.charAt(0)}${point}${rest}e${exponent < 0 ? "-" : "+"}${power}`;
}

/** `g`, and the empty type with a precision, which keeps one decimal and changes to `e` one digit earlier. */
function general(value: number, precision: number, keepPoint: boolean, alternate: boolean): string {
  const { digits, exponent } = significantDigits(value, precision);
  const trimmed = alternate ? digits : digits.replace(/0+$/, "") || "0";
  if (exponent < -4 || exponent >= precision - (keepPoint ? 1 : 0)) {
    return scientific({ digits: trimmed, exponent }, alternate);
  }
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${trimmed}`;
  const whole = trimmed.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const rest = trimmed.slice(exponent + 1);
  if (rest !== "") return `${whole}.${rest}`;
  return keepPoint ? `${whole}.0` : alternate ? `${whole}.` : whole;
}

function signOf(negative: boolean, spec: Spec): string {
  if (negative) return "-";
  return spec.sign === "-" ? "" : (spec.sign ?? "");
}

/** Groups the whole part and pads; zeros that fill a grouped number are grouped as well. */
function padNumber(sign: string, whole: string, tail: string, spec: Spec, size: number): string {
  if (spec.grouping === "") return pad(sign, whole + tail, spec, ">");
  let digits = whole;
  if (spec.align === "=" && spec.fill === "0") {
    while (sign.length + group(digits, spec.grouping, size).length + tail.length < spec.width)
      digits = `0${digits}`;
  }
  return pad(sign, group(digits, spec.grouping, size) + tail, spec, ">");
}

function group(digits: string, separator: string, size: number): string {
  return digits.replace(new RegExp(`\\B(?=(?:[0-9a-fA-F]{${size}})+$)`, "g"), separator);
}

function pad(sign: string, body: string, spec: Spec, standard: string): string {
  const missing = spec.width - [...sign, ...body].length;
  if (missing <= 0) return sign + body;
  const align = spec.align === "=" && standard === "<" ? "<" : (spec.align ?? standard);
  if (align === "<") return sign + body + spec.fill.repeat(missing);
  if (align === ">") return spec.fill.repeat(missing) + sign + body;
  if (align === "=") return sign + spec.fill.repeat(missing) + body;
  const left = Math.floor(missing / 2);
  return spec.fill.repeat(left) + sign + body + spec.fill.repeat(missing - left);
}
