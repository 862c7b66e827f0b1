import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { loadPacks } from "./packs.ts";

const GOOD = `
import { defineNode, int } from "@hearth/nodes/sdk";
export const nodes = [
  defineNode({ name: "FromPack", api: "v1", category: "x", inputs: { n: int() }, outputs: ["INT"], execute: ({ n }) => [n] }),
];
`;

async function packFolder(packs: Record<string, Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "hearth-packs-"));
  for (const [name, files] of Object.entries(packs)) {
    await mkdir(path.join(folder, name), { recursive: true });
    for (const [file, text] of Object.entries(files)) await writeFile(path.join(folder, name, file), text);
  }
  return folder;
}

test("good packs load; broken, Python and misbehaving ones are reported in one line and left out", async () => {
  const folder = await packFolder({
    good: { "index.ts": GOOD },
    "no-syntax": { "index.ts": "export const nodes = [;" },
    throws: { "index.js": 'throw new Error("on purpose\\nsecond line")' },
    exits: { "index.mjs": "process.exit(3)" },
    nothing: { "index.ts": "export const other = 1;" },
    python: { "__init__.py": "NODE_CLASS_MAPPINGS = {}" },
    empty: { "readme.txt": "" },
    ".hidden": { "index.ts": GOOD },
  });
  const packs = await loadPacks([folder, path.join(folder, "absent")]);
  const problems = Object.fromEntries(packs.map(({ report }) => [report.name, report.problem]));
  assert.deepEqual(Object.keys(problems).sort(), [
    "empty",
    "exits",
    "good",
    "no-syntax",
    "nothing",
    "python",
    "throws",
  ]);
  assert.equal(problems["good"], undefined);
  assert.equal(problems["throws"], "on purpose");
  assert.match(problems["exits"] ?? "", /process\.exit\(3\)/);
  assert.match(problems["python"] ?? "", /Python/);
  assert.match(problems["nothing"] ?? "", /`nodes`/);
  assert.ok(packs.every(({ report }) => report.problem === undefined || !report.problem.includes("\n")));
  assert.deepEqual(
    packs.flatMap(({ nodes }) => nodes.map((node) => node.name)),
    ["FromPack"],
  );
  await rm(folder, { recursive: true });
});

test("only wanted packs load", async () => {
  const folder = await packFolder({ a: { "index.ts": GOOD }, b: { "index.ts": GOOD } });
  assert.deepEqual(
    (await loadPacks([folder], ["b"])).map(({ report }) => report.name),
    ["b"],
  );
  await rm(folder, { recursive: true });
});

test("a pack says where its files for web pages lie", async () => {
  const folder = await packFolder({
    web: { "index.ts": `${GOOD}\nexport const webDirectory = "./" + "web";` },
    plain: { "index.ts": GOOD },
  });
  const packs = await loadPacks([folder]);
  assert.deepEqual(
    packs.map(({ report }) => [report.name, report.web]),
    [
      ["plain", undefined],
      ["web", "./web"],
    ],
  );
  await rm(folder, { recursive: true });
});
