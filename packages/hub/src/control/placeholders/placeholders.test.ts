import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson, printJson } from "@hearth/protocol";
import { parsePlaceholder, PlaceholderError, placeholdersOf, resolveValues, substitute } from "./index.ts";

const none = { texts: new Map(), choices: new Map(), files: new Map() };

test("C-32 a placeholder is a whole string; parts of strings stay as they are", () => {
  assert.equal(parsePlaceholder("a $text(b)"), undefined);
  assert.equal(parsePlaceholder("$text(b) "), undefined);
  assert.equal(parsePlaceholder("$other(b)"), undefined);
  assert.deepEqual(parsePlaceholder("$text(prompt)"), { kind: "text", name: "prompt", fallback: undefined });
  assert.deepEqual(parsePlaceholder("$text(prompt, a cat, sitting)"), {
    kind: "text",
    name: "prompt",
    fallback: "a cat, sitting",
  });
  assert.deepEqual(parsePlaceholder("$text(prompt, )"), { kind: "text", name: "prompt", fallback: "" });
  assert.deepEqual(parsePlaceholder('$choice(size, "small", large)'), {
    kind: "choice",
    name: "size",
    options: ["small", "large"],
  });
  assert.deepEqual(parsePlaceholder("$file(photo-1_a)"), { kind: "file", name: "photo-1_a" });
  assert.deepEqual(parsePlaceholder("$random()"), { kind: "random" });
  assert.deepEqual(parsePlaceholder("$timestamp()"), { kind: "timestamp" });
});

test("C-32 a placeholder that is malformed is refused by name", () => {
  for (const [text, why] of [
    ["$text()", /no name/],
    ["$text(a b)", /'a b' is no name/],
    ["$file(../x)", /no name/],
    [`$file(${"n".repeat(256)})`, /no name/],
    ["$choice(size, one)", /1 options: there must be 2 to 4/],
    ["$choice(size, 1, 2, 3, 4, 5)", /5 options/],
    ["$random(5)", /nothing goes between the brackets/],
  ] as const) {
    assert.throws(
      () => parsePlaceholder(text),
      (error) => error instanceof PlaceholderError && why.test(error.message),
    );
  }
});

test("C-32 values take their places everywhere, and random numbers are exact and fresh", () => {
  const graph = parseJson(
    '{"1": {"inputs": {"a": "$text(x)", "b": ["$text(x)", 1.0], "c": "$random()", "d": "$random()", "t": "$timestamp()", "u": "$timestamp()", "no": "x $text(x)"}}}',
  );
  const draws = [18446744073709551615n, 5n];
  const filled = substitute(graph, {
    values: new Map([["x", "$text(not again)"]]),
    timestamp: 1700000000123,
    random: () => draws.shift() ?? 0n,
  });
  assert.equal(
    printJson(filled, "compact"),
    '{"1":{"inputs":{"a":"$text(not again)","b":["$text(not again)",1.0],"c":18446744073709551615,"d":5,"t":1700000000123,"u":1700000000123,"no":"x $text(x)"}}}',
  );
  const fresh = substitute(["$random()", "$random()"], { values: new Map(), timestamp: 0 });
  assert.ok(Array.isArray(fresh) && fresh[0] !== fresh[1]);
});

test("C-32 what is missing, wrong or too much is named, all of it", () => {
  const placeholders = placeholdersOf([
    "$text(prompt)",
    "$file(photo)",
    "$choice(size, s, l)",
    "$text(tone, warm)",
  ]);
  const values = resolveValues(placeholders, {
    texts: new Map([["prompt", ""]]),
    choices: new Map([["size", "l"]]),
    files: new Map([["photo", "control/id/photo.png"]]),
  });
  assert.deepEqual(
    [...values],
    [
      ["prompt", ""],
      ["photo", "control/id/photo.png"],
      ["size", "l"],
      ["tone", "warm"],
    ],
  );
  const problem = (given: Partial<typeof none>): string => {
    try {
      resolveValues(placeholders, { ...none, ...given });
    } catch (error) {
      assert.ok(error instanceof PlaceholderError);
      return error.message;
    }
    return "";
  };
  assert.match(problem({}), /\$prompt is missing.*; \$photo is missing/);
  assert.match(problem({ choices: new Map([["size", "xl"]]) }), /#size is 'xl': it must be one of s, l/);
  assert.match(problem({ texts: new Map([["photo", "x"]]) }), /\$photo must be a file/);
  assert.match(problem({ files: new Map([["prompt", "x"]]) }), /\$prompt must be a text/);
  assert.match(problem({ texts: new Map([["promt", "x"]]) }), /no placeholder for \$promt/);
  assert.match(problem({ texts: new Map([["size", "l"]]) }), /it is given as #size/);
  assert.match(problem({ choices: new Map([["tone", "l"]]) }), /it is given as \$tone/);
  assert.throws(
    () => resolveValues(placeholdersOf(["$text(a)", "$file(a)"]), none),
    /'a' is a text and a file/,
  );
});

test("the first option is taken when no choice is made", () => {
  assert.deepEqual([...resolveValues(placeholdersOf(["$choice(size, s, l)"]), none)], [["size", "s"]]);
});
