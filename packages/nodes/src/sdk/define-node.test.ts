import assert from "node:assert/strict";
import { test } from "node:test";
import { NodeError } from "@hearth/engine";
import { testContext } from "../testing/test-context.ts";
import { defineNode } from "./define-node.ts";
import { float, image, int, optional } from "./inputs.ts";

test("types follow from the declaration: a wrong name does not compile", () => {
  const node = defineNode({
    name: "Typed",
    api: "v1",
    category: "test",
    inputs: { count: int(), factor: optional(float()) },
    outputs: ["FLOAT"],
    execute: (given) => {
      // @ts-expect-error there is no such input
      assert.equal(given.cuont, undefined);
      // @ts-expect-error an optional input may be absent
      const factor: number = given.factor;
      return [given.count * factor];
    },
  });
  using run = testContext();
  assert.deepEqual(node.execute({ count: 2, factor: 3 }, run.context), [6]);
});

test("a constant where a picture belongs fails as it does on ComfyUI", () => {
  const node = defineNode({
    name: "Pictures",
    api: "v1",
    category: "test",
    inputs: { images: image() },
    outputs: [],
    execute: () => [],
  });
  using run = testContext();
  assert.throws(
    () => node.execute({ images: "text" }, run.context),
    (error: unknown) =>
      error instanceof NodeError &&
      error.pythonType === "AttributeError" &&
      error.message === "'str' object has no attribute 'shape'",
  );
});

test("a validator must say what it validates", () => {
  assert.throws(
    () =>
      defineNode({
        name: "Odd",
        api: "v1",
        category: "test",
        inputs: { count: int() },
        outputs: [],
        execute: () => [],
        validate: () => true,
      }),
    TypeError,
  );
});
