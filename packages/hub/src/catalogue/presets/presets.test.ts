import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { ParamsError } from "../errors.ts";
import { temporaryFolder } from "../test-support.ts";
import { placeholdersIn, withAnswers } from "./placeholders.ts";
import {
  PresetError,
  PresetExistsError,
  presetId,
  Presets,
  readPreset,
  UnknownPresetError,
} from "./presets.ts";

const PRESET = readPreset({
  name: "My café №1",
  workflow: { workflow_id: "one", params: { seed: 18446744073709551615n } },
  source: { url: "x" },
});

test("a preset is kept exactly, under an id made of its name", async (t) => {
  const presets = new Presets(path.join(temporaryFolder(t), "presets"));
  assert.deepEqual(await presets.list(), []);
  await presets.put(PRESET);
  assert.equal(PRESET.id, "my-cafe-no1");
  assert.deepEqual(await presets.get("my-cafe-no1"), PRESET);
  assert.deepEqual(await presets.list(), [PRESET]);
  await assert.rejects(presets.put(PRESET), PresetExistsError);
  await presets.put({ ...PRESET, name: "Other" }, true);
  assert.equal((await presets.get(PRESET.id)).name, "Other");
});

test("renaming keeps what is there, and never takes another's id", async (t) => {
  const folder = temporaryFolder(t);
  const presets = new Presets(folder);
  await presets.put({ ...PRESET, id: "a" });
  await presets.put({ ...PRESET, id: "b", name: "B" });
  await assert.rejects(presets.rename("a", "b", undefined), PresetExistsError);
  assert.equal((await presets.get("b")).name, "B");
  const renamed = await presets.rename("a", "c", "C");
  assert.deepEqual([renamed.id, renamed.name], ["c", "C"]);
  await assert.rejects(presets.get("a"), UnknownPresetError);
  await presets.rename("c", "c", "Same id");
  assert.deepEqual(await readdir(folder), ["b.json", "c.json"]);
  await presets.remove("c");
  await assert.rejects(presets.remove("c"), UnknownPresetError);
});

test("ids lead to no other folder, and broken files are left out of the list", async (t) => {
  const folder = temporaryFolder(t);
  const presets = new Presets(folder);
  for (const id of ["../x", "a/b", ".hidden", "", "a".repeat(101)]) {
    await assert.rejects(presets.get(id), UnknownPresetError);
  }
  writeFileSync(path.join(folder, "broken.json"), "{");
  writeFileSync(path.join(folder, "wrong.json"), '{"name": 5}');
  await presets.put({ ...PRESET, id: "good" });
  assert.deepEqual(
    (await presets.list()).map(({ id }) => id),
    ["good"],
  );
  await assert.rejects(presets.get("broken"), PresetError);
  assert.throws(
    () => readPreset({ name: "x" }),
    (error) => error instanceof PresetError && /workflow/.test(error.message),
  );
  assert.throws(() => presetId("***"), PresetError);
});

const PARAMS = {
  prompt: "a [[animal:cat|dog]] in [[place]], [[ animal ]]",
  scenes: [{ text: "[[place]] again" }],
  steps: 5,
};

test("the questions of a preset are each asked once", () => {
  assert.deepEqual(placeholdersIn(PARAMS), [
    { question: "animal", choices: ["cat", "dog"], params: ["prompt"] },
    { question: "place", choices: null, params: ["prompt", "scenes"] },
  ]);
  assert.deepEqual(placeholdersIn({ a: "[x] [[]] [[:a|b]]" }), []);
});

test("answers take the place of questions, and ask nothing themselves", () => {
  assert.deepEqual(withAnswers(PARAMS, { animal: "dog", place: "[[animal]]", other: 5 }), {
    prompt: "a dog in [[animal]], dog",
    scenes: [{ text: "[[animal]] again" }],
    steps: 5,
  });
  assert.throws(
    () => withAnswers(PARAMS, { animal: "cow" }),
    (error) =>
      error instanceof ParamsError &&
      error.message === "the answer to 'animal' must be one of cat, dog; 'place' has no answer",
  );
});
