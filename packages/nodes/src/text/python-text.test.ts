import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonFloat } from "@hearth/protocol";
import { NodeError } from "../sdk/index.ts";
import { capitalize, codePointSlice, replaceAll, strip, titleCase } from "./code-points.ts";
import { roundHalfEven, roundToDigits } from "./exact-decimal.ts";
import { formatString } from "./format-string.ts";
import { jsonText } from "./json-text.ts";
import { PythonRegex } from "./regex.ts";
import { UnsupportedRegexError } from "./regex-syntax.ts";

const plain = { ignoreCase: false, multiline: false, dotAll: false };

function raises(type: string): (error: unknown) => boolean {
  return (error) => error instanceof NodeError && error.pythonType === type;
}

test("positions count code points, case follows Unicode's title forms", () => {
  assert.equal(codePointSlice("héllo 😀 wörld", 2, -1), "llo 😀 wörl");
  assert.equal(replaceAll("a😀", "", "-"), "-a-😀-");
  assert.equal(strip("\u001c\u00a0x\u2003"), "x");
  assert.equal(capitalize("ßΣΑΣ"), "Ssσας");
  assert.equal(titleCase("they're ﬁne ǆ"), "They'Re Fine ǅ");
});

test("str.format: specs, conversions, nested specs, errors of Python's types", () => {
  const values = { a: new JsonFloat(2), b: 255, c: "x", d: [1, new JsonFloat(2)] };
  assert.equal(formatString("{a} {b:#x} {b:>+6,} {c!r:*^7} {d}", values), "2.0 0xff   +255 **'x'** [1, 2.0]");
  assert.equal(formatString("{c:>{b}}|{{}}", { c: "r", b: 3 }), "  r|{}");
  assert.equal(formatString("{x:.1f} {x:.0f}", { x: 2.25 }), "2.2 2");
  assert.throws(() => formatString("{z}", values), raises("KeyError"));
  assert.throws(() => formatString("{}", values), raises("IndexError"));
  assert.throws(() => formatString("{", values), raises("ValueError"));
  assert.throws(() => formatString("{d:3}", values), raises("TypeError"));
});

test("rounding is to even and exact", () => {
  assert.deepEqual([0.5, 1.5, 2.5, -2.5].map(roundHalfEven), [0, 2, 2, -2]);
  assert.equal(roundToDigits(0.25, 1), 0.2);
  assert.equal(roundToDigits(2.675, 2), 2.67);
});

test("JSON text is Python's with non-ASCII kept; instances are refused", () => {
  assert.equal(jsonText({ é: [1, new JsonFloat(2), null] }, 0), '{"é": [1, 2.0, null]}');
  assert.equal(jsonText([[], {}], 2), "[\n  [],\n  {}\n]");
  assert.throws(() => jsonText([new Map()], 0), raises("TypeError"));
});

test("regular expressions match as Python's", () => {
  const all = (pattern: string, text: string, flags = plain): string[] =>
    [...new PythonRegex(pattern, flags).matches(text)].map((match) => match.groups[0] ?? "");
  assert.deepEqual(all("a*?", "aa"), ["", "a", "", "a", ""]);
  assert.deepEqual(all(String.raw`\w+`, "ünï_1 x"), ["ünï_1", "x"]);
  assert.deepEqual(all("b$", "b\nb\n"), ["b"]);
  assert.deepEqual(all("^b$", "b\nb\n", { ...plain, multiline: true }), ["b", "b"]);
  assert.deepEqual(all("(?>a|ab)c|a++b", "abc aab"), ["ab", "aab"]);
  assert.deepEqual(all("(?i:x)(?#note){2}", "Xx"), ["Xx"]);
  assert.deepEqual(all(String.raw`\B`, ""), []);
});

test("substitution knows groups by number and name", () => {
  const regex = new PythonRegex(String.raw`(?P<first>\w+) (\w+)`, plain);
  assert.equal(regex.substitute("foo bar", String.raw`\2\n\g<first>\g<0>`, 0), "bar\nfoofoo bar");
  assert.throws(() => regex.substitute("a b", String.raw`\5`, 0), raises("re.error"));
  assert.throws(() => regex.substitute("a b", String.raw`\q`, 0), raises("re.error"));
});

test("bad patterns raise re.error, unsupported ones say so", () => {
  for (const pattern of ["(", "a**", "[b-a]", String.raw`\q`, "(?<=a*)b", "(?P<n>a)(?P<n>b)", "*a"]) {
    assert.throws(() => new PythonRegex(pattern, plain), raises("re.error"), pattern);
  }
  assert.throws(() => new PythonRegex("(a)?(?(1)b|c)", plain), UnsupportedRegexError);
});
