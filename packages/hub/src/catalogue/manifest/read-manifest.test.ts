import assert from "node:assert/strict";
import { test } from "node:test";
import { ManifestError, printManifest, readManifest } from "./read-manifest.ts";

const says = (pattern: RegExp) => (error: unknown) =>
  error instanceof ManifestError && pattern.test(error.message);

test("what a manifest leaves out has a default", () => {
  const manifest = readManifest("id: one\nname: One\n", "one");
  assert.equal(manifest.type, "static");
  assert.equal(manifest.workflow_file, "workflow.json");
  assert.equal(manifest.version, 1);
  assert.deepEqual(manifest.inputs, []);
  assert.deepEqual(readManifest(printManifest(manifest), "one"), manifest);
});

test("a manifest that is wrong is refused with the field that is", () => {
  assert.throws(() => readManifest("id: [", "one"), says(/^manifest\.yaml: /));
  assert.throws(() => readManifest("id: one\n", "one"), says(/name/));
  assert.throws(
    () => readManifest("id: two\nname: x\n", "one"),
    says(/id is 'two', but the folder is 'one'/),
  );
  const input = (line: string): string => `id: one\nname: x\ninputs:\n  - { ${line} }\n`;
  assert.throws(() => readManifest(input("id: a, type: slider"), "one"), says(/inputs\.0\.type/));
  assert.throws(() => readManifest(input("id: _a, type: text"), "one"), says(/inputs\.0\.id/));
  assert.throws(() => readManifest(input("id: a, type: select"), "one"), says(/'a' needs options/));
  assert.throws(() => readManifest(input("id: a, type: scenes"), "one"), says(/'a' needs fields/));
  assert.throws(() => readManifest(input("id: a, type: int, min: 5, max: 1"), "one"), says(/min above max/));
  const twice = "id: one\nname: x\ninputs:\n  - { id: a, type: int }\n  - { id: a, type: text }\n";
  assert.throws(() => readManifest(twice, "one"), says(/two inputs 'a'/));
});

test("a pipeline names blocks and inputs that fit", () => {
  const dynamic = (steps: string): string =>
    `id: one\nname: x\ntype: dynamic\ninputs:\n  - { id: n, type: int }\n  - { id: on, type: boolean }\npipeline: ${steps}\n`;
  assert.equal(readManifest(dynamic("[{ block: a, repeat: n, when: '!on' }]"), "one").pipeline.length, 1);
  assert.throws(() => readManifest(dynamic("[]"), "one"), says(/pipeline/));
  assert.throws(() => readManifest(dynamic("[{ block: ../a }]"), "one"), says(/pipeline\.0\.block/));
  assert.throws(
    () => readManifest(dynamic("[{ block: a, repeat: m }]"), "one"),
    says(/'m', which is no input/),
  );
  assert.throws(
    () => readManifest(dynamic("[{ block: a, when: n }]"), "one"),
    says(/'n', which is no boolean/),
  );
  assert.throws(() => readManifest(dynamic("[{ block: a }, { block: a }]"), "one"), says(/two steps 'a'/));
});

test("aliases that grow without bound are refused", () => {
  const bomb = `id: one\nname: x\na: &a [1,1,1,1,1,1,1,1,1,1]\n${["b", "c", "d", "e"]
    .map((name, at) => `${name}: &${name} [${Array(10).fill(`*${"abcd"[at]}`).join(",")}]`)
    .join("\n")}\n`;
  assert.throws(() => readManifest(bomb, "one"), says(/alias/i));
});
