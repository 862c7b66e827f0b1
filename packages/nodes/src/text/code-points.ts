/** Python's text operations: positions count code points, and case follows Python's full mappings. */

/** What `str.strip()` removes, as the inside of a character class. JavaScript's `\s` lacks U+001C…U+001F and U+0085. */
export const PYTHON_SPACE = String.raw`\t\n\v\f\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;

const LEADING = new RegExp(`^[${PYTHON_SPACE}]+`);
const TRAILING = new RegExp(`[${PYTHON_SPACE}]+$`);

/** `str.lstrip()`. */
export function stripLeft(text: string): string {
  return text.replace(LEADING, "");
}

/** `str.rstrip()`. */
export function stripRight(text: string): string {
  return text.replace(TRAILING, "");
}

/** `str.strip()`. */
export function strip(text: string): string {
  return stripRight(stripLeft(text));
}

/** `len(text)`: code points. */
export function codePointLength(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** `text[start:end]` with Python's rules for negative and too large bounds. */
export function codePointSlice(text: string, start: number, end: number): string {
  return [...text].slice(start, end).join("");
}

/** `text.replace(find, replacement)`; an empty `find` matches around every code point. */
export function replaceAll(text: string, find: string, replacement: string): string {
  if (find === "") return replacement + [...text].map((char) => char + replacement).join("");
  return text.split(find).join(replacement);
}

/** `str.capitalize()`: the first character in title case, the rest in lower case. */
export function capitalize(text: string): string {
  const chars = [...text];
  return chars.map((char, at) => (at === 0 ? titleChar(char) : lowerChar(chars, at))).join("");
}

const CASED = /\p{Cased}/u;
const CASE_IGNORABLE = /\p{Case_Ignorable}/u;

/** `str.title()`: a character after a cased one is lowered, every other one is put in title case. */
export function titleCase(text: string): string {
  const chars = [...text];
  let out = "";
  let afterCased = false;
  chars.forEach((char, at) => {
    out += afterCased ? lowerChar(chars, at) : titleChar(char);
    afterCased = CASED.test(char);
  });
  return out;
}

/** Lower case of one character; a capital sigma at the end of a word becomes `ς`. */
function lowerChar(chars: readonly string[], at: number): string {
  const char = chars[at] ?? "";
  return char === "Σ" && endsWord(chars, at) ? "ς" : char.toLowerCase();
}

/** Unicode's Final_Sigma: a cased letter before, none after, case-ignorable ones skipped. */
function endsWord(chars: readonly string[], at: number): boolean {
  const next = (from: number, step: number): string | undefined => {
    let index = from + step;
    while (CASE_IGNORABLE.test(chars[index] ?? "")) index += step;
    return chars[index];
  };
  return CASED.test(next(at, -1) ?? "") && !CASED.test(next(at, 1) ?? "");
}

const DIGRAPHS: Readonly<Record<string, string>> = Object.fromEntries(
  ["Ǆǅǆ", "Ǉǈǉ", "Ǌǋǌ", "Ǳǲǳ"].flatMap((forms) => {
    const [upper, title, lower] = [...forms] as [string, string, string];
    return [upper, title, lower].map((form) => [form, title]);
  }),
);
/** Ligatures whose upper case is several letters of which only the first is a capital in title case. */
const LIGATURE = /[ßև\ufb00-\ufb06\ufb13-\ufb17]/u;
/** Greek vowels with an iota subscript that stays a combining mark in title case. */
const IOTA_COMBINING = /[\u1fb2\u1fb4\u1fb7\u1fc2\u1fc4\u1fc7\u1ff2\u1ff4\u1ff7]/u;
const IOTA_SINGLE: Readonly<Record<string, string>> = { ᾳ: "ᾼ", ῃ: "ῌ", ῳ: "ῼ" };

/** Title case of one character (Unicode's SpecialCasing); JavaScript has upper case only. */
function titleChar(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const digraph = DIGRAPHS[char];
  if (digraph !== undefined) return digraph;
  // Georgian Mkhedruli letters have an upper case, but keep their form in titles.
  if (code >= 0x10d0 && code <= 0x10ff) return char;
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCodePoint(code | 8);
  const iota = IOTA_SINGLE[char];
  if (iota !== undefined) return iota;
  if (/[ᾼῌῼ]/u.test(char)) return char;
  const upper = char.toUpperCase();
  if (IOTA_COMBINING.test(char)) return upper.replace(/\u0399$/u, "\u0345");
  if (!LIGATURE.test(char)) return upper;
  const [first = "", ...rest] = [...upper];
  return first + rest.join("").toLowerCase();
}
