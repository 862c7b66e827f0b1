import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { JsonFloat } from "@hearth/protocol";
import { pyCompare, pyEquals, PythonError, toBool, toFloat, toInt } from "./input-conversion.ts";

/** Runs `convert` and gives the text of what Python would raise. */
function raised(convert: () => unknown): string {
  try {
    convert();
  } catch (error) {
    assert(error instanceof PythonError);
    return `${error.pythonType}: ${error.message}`;
  }
  return "nothing";
}

describe("int()", () => {
  it("reads what Python reads", () => {
    assert.equal(toInt(" 7 "), 7);
    assert.equal(toInt("\u001c+1_000\u0085"), 1000);
    assert.equal(toInt("-0"), 0);
    assert.equal(toInt("٨"), 8);
    assert.equal(toInt("-१२"), -12);
    assert.equal(toInt("𝟙𝟚"), 12);
    assert.equal(toInt(5.9), 5);
    assert.equal(toInt(-5.9), -5);
    assert.equal(toInt(new JsonFloat(1e20)), 100000000000000000000n);
    assert.equal(toInt("18446744073709551615"), 18446744073709551615n);
    assert.equal(toInt(true), 1);
  });

  it("refuses the rest in Python's words", () => {
    const literal = "ValueError: invalid literal for int() with base 10:";
    for (const text of ["", "5.5", "1e3", "0x10", "1__0", "_1", "\ufeff1", "- 1"]) {
      assert.match(
        raised(() => toInt(text)),
        /^ValueError: invalid literal/,
      );
    }
    assert.equal(
      raised(() => toInt("it's")),
      `${literal} "it's"`,
    );
    assert.equal(
      raised(() => toInt(Number.POSITIVE_INFINITY)),
      "OverflowError: cannot convert float infinity to integer",
    );
    assert.match(
      raised(() => toInt("9".repeat(4301))),
      /Exceeds the limit \(4300 digits\).*value has 4301 digits/,
    );
    assert.match(
      raised(() => toInt([])),
      /not 'list'$/,
    );
  });
});

describe("float()", () => {
  it("reads what Python reads", () => {
    assert.deepEqual(toFloat(5), new JsonFloat(5));
    assert.deepEqual(toFloat("1e3"), new JsonFloat(1000));
    assert.equal(toFloat("1_0.2_5"), 10.25);
    assert.equal(toFloat(".5"), 0.5);
    assert.deepEqual(toFloat("5."), new JsonFloat(5));
    assert.equal(toFloat("-Infinity"), Number.NEGATIVE_INFINITY);
    assert(Number.isNaN(toFloat("+nAn")));
    assert.deepEqual(toFloat(18446744073709551615n), new JsonFloat(18446744073709551616));
  });

  it("refuses the rest in Python's words", () => {
    for (const text of ["", "x", "1,5", ".", "e5", "1__0.0", "constructor", "infin"]) {
      assert.equal(
        raised(() => toFloat(text)),
        `ValueError: could not convert string to float: '${text}'`,
      );
    }
    assert.equal(
      raised(() => toFloat(10n ** 400n)),
      "OverflowError: int too large to convert to float",
    );
  });

  it("takes no longer for a text that is almost a number", () => {
    assert.match(
      raised(() => toFloat(`${"1".repeat(200_000)}x`)),
      /^ValueError/,
    );
    assert.match(
      raised(() => toFloat(`1${" ".repeat(200_000)}x`)),
      /^ValueError/,
    );
  });
});

it("bool() takes any text for true but the empty one", () => {
  assert.deepEqual(["false", "", 0, new JsonFloat(0), 0n, null, [], {}].map(toBool), [
    true,
    ...Array(7).fill(false),
  ]);
});

it("== compares numbers of any kind by value", () => {
  assert(pyEquals(1, new JsonFloat(1)) && pyEquals(true, 1) && pyEquals(false, new JsonFloat(0)));
  assert(pyEquals(18446744073709551616n, new JsonFloat(2 ** 64)));
  assert(pyEquals([1, { a: true }], [new JsonFloat(1), { a: 1 }]));
  assert(!pyEquals("1", 1) && !pyEquals(null, false) && !pyEquals(Number.NaN, Number.NaN));
});

it("NaN is neither below a minimum nor above a maximum", () => {
  assert(!pyCompare(Number.NaN, "<", 1) && !pyCompare(Number.NaN, ">", 1));
});
