/** Values that people do not think of: texts, JSON and parameters. */
import type { Random } from "../support/random.ts";

const TEXTS = [
  "",
  " ",
  "\u0000",
  "..",
  "../../etc/passwd",
  "..\\..\\windows",
  "/etc/passwd",
  "a/../../b",
  "__proto__",
  "constructor",
  "toString",
  "null",
  "true",
  "NaN",
  "-1",
  "0",
  "1e999",
  "99999999999999999999999",
  "1_0",
  "0x10",
  "\ud800",
  "é\u0301",
  "\u202e",
  "💥".repeat(20),
  "%",
  "%00",
  "%2e%2e%2f",
  "x".repeat(300),
  "x".repeat(5000),
  "name.png [input]",
  "x[output]",
  "con",
  "a\nb",
  "a\r\nX: y",
  "'; DROP TABLE jobs; --",
  "%_\\",
  '"',
  "blake3:" + "0".repeat(64),
  "blake3:" + "f".repeat(63),
  "00000000-0000-4000-8000-000000000000",
  "input",
  "checkpoints",
  "default",
  "cancel",
];

export function text(random: Random): string {
  return random.pick(TEXTS);
}

/** JSON texts of single values, also such as are none. */
const ATOMS = [
  "null",
  "true",
  "false",
  "0",
  "-0",
  "1",
  "1.5",
  "1e308",
  "1e309",
  "-1e999",
  "18446744073709551615",
  "18446744073709551616",
  "NaN",
  "Infinity",
  "-Infinity",
  "9".repeat(4000),
  "9".repeat(5000),
  '"\\ud800"',
  '"\\u0000"',
  "01",
  "+1",
  ".5",
  "1.",
  "tru",
  "undefined",
  "'x'",
];

/** A JSON text, mostly well-formed; `names`: members that mean something to the operation. */
export function jsonText(random: Random, names: readonly string[], depth = 0): string {
  const kind = random.below(depth > 3 ? 2 : 5);
  if (kind === 0) return random.pick(ATOMS);
  if (kind === 1) return JSON.stringify(text(random));
  const count = random.below(5);
  const items = Array.from({ length: count }, () => jsonText(random, names, depth + 1));
  if (kind === 2) return `[${items.join(",")}]`;
  const members = items.map((item) => `${JSON.stringify(memberName(random, names))}:${item}`);
  // Members twice: which of them counts must at least be always the same.
  return `{${[...members, ...(random.chance(0.1) ? members : [])].join(",")}}`;
}

function memberName(random: Random, names: readonly string[]): string {
  return names.length > 0 && random.chance(0.8) ? random.pick(names) : text(random);
}

/** As a part of a target: encoded as it should be, too often, or not at all. */
export function encoded(random: Random, value: string): string {
  const once = encodeURIComponent(value.toWellFormed());
  switch (random.below(8)) {
    case 0:
      return encodeURIComponent(once);
    case 1:
      return once.toLowerCase();
    case 2:
      return `${once}%`;
    case 3:
      return `${once}%ff%fe`;
    case 4:
      // Bare, but for what would end the request line.
      return value.replaceAll(/[^\x21-\x7e]/g, "");
    default:
      return once;
  }
}
