import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonFloat } from "@hearth/protocol";
import { NodeError } from "../sdk/index.ts";
import { makeCurve } from "./curve.ts";
import { convertNumber, evaluateExpression } from "./math-expression.ts";
import { isTruthy } from "./truthiness.ts";

function float(text: string, values = {}): number {
  return evaluateExpression(text, values).float;
}

test("Python's arithmetic: floor division, remainder, precedence, chains", () => {
  assert.equal(float("-7 // 2"), -4);
  assert.equal(float("-7 % 3"), 2);
  assert.equal(float("-2 ** 2"), -4);
  assert.equal(float("2 ** 3 ** 2"), 512);
  assert.equal(float("1 < a < 5 and not a == 4", { a: 3 }), 1);
  assert.equal(float("a if a > b else b", { a: 1, b: 2 }), 2);
  assert.equal(float("7 / 2"), 3.5);
  assert.equal(float("round(2.5) + max(values)", { a: new JsonFloat(4) }), 6);
});

test("integers are exact at any size", () => {
  assert.equal(evaluateExpression("2 ** 64 - 1", {}).integer, 18446744073709551615n);
  assert.equal(float("10 ** 400 // 10 ** 399"), 10);
});

test("errors carry Python's type", () => {
  const cases: [string, string][] = [
    ["", "ValueError"],
    ["a +", "SyntaxError"],
    ["1 / 0", "ZeroDivisionError"],
    ["2 ** 5000", "ValueError"],
    ["1.5 & 1", "TypeError"],
    ["'x'", "ValueError"],
    ["1e308 * 10", "ValueError"],
    ["(".repeat(200), "SyntaxError"],
  ];
  for (const [text, type] of cases) {
    assert.throws(
      () => float(text, { a: 1 }),
      (error) => error instanceof NodeError && error.pythonType === type,
      text,
    );
  }
});

test("numbers of texts", () => {
  assert.deepEqual(convertNumber(" 1_000 "), { float: 1000, integer: 1000n });
  assert.deepEqual(convertNumber("-2.75"), { float: -2.75, integer: -2n });
  assert.throws(() => convertNumber("1e999"), NodeError);
});

test("truth of values", () => {
  for (const value of [null, 0, 0n, "", [], {}, new JsonFloat(0), false])
    assert.equal(isTruthy(value), false);
  for (const value of [1, "0", [0], { a: 0 }, Number.NaN]) assert.equal(isTruthy(value), true);
});

test("curves pass through their points and never overshoot", () => {
  const curve = makeCurve(
    [
      [0, 0],
      [0.5, 1],
      [1, 1],
    ],
    "monotone_cubic",
  );
  assert.equal(curve.sample(0.5), 1);
  for (let x = 0; x <= 1; x += 0.05) assert.ok(curve.sample(x) <= 1 && curve.sample(x) >= 0);
});
