import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { defaultModelFolders, withAddedFolders } from "../files/model-folders.ts";
import { FileNames } from "../files/file-lists.ts";
import { temporaryFolders } from "../http/test-server.ts";
import { ExtraPathsError, readExtraPaths } from "./extra-paths.ts";

function written(t: TestContext, text: string): { base: string; file: string } {
  const { base } = temporaryFolders(t);
  const file = path.join(base, "more.yaml");
  writeFileSync(file, text);
  return { base, file };
}

test("sections, base paths, legacy names and packs", async (t) => {
  process.env["HEARTH_TEST_MODELS"] = "/mnt/env";
  t.after(() => delete process.env["HEARTH_TEST_MODELS"]);
  const { base, file } = written(
    t,
    `
a111:
  base_path: ../webui   # beside the file's folder
  is_default: yes
  checkpoints: models/Stable-diffusion
  loras: |
    models/Lora

    models/LyCORIS
other:
  unet: $HEARTH_TEST_MODELS/unet
  clip: \${HEARTH_TEST_MODELS}/clip/$HEARTH_TEST_UNKNOWN
  mine: ~/mine
  custom_nodes: packs
  list: [one, two]
empty:
`,
  );
  const webui = path.join(base, "../webui/models");
  assert.deepEqual(await readExtraPaths(base, [file]), {
    models: [
      { type: "checkpoints", directory: path.join(webui, "Stable-diffusion"), first: true },
      { type: "loras", directory: path.join(webui, "Lora"), first: true },
      { type: "loras", directory: path.join(webui, "LyCORIS"), first: true },
      { type: "diffusion_models", directory: "/mnt/env/unet", first: false },
      { type: "text_encoders", directory: "/mnt/env/clip/$HEARTH_TEST_UNKNOWN", first: false },
      { type: "mine", directory: path.join(os.homedir(), "mine"), first: false },
      { type: "custom_nodes", directory: path.join(base, "packs"), first: false },
      { type: "list", directory: path.join(base, "one"), first: false },
      { type: "list", directory: path.join(base, "two"), first: false },
    ],
    customNodes: [path.join(base, "packs")],
  });
});

test("the file of the base directory is read without being asked for, and once", async (t) => {
  const { base } = temporaryFolders(t);
  assert.deepEqual(await readExtraPaths(base, []), { models: [], customNodes: [] });
  const file = path.join(base, "extra_model_paths.yaml");
  writeFileSync(file, "x:\n  vae: v\n");
  const vae = { type: "vae", directory: path.join(base, "v"), first: false };
  assert.deepEqual((await readExtraPaths(base, [file])).models, [vae]);
});

test("what is wrong is named with its place", async (t) => {
  for (const [text, problem] of [
    ["a:\n  b: [x\n", /more\.yaml: line \d+: /],
    ["- a\n", /more\.yaml: it must hold sections/],
    ["a: text\n", /more\.yaml: section a is no list of model types/],
    ["a:\n  loras: 5\n", /more\.yaml: a\.loras must be directories, one a line/],
    ["a:\n  loras: {b: c}\n", /more\.yaml: a\.loras must be directories/],
    ["a:\n  base_path: [x]\n", /more\.yaml: a\.base_path must be a text/],
  ] as const) {
    const { base, file } = written(t, text);
    await assert.rejects(
      () => readExtraPaths(base, [file]),
      (error) => error instanceof ExtraPathsError && problem.test(error.message),
      text,
    );
  }
  const { base } = temporaryFolders(t);
  await assert.rejects(
    () => readExtraPaths(base, [path.join(base, "none.yaml")]),
    /none\.yaml: it cannot be read \(ENOENT\)/,
  );
  const laughs = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (let level = 0; level < 9; level += 1) {
    const before = String.fromCharCode(97 + level);
    laughs.push(
      `${String.fromCharCode(98 + level)}: &${String.fromCharCode(98 + level)} [${Array(9).fill(`*${before}`).join(", ")}]`,
    );
  }
  const bomb = written(t, laughs.join("\n"));
  await assert.rejects(() => readExtraPaths(bomb.base, [bomb.file]), ExtraPathsError);
});

test("added directories come first or last, new types take every file", (t) => {
  const folders = temporaryFolders(t);
  const add = (type: string, name: string, first: boolean) => ({
    type,
    directory: path.join(folders.base, name),
    first,
  });
  const models = withAddedFolders(defaultModelFolders(folders), [
    add("vae", "last", false),
    add("vae", "first", true),
    add("vae", "second", true),
    add("vae", "models/vae", false),
    add("mine", "mine", false),
    add("loras", "output/loras", true),
  ]);
  const names = (type: string) => models.get(type)?.paths.map((one) => path.relative(folders.base, one));
  assert.deepEqual(names("vae"), ["first", "second", "models/vae", "output/vae", "last"]);
  assert.deepEqual(names("loras"), ["output/loras", "models/loras"]);
  assert.equal([...models.keys()].at(-1), "mine");
  mkdirSync(path.join(folders.base, "mine"));
  writeFileSync(path.join(folders.base, "mine/anything.xyz"), "");
  mkdirSync(path.join(folders.base, "first"));
  writeFileSync(path.join(folders.base, "first/v.safetensors"), "");
  const files = new FileNames(folders, models);
  assert.deepEqual(files.models("mine"), ["anything.xyz"]);
  assert.deepEqual(files.models("vae"), ["v.safetensors"]);
});
