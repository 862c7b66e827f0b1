/** Compares described values with recorded ones, within a tolerance. */
import { createHash } from "node:crypto";
import {
  isJsonObject,
  isNumeric,
  type JsonFloat,
  parseJson,
  printJson,
  toNumber,
  type JsonObject,
  type JsonValue,
} from "@hearth/protocol";
import { numberIn, sameNumber, short } from "./json-values.ts";
import { specialKey } from "./packs/golden-pack/make.ts";

export interface Tolerance {
  /** `null`: only the structure is compared */
  readonly abs: number | null;
  readonly rel: number;
}

export interface Comparison {
  readonly got: Float32Array;
  readonly expected: Float32Array;
  readonly tolerance: Tolerance;
  /** the prompt that was posted: `{"$prompt": true}` stands for its text */
  readonly prompt?: JsonObject;
}

/** Numbers beside tensors agree to rounding. */
const SCALAR_REL = 1e-12;

export function toleranceOf(given: JsonObject | undefined): Tolerance {
  const abs = given?.["abs"];
  return { abs: abs === null ? null : numberIn(abs, 0), rel: numberIn(given?.["rel"], 0) };
}

/** Reads little-endian float32 values. */
export function readFloats(bytes: Buffer): Float32Array {
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** Says where `got` differs from `expected`, or `undefined`. `path` names the place. */
export function compareValue(
  expected: JsonValue,
  got: JsonValue | undefined,
  how: Comparison,
  path: string,
): string | undefined {
  const key = specialKey(expected);
  if (key === "$opaque") return undefined;
  if (key === "$missing") return got === undefined ? undefined : `${path}: the output should be missing`;
  if (got === undefined) return `${path}: missing, expected ${short(expected)}`;
  if (key === "$prompt") return comparePrompt(got, how.prompt, path);
  // Lists of SVG texts are plain lists in the engine.
  if (key === "$svg") return compareValue((expected as JsonObject)[key] as JsonValue, got, how, path);
  if (key === "$tensor")
    return compareTensor((expected as JsonObject)["$tensor"] as JsonObject, got, how, path);
  if (typeof expected === "string" && typeof got === "string") return compareText(expected, got, path);
  if (isNumeric(expected)) return compareNumber(expected, got, how, path);
  if (Array.isArray(expected)) {
    if (!Array.isArray(got)) return `${path}: expected an array, got ${short(got)}`;
    if (got.length !== expected.length)
      return `${path}: ${got.length} elements, expected ${expected.length}: ${short(got)}`;
    for (const [index, item] of expected.entries()) {
      const problem = compareValue(item, got[index], how, `${path}[${index}]`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  if (!isJsonObject(expected))
    return expected === got ? undefined : `${path}: expected ${short(expected)}, got ${short(got)}`;
  if (!isJsonObject(got)) return `${path}: expected ${short(expected)}, got ${short(got)}`;
  return compareObject(expected, got, how, path);
}

function compareObject(
  expected: JsonObject,
  got: JsonObject,
  how: Comparison,
  path: string,
): string | undefined {
  const missing = Object.keys(expected).filter((key) => !Object.hasOwn(got, key));
  const extra = Object.keys(got).filter((key) => !Object.hasOwn(expected, key));
  if (missing.length + extra.length > 0) {
    return `${path}: missing keys [${missing.join(", ")}], unexpected keys [${extra.join(", ")}]`;
  }
  for (const [key, item] of Object.entries(expected)) {
    const problem = compareValue(item, got[key], how, `${path}.${key}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const PROMPT_INSIDE = '{"$prompt": true}';

/** A text may hold the prompt in the middle; what is around it is compared. */
function compareText(expected: string, got: string, path: string): string | undefined {
  const [before = "", after] = expected.split(PROMPT_INSIDE);
  const fits = after === undefined ? got === expected : got.startsWith(before) && got.endsWith(after);
  return fits ? undefined : `${path}: expected ${short(expected)}, got ${short(got)}`;
}

/** Integers agree exactly, other numbers to rounding or within the tolerance of the case. */
function compareNumber(
  expected: number | bigint | JsonFloat,
  got: JsonValue,
  { tolerance }: Comparison,
  path: string,
): string | undefined {
  const wrong = `${path}: expected ${short(expected)}, got ${short(got)}`;
  if (!isNumeric(got)) return wrong;
  if (sameNumber(expected, got)) return undefined;
  if (typeof expected === "bigint" || Number.isInteger(expected)) return wrong;
  if (tolerance.abs === null) return undefined;
  const want = toNumber(expected);
  const bound = Math.max(tolerance.abs + tolerance.rel * Math.abs(want), SCALAR_REL * Math.abs(want));
  return Math.abs(toNumber(got) - want) <= bound ? undefined : wrong;
}

/** The text must be the posted prompt in Python's spelling. */
function comparePrompt(got: JsonValue, prompt: JsonObject | undefined, path: string): string | undefined {
  if (typeof got !== "string" || prompt === undefined)
    return `${path}: expected the prompt, got ${short(got)}`;
  const written = parseJson(got) as JsonObject;
  // The recorded server leaves its change tokens in the prompt.
  for (const node of Object.values(written)) if (isJsonObject(node)) delete node["is_changed"];
  const [one, other] = [printJson(written), printJson(prompt)];
  if (one !== other) return `${path}: expected the prompt ${other.slice(0, 200)}, got ${one.slice(0, 200)}`;
  return got === printJson(parseJson(got))
    ? undefined
    : `${path}: the prompt is not spelled as Python spells JSON`;
}

function compareTensor(
  reference: JsonObject,
  got: JsonValue,
  how: Comparison,
  path: string,
): string | undefined {
  if (specialKey(got) !== "$tensor") return `${path}: expected a tensor, got ${short(got)}`;
  const given = (got as JsonObject)["$tensor"] as JsonObject;
  const [want, have] = [printJson(reference["shape"] ?? []), printJson(given["shape"] ?? [])];
  if (want !== have) return `${path}: shape ${have}, expected ${want}`;
  const { tolerance } = how;
  if (tolerance.abs === null) return undefined;
  const at = numberIn(given["at"], 0);
  const values = how.got.subarray(at, at + numberIn(given["n"], 0));
  const expected = expectedValues(reference, values.length, how);
  const stride = numberIn(reference["stride"], 1);
  let worst = 0;
  let where = -1;
  let wrong = 0;
  for (let index = 0; index < values.length; index += stride) {
    const [x, y] = [values[index] as number, expected(index)];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    const off = Math.abs(x - y);
    if (off <= tolerance.abs + tolerance.rel * Math.abs(y)) continue;
    wrong += 1;
    if (where < 0 || off > worst || Number.isNaN(off)) [worst, where] = [off, index];
  }
  if (where >= 0) {
    const pair = `got ${values[where]}, expected ${expected(where)}`;
    return `${path}: ${wrong} of ${values.length} values differ, most at ${where}: ${pair} (tolerance ${tolerance.abs})`;
  }
  return compareDigest(reference, values, tolerance, path);
}

function expectedValues(reference: JsonObject, length: number, how: Comparison): (index: number) => number {
  const fill = reference["fill"];
  if (fill !== undefined) {
    const value = isJsonObject(fill) ? Number(fill["$float"]) : Math.fround(toNumber(fill));
    return () => value;
  }
  const at = numberIn(reference["at"], 0);
  const values = how.expected.subarray(at, at + numberIn(reference["n"], length));
  const stride = numberIn(reference["stride"], 1);
  return (index) => values[index / stride] ?? Number.NaN;
}

/** Of large tensors only some values are recorded, with sum and digest of all. */
function compareDigest(
  reference: JsonObject,
  values: Float32Array,
  { abs, rel }: Tolerance,
  path: string,
): string | undefined {
  if (reference["sha256"] !== undefined && abs === 0 && rel === 0) {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const digest = createHash("sha256").update(bytes).digest("hex");
    return digest === reference["sha256"] ? undefined : `${path}: the digest of all values differs`;
  }
  if (reference["sum"] === undefined) return undefined;
  const want = toNumber(reference["sum"]);
  let sum = 0;
  let magnitude = 0;
  for (const value of values) {
    sum += value;
    magnitude += Math.abs(value);
  }
  const bound = (abs ?? 0) * values.length + (rel + SCALAR_REL) * magnitude;
  return Math.abs(sum - want) <= bound
    ? undefined
    : `${path}: the sum of all values is ${sum}, expected ${want}`;
}
