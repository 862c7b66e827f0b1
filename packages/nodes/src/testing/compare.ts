/** Compares what a node gave with what was recorded. */
import { JsonFloat } from "@hearth/protocol";
import { createHash } from "node:crypto";
import { isTensor, sizeOf, type Tensor } from "../sdk/index.ts";

export interface Tolerance {
  /** `null`: only the structure is compared */
  readonly abs: number | null;
  readonly rel?: number;
}

export interface Comparison {
  /** all float32 values that the class's cases refer to */
  readonly recorded: Float32Array;
  readonly tolerance: Tolerance | undefined;
  /** Turns a value of the engine into its recorded form, e.g. a sampler into `{$sampler: …}`. */
  readonly describe?: ((value: unknown) => unknown) | undefined;
}

interface TensorReference {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly at?: number;
  readonly n?: number;
  readonly fill?: unknown;
  readonly stride?: number;
  readonly sum?: number;
  readonly sha256?: string;
}

const SPECIAL: Record<string, number> = { NaN: Number.NaN, Infinity, "-Infinity": -Infinity };

/** What differs, or `undefined` when equal within the tolerance. `at` names the place in messages. */
export function difference(got: unknown, recorded: unknown, at: string, how: Comparison): string | undefined {
  const expected = recorded instanceof JsonFloat ? recorded.value : recorded;
  const described = isTensor(got) ? got : (how.describe?.(got) ?? got);
  const value = described instanceof JsonFloat ? described.value : described;
  if (typeof expected !== "object" || expected === null) return scalarDifference(value, expected, at, how);
  if (Array.isArray(expected)) {
    if (!Array.isArray(value)) return `${at}: expected a list, got ${show(value)}`;
    if (value.length !== expected.length) return `${at}: ${value.length} items, expected ${expected.length}`;
    return firstOf(
      expected.map((item, index) => () => difference(value[index], item, `${at}[${index}]`, how)),
    );
  }
  const record = expected as Record<string, unknown>;
  if ("$opaque" in record) return undefined;
  if ("$float" in record) return scalarDifference(value, SPECIAL[String(record["$float"])], at, how);
  if ("$int" in record) {
    return String(value) === record["$int"] ? undefined : `${at}: ${show(value)}, expected ${show(expected)}`;
  }
  if ("$tensor" in record) {
    if (!isTensor(value)) return `${at}: expected a tensor, got ${show(value)}`;
    return tensorDifference(value, record["$tensor"] as TensorReference, at, how);
  }
  if (typeof value !== "object" || value === null) return `${at}: ${show(value)}, expected ${show(expected)}`;
  const given = value as Record<string, unknown>;
  const keys = Object.keys(given).filter((key) => given[key] !== undefined);
  const missing = Object.keys(record).filter((key) => !keys.includes(key));
  const extra = keys.filter((key) => !(key in record));
  if (missing.length + extra.length > 0) {
    return `${at}: missing keys [${missing.join(", ")}], extra keys [${extra.join(", ")}]`;
  }
  return firstOf(
    Object.entries(record).map(
      ([key, item]) =>
        () =>
          difference(given[key], item, `${at}.${key}`, how),
    ),
  );
}

function firstOf(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const found = check();
    if (found !== undefined) return found;
  }
  return undefined;
}

function show(value: unknown): string {
  if (isTensor(value)) return `tensor [${value.shape.join(", ")}]`;
  const text = JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? `${item}n` : item));
  return (text ?? String(value)).slice(0, 200);
}

function scalarDifference(
  value: unknown,
  expected: unknown,
  at: string,
  how: Comparison,
): string | undefined {
  if (typeof expected === "number" && typeof value === "number") {
    const abs = how.tolerance?.abs;
    const allowed = Math.max(
      1e-12 * Math.abs(expected),
      Number.isInteger(expected) && Number.isInteger(value) ? 0 : (abs ?? 0),
    );
    if (Object.is(value, expected) || Math.abs(value - expected) <= allowed) return undefined;
  } else if (typeof expected === "string" && typeof value === "string" && maskOf(expected).test(value)) {
    return undefined;
  } else if (value === expected || (expected === null && value === undefined)) {
    return undefined;
  }
  return `${at}: ${show(value)}, expected ${show(expected)}`;
}

/** Recorded texts mask their random parts: temp prefixes, hex digits and UUIDs. */
function maskOf(text: string): RegExp {
  const source = text
    .replaceAll(/[.*+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("?????", "[a-z]{5}")
    .replaceAll("?", (found, offset: number, whole: string) => (whole[offset - 1] === "\\" ? found : "\\?"))
    .replaceAll("<hex32>", "[0-9a-f]{32}")
    .replaceAll("<uuid>", "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}");
  return new RegExp(`^(?:${source})$`, "su");
}

function tensorDifference(
  got: Tensor,
  expected: TensorReference,
  at: string,
  { recorded, tolerance }: Comparison,
): string | undefined {
  if (got.shape.join() !== expected.shape.join()) {
    return `${at}: shape [${got.shape.join(", ")}], expected [${expected.shape.join(", ")}]`;
  }
  if (tolerance?.abs === null) return undefined;
  const abs = tolerance?.abs ?? 0;
  const rel = tolerance?.rel ?? 0;
  const size = sizeOf(expected.shape);
  const stride = expected.stride ?? 1;
  const filled = expected.fill === undefined ? undefined : recordedNumber(expected.fill);
  let worst = 0;
  let wrong = 0;
  let first = "";
  for (let index = 0; index < size; index += stride) {
    const want = filled ?? recorded[(expected.at ?? 0) + index / stride] ?? Number.NaN;
    const have = got.data[index] ?? Number.NaN;
    if (have === want || (Number.isNaN(have) && Number.isNaN(want))) continue;
    const distance = Math.abs(have - want);
    if (distance <= abs + rel * Math.abs(want)) continue;
    if (wrong === 0) first = `element ${index} is ${have}, expected ${want}`;
    wrong += 1;
    worst = Math.max(worst, Number.isNaN(distance) ? Infinity : distance);
  }
  if (wrong > 0) return `${at}: ${wrong} of ${size} values differ by up to ${worst}; ${first}`;
  if (stride > 1 && abs === 0 && rel === 0 && expected.sha256 !== undefined) {
    const bytes = Buffer.from(got.data.buffer, got.data.byteOffset, got.data.byteLength);
    const hash = createHash("sha256").update(bytes).digest("hex");
    if (hash !== expected.sha256) return `${at}: the hash of all values differs`;
  }
  return undefined;
}

function recordedNumber(fill: unknown): number {
  if (fill instanceof JsonFloat) return fill.value;
  if (typeof fill === "object" && fill !== null && "$float" in fill)
    return SPECIAL[String(fill.$float)] ?? Number.NaN;
  return Math.fround(Number(fill));
}
