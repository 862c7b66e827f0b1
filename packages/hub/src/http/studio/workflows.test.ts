import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { isJsonObject, type JsonObject, printJson } from "@hearth/protocol";
import sharp from "sharp";
import { INVERT, PIXEL, startRunner } from "./run-test-server.ts";

test("the list says of each workflow whether it can run, and of a broken one why not", async (t) => {
  const { ask, write } = await startRunner(t);
  assert.deepEqual((await ask("GET", "/api/admin/workflows")).body, []);
  write({ ...INVERT.manifest }, { ...INVERT.files });
  write({ id: "broken" }, {});
  const { body } = await ask("GET", "/api/admin/workflows");
  assert.deepEqual(
    body.map((entry) => (isJsonObject(entry) ? [entry["id"], entry["ready"], entry["error"]] : [])),
    [
      ["broken", false, "workflow 'broken': it has no file workflow.json"],
      ["invert", true, undefined],
    ],
  );
  const one = await ask("GET", "/api/admin/workflows/invert");
  assert.deepEqual(one.body["workflow"], INVERT.files["workflow.json"]);
  assert.equal((await ask("GET", "/api/admin/workflows/none")).status, 404);
});

const PROMPT: JsonObject = {
  "1": { class_type: "LoadImage", inputs: { image: "theirs.png" } },
  "2": { class_type: "ImageBlur", inputs: { image: ["1", 0], blur_radius: 3, sigma: 1 } },
  "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "x" } },
};

/** A picture as ComfyUI saves it, with its prompt inside. */
async function pictureWith(prompt: JsonObject): Promise<Buffer> {
  const png = await sharp(PIXEL).png().toBuffer();
  const body = Buffer.from(`prompt\0${printJson(prompt)}`, "latin1");
  const type = Buffer.from("tEXt");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  const { crc32 } = await import("node:zlib");
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(Buffer.concat([type, body])));
  const end = png.length - 12;
  return Buffer.concat([png.subarray(0, end), length, type, body, check, png.subarray(end)]);
}

test("a picture brings its workflow: proposed first, then saved, then it runs", async (t) => {
  const { ask, folders } = await startRunner(t);
  const file = { name: "file", filename: "Soft dream.png", content: await pictureWith(PROMPT) };
  const proposal = await ask("POST", "/api/admin/workflows/import", [file]);
  assert.equal(proposal.status, 200, proposal.text);
  const manifest = proposal.body["manifest"] as JsonObject;
  assert.deepEqual(
    [proposal.body["format"], proposal.body["saved"], manifest["id"]],
    ["PNG", false, "soft-dream"],
  );
  assert.deepEqual(proposal.body["missing"], {
    classes: [],
    models: [],
    files: [{ name: "theirs.png", node_id: "1" }],
  });
  assert.equal((await ask("GET", "/api/admin/workflows/soft-dream")).status, 404);

  const changed = printJson({ ...manifest, name: "Dream", description: "soft" });
  const save = [
    file,
    { name: "save", content: "true" },
    { name: "id", content: "dream" },
    { name: "manifest", content: changed },
  ];
  const saved = await ask("POST", "/api/admin/workflows/import", save);
  assert.equal(saved.status, 200, saved.text);
  assert.equal((await ask("POST", "/api/admin/workflows/import", save)).status, 409);
  assert.equal((await ask("GET", "/api/run/dream")).body["name"], "Dream");
  const run = await ask("POST", "/api/run/dream/execute", [
    { name: "input_image", filename: "a.png", content: PIXEL },
  ]);
  assert.equal(run.status, 200, run.text);

  assert.equal((await ask("DELETE", "/api/admin/workflows/dream")).status, 200);
  assert.equal((await ask("DELETE", "/api/admin/workflows/dream")).status, 404);
  assert.deepEqual(readdirSync(path.join(folders.studio, "workflows")), []);
});

test("a workflow with classes that nobody has names them, and is not saved", async (t) => {
  const { ask, folders } = await startRunner(t);
  const workflow: JsonObject = {
    version: 0.4,
    links: [],
    nodes: [{ id: 1, type: "TheirNode", inputs: [], outputs: [] }],
  };
  const shown = await ask("POST", "/api/admin/workflows/import", { workflow, name: "Theirs" });
  assert.deepEqual((shown.body["missing"] as JsonObject)["classes"], ["TheirNode"]);
  const saved = await ask("POST", "/api/admin/workflows/import", { workflow, name: "Theirs", save: true });
  assert.equal(saved.status, 409);
  assert.match(String(saved.body["detail"]), /TheirNode/);
  assert.ok(!readdirSync(folders.studio).includes("workflows"));
});

test("what cannot be imported is refused in words", async (t) => {
  const { ask } = await startRunner(t);
  const send = async (content: string | Buffer, fields: Record<string, string> = {}) =>
    ask("POST", "/api/admin/workflows/import", [
      { name: "file", filename: "x", content },
      ...Object.entries(fields).map(([name, value]) => ({ name, content: value })),
    ]);
  const cases: [string | Buffer, Record<string, string>, RegExp][] = [
    ["", {}, /empty/],
    ["hello", {}, /neither JSON/],
    ["[1]", {}, /neither a workflow/],
    [PIXEL, {}, /carries neither/],
    [printJson(PROMPT), { id: "../x" }, /id must begin/],
    [printJson(PROMPT), { id: "x", manifest: '{"name": 5}' }, /name/],
  ];
  for (const [content, fields, words] of cases) {
    const answer = await send(content, fields);
    assert.equal(answer.status, 422, answer.text);
    assert.match(String(answer.body["detail"]), words);
  }
  assert.equal((await ask("POST", "/api/admin/workflows/import", {})).status, 422);
  assert.equal((await ask("POST", "/api/admin/workflows/import", {}, "runner")).status, 403);
});
