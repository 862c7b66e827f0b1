import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson, type JsonValue } from "@hearth/protocol";
import { matchFrames } from "./frame-sequence.ts";
import { MatchContext } from "./match-context.ts";
import { match } from "./match.ts";

const now = 1_700_000_000;
const context = (): MatchContext =>
  new MatchContext(
    [
      ["name", "cat"],
      ["number", 7],
    ],
    now,
  );
const fits = (pattern: JsonValue, value: JsonValue, given = context()): boolean =>
  match(pattern, value, given) === undefined;

test("values are compared by value", () => {
  assert.ok(fits(1, parseJson("1.0")));
  assert.ok(fits(parseJson("18446744073709551615"), parseJson("18446744073709551615")));
  assert.ok(!fits(parseJson("18446744073709551615"), parseJson("18446744073709551614")));
  assert.ok(!fits(parseJson("9007199254740993"), parseJson("9007199254740992.0")));
  assert.ok(!fits(true, 1));
  assert.ok(!fits(0, false));
  assert.ok(!fits(null, false));
  assert.ok(fits(parseJson("NaN"), parseJson("NaN")));
  assert.ok(fits(parseJson("Infinity"), parseJson("Infinity")));
  assert.ok(fits({ a: 1, b: [2, "x"] }, { b: [2, "x"], a: 1 }));
});

test("objects have the same keys, arrays the same length and order", () => {
  assert.match(match({ a: 1 }, {}, context()) ?? "", /\$: key "a" is missing/);
  assert.match(match({}, { a: 1 }, context()) ?? "", /unexpected key "a"/);
  assert.match(match([1, 2], [1], context()) ?? "", /expected 2 elements, got 1/);
  assert.match(
    match({ a: [{ b: 1 }] }, { a: [{ b: 2 }] }, context()) ?? "",
    /^\$\.a\[0\]\.b: expected 1, got 2$/,
  );
  assert.ok(!fits([1, 2], [2, 1]));
});

const PLACEHOLDERS: readonly [string, readonly JsonValue[], readonly JsonValue[]][] = [
  ["<any>", [null, 1, "x", [], {}], []],
  ["<uuid>", ["01234567-89ab-cdef-0123-456789abcdef"], ["01234567-89AB-cdef-0123-456789abcdef", "x", 1]],
  ["<hex32>", ["0".repeat(32)], ["0".repeat(31), "g".repeat(32), 0]],
  ["<hex64>", ["a".repeat(64)], ["A".repeat(64), "a".repeat(63)]],
  ["<ms>", [now * 1000], [now, now * 1000 + 0.5, "x", (now - 49 * 3600) * 1000]],
  ["<seconds>", [now, now + 0.5], [now * 1000, "x", true]],
  [
    "<iso>",
    ["2026-01-02T03:04:05", "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05+01:00"],
    ["2026-01-02", 5],
  ],
  ["<int>", [0, -5, parseJson("18446744073709551615"), parseJson("2.0")], [0.5, "1", true, Number.NaN]],
  ["<number>", [0, 0.5], ["1", true, null]],
  ["<bool>", [true, false], [0, "true"]],
  ["<string>", ["", "x"], [null, 1]],
  ["<path>", ["/a/b"], [null]],
  ["<prose>", ["text", null], [1, []]],
  ["<traceback>", [[], ["line"]], ["line", [1], null]],
  [
    "<temp-prefix>",
    ["ComfyUI_temp_abcde_00001_.png", "ComfyUI_temp_abcde_00042_.png"],
    ["ComfyUI_temp_abcd1_00001_.png"],
  ],
];

for (const [placeholder, fitting, others] of PLACEHOLDERS) {
  test(`placeholder ${placeholder}`, () => {
    for (const value of fitting) assert.ok(fits(placeholder, value), `${String(value)} should fit`);
    for (const value of others) assert.ok(!fits(placeholder, value), `${String(value)} should not fit`);
  });
}

test("queue numbers of a scenario count from one base", () => {
  const given = context();
  assert.ok(fits("<count:0>", 12, given));
  assert.ok(fits("<count:3>", 15, given));
  assert.ok(fits("<minus-count:4>", -16, given));
  assert.ok(!fits("<count:3>", 14, given));
  assert.ok(!fits("<count:3>", "15", given));
});

test("other texts are literal, after the replacement of variables", () => {
  assert.ok(fits("a {{name}}", "a cat"));
  assert.ok(fits("{{number}}", 7));
  assert.ok(!fits("{{number}}", "7"));
  assert.ok(fits("{{unknown}}", "{{unknown}}"));
  assert.ok(fits("<no placeholder>", "<no placeholder>"));
  assert.ok(fits({ "{{name}}": 1 }, { cat: 1 }));
});

test("operators", () => {
  assert.ok(fits({ "<any-order>": ["<int>", "a"] }, ["a", 1]));
  // The first pattern fits both values; only an assignment finds the pair.
  assert.ok(fits({ "<any-order>": ["<any>", "a"] }, ["a", 1]));
  assert.ok(!fits({ "<any-order>": [1, 1] }, [1, 2]));
  assert.ok(!fits({ "<any-order>": [1] }, [1, 1]));
  assert.ok(fits({ "<contains>": [2, "<string>"] }, ["x", 1, 2]));
  assert.ok(!fits({ "<contains>": ["<string>", "<string>"] }, ["x", 1]));
  assert.ok(fits({ "<each>": "<int>" }, [1, 2]));
  assert.ok(fits({ "<each>": "<int>" }, []));
  assert.ok(!fits({ "<each>": "<int>" }, [1, "x"]));
  assert.ok(fits({ "<one-of>": [1, "<string>"] }, "x"));
  assert.ok(!fits({ "<one-of>": [1, 2] }, 3));
  assert.ok(fits({ "<subset>": { a: "<int>" } }, { a: 1, b: 2 }));
  assert.ok(!fits({ "<subset>": { a: 1 } }, { b: 2 }));
  assert.ok(fits({ "<regex>": "a.{{name}}" }, "a\ncat"));
  assert.ok(!fits({ "<regex>": "a" }, "ab"));
  assert.ok(!fits({ "<regex>": "a|b" }, "ax"));
  assert.ok(fits({ "<lines-any-order>": ["b", "a"] }, "a\nb"));
  assert.ok(!fits({ "<lines-any-order>": ["b"] }, "a\nb"));
  assert.ok(fits({ "<other>": 1 }, { "<other>": 1 }), "an unknown operator is a key");
});

const frames = (items: JsonValue[], got: JsonValue[]): boolean =>
  matchFrames(items, got, context()) === undefined;

test("sequence operators", () => {
  assert.ok(frames([1, 2], [1, 2]));
  assert.ok(!frames([1], [1, 2]));
  assert.ok(!frames([1, 2], [1]));
  assert.ok(frames([{ "<some>": { of: [1, 2] } }, 3], [1, 2, 1, 3]));
  assert.ok(frames([{ "<some>": { of: [1] } }], []));
  assert.ok(!frames([{ "<some>": { of: [1], min: 2 } }], [1]));
  assert.ok(!frames([{ "<some>": { of: [1], max: 2 } }], [1, 1, 1]));
  assert.ok(frames([{ "<some>": { of: [1] } }, 1], [1, 1]), "a run gives back what follows needs");
  assert.ok(frames([{ "<maybe>": 1 }, 2], [2]));
  assert.ok(frames([{ "<maybe>": 1 }, 2], [1, 2]));
  assert.ok(frames([{ "<maybe>": 1 }, 1], [1]));
  assert.ok(frames([{ "<set>": [1, 2] }, 3], [2, 1, 3]));
  assert.ok(!frames([{ "<set>": [1, 2] }], [1, 1]));
  assert.ok(
    frames(
      [
        {
          "<merge>": [
            [1, 2],
            [3, 4],
          ],
        },
      ],
      [3, 1, 2, 4],
    ),
  );
  assert.ok(
    !frames(
      [
        {
          "<merge>": [
            [1, 2],
            [3, 4],
          ],
        },
      ],
      [2, 1, 3, 4],
    ),
  );
  assert.ok(frames([{ "<merge>": [[{ "<some>": { of: [1] } }, 2], [3]] }, 5], [1, 3, 1, 2, 5]));
});

test("the message is that of the attempt that came furthest", () => {
  const problem = matchFrames([{ "<maybe>": 1 }, 2, 3], [1, 2, 4], context());
  assert.equal(problem, "frames[2]: expected 3, got 4");
  assert.equal(matchFrames([1], [], context()), "end of frames, next expected: 1");
  assert.equal(matchFrames([1], [1, 9], context()), "frame 1 is not expected: 9");
});
