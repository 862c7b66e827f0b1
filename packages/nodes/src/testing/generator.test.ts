import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { generate, type GeneratorSpec } from "./generator.ts";
import { goldenFolder } from "./golden-cases.ts";

interface Vector {
  readonly generator: GeneratorSpec;
  readonly first: readonly number[];
  readonly sha256: string;
}

test("the generator gives the recorded values", () => {
  const vectors = JSON.parse(
    readFileSync(path.join(goldenFolder, "generator-vectors.json"), "utf8"),
  ) as Vector[];
  for (const { generator, first, sha256 } of vectors) {
    const { data } = generate(generator);
    assert.deepEqual([...data.subarray(0, first.length)], first, JSON.stringify(generator));
    assert.equal(createHash("sha256").update(Buffer.from(data.buffer)).digest("hex"), sha256);
  }
});
