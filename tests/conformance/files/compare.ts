/** Compares described files with recorded ones. */
import { isJsonObject, toNumber, type JsonObject, type JsonValue } from "@hearth/protocol";
import { short } from "../json-values.ts";
import { compareValue, type Comparison } from "../values.ts";
import { sortKey } from "./describe.ts";

/** What lossy codecs leave open (README of the node recordings). */
const COLOUR_BOUND = 6;
const LOUDNESS_BOUND = 0.15;
/** Codecs pad: an encoder of another version may add or drop part of a frame. */
const LOSSY_KEYS: ReadonlySet<string> = new Set(["frame_mean_rgb", "rms"]);
/** Figures that say nothing of the content, or of the recorded decoder alone. */
const IGNORED: ReadonlySet<string> = new Set(["bytes_min", "av_format"]);

/** Files whose masked paths are equal have no order: each recorded one needs a found one of its own. */
export function compareFiles(
  expected: readonly JsonObject[],
  found: readonly JsonObject[],
  how: Comparison,
): string | undefined {
  const wanted = expected.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  const [names, got] = [wanted.map(sortKey), found.map(sortKey)];
  if (names.join() !== got.join()) return `files: found [${got.join(", ")}], expected [${names.join(", ")}]`;
  const left = new Set(found);
  for (const file of wanted) {
    let problem: string | undefined;
    const fit = [...left].find((candidate) => {
      if (sortKey(candidate) !== sortKey(file)) return false;
      const difference = compareFile(file, candidate, how);
      problem ??= difference;
      return difference === undefined;
    });
    if (fit === undefined) return problem;
    left.delete(fit);
  }
  return undefined;
}

function compareFile(expected: JsonObject, got: JsonObject, how: Comparison): string | undefined {
  const place = sortKey(expected);
  for (const [key, value] of Object.entries(expected)) {
    if (IGNORED.has(key)) continue;
    if (got[key] === undefined) return `${place}: no ${key}`;
    const problem =
      key === "streams"
        ? compareStreams(value as JsonObject[], got[key] as JsonObject[], how, place)
        : LOSSY_KEYS.has(key)
          ? compareLossy(key, value, got[key], `${place}.${key}`)
          : compareValue(value, got[key], how, `${place}.${key}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function compareStreams(
  expected: readonly JsonObject[],
  got: readonly JsonObject[],
  how: Comparison,
  place: string,
): string | undefined {
  if (expected.length !== got.length) return `${place}: ${got.length} streams, expected ${expected.length}`;
  for (const [index, stream] of expected.entries()) {
    for (const [key, value] of Object.entries(stream)) {
      const where = `${place}.streams[${index}].${key}`;
      const other = got[index]?.[key];
      const problem = LOSSY_KEYS.has(key)
        ? compareLossy(key, value, other, where)
        : compareValue(value, other, how, where);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

/** Nested lists of figures of a lossy codec. */
function compareLossy(
  key: string,
  expected: JsonValue,
  got: JsonValue | undefined,
  place: string,
): string | undefined {
  if (Array.isArray(expected)) {
    if (!Array.isArray(got) || got.length !== expected.length)
      return `${place}: ${short(got)}, expected ${short(expected)}`;
    for (const [index, item] of expected.entries()) {
      const problem = compareLossy(key, item, got[index], `${place}[${index}]`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  const bound = key === "rms" ? LOUDNESS_BOUND * toNumber(expected) : COLOUR_BOUND;
  const fits = !isJsonObject(got) && Math.abs(toNumber(got) - toNumber(expected)) <= bound;
  return fits ? undefined : `${place}: ${short(got)}, expected ${short(expected)} within ${bound}`;
}
