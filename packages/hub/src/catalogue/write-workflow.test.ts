import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { type JsonObject } from "@hearth/protocol";
import { Catalogue } from "./catalogue.ts";
import { UnknownWorkflowError } from "./errors.ts";
import { checkManifest } from "./manifest/read-manifest.ts";
import { temporaryFolder, writeWorkflow } from "./test-support.ts";
import { addWorkflow, installShipped, removeWorkflow, WorkflowExistsError } from "./write-workflow.ts";

const PROMPT: JsonObject = { "1": { class_type: "EmptyImage", inputs: { seed: 18446744073709551615n } } };

test("a workflow is added whole, and read as it was", async (t) => {
  const folder = path.join(temporaryFolder(t), "workflows");
  const manifest = checkManifest(
    { id: "mine", name: "Mine", inputs: [{ id: "seed", type: "seed", default: "18446744073709551615" }] },
    "mine",
  );
  await addWorkflow(folder, manifest, PROMPT);
  const read = await new Catalogue(folder).get("mine");
  assert.deepEqual(read.manifest, manifest);
  assert.deepEqual(read.document, PROMPT);
  await assert.rejects(addWorkflow(folder, manifest, {}), WorkflowExistsError);
  assert.deepEqual(await readdir(folder), ["mine"], "nothing half made is left");
  await removeWorkflow(folder, "mine");
  await assert.rejects(removeWorkflow(folder, "mine"), UnknownWorkflowError);
  await assert.rejects(removeWorkflow(folder, "../workflows"), UnknownWorkflowError);
  assert.deepEqual(await readdir(folder), []);
});

test("shipped workflows come once: what was removed or changed stays so", async (t) => {
  const base = temporaryFolder(t);
  const [shipped, folder] = [path.join(base, "shipped"), path.join(base, "workflows")];
  for (const id of ["a", "b"]) writeWorkflow(shipped, { id, version: 2 }, { "workflow.json": PROMPT });
  await mkdir(path.join(folder, ".new-left-behind"), { recursive: true });
  writeWorkflow(folder, { id: "b", name: "My own" }, { "workflow.json": {} });
  assert.deepEqual(await installShipped(shipped, folder), ["a"]);
  assert.equal((await new Catalogue(folder).manifest("b")).name, "My own");
  await rm(path.join(folder, "a"), { recursive: true });
  writeWorkflow(shipped, { id: "c" }, { "workflow.json": PROMPT });
  assert.deepEqual(await installShipped(shipped, folder), ["c"]);
  assert.deepEqual(await readdir(folder), ["b", "c", "index.json"]);
  const index = JSON.parse(await readFile(path.join(folder, "index.json"), "utf8")) as unknown;
  assert.deepEqual(index, { workflows: { a: 2, b: 2, c: 1 } });
  await writeFile(path.join(folder, "index.json"), "broken");
  assert.deepEqual(await installShipped(shipped, folder), ["a"]);
});
