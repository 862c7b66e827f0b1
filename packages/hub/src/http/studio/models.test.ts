import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ModelSite, studioModels } from "./models-test-support.ts";

interface Listed {
  readonly filename: string;
  readonly type: string;
  readonly present: boolean;
  readonly catalogued: boolean;
  readonly [field: string]: unknown;
}

const detailOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { detail: string }).detail;

test("lists say what is catalogued, what is here, and keep fields of others", async (t) => {
  const under = await studioModels(t, await ModelSite.start(t));
  assert.deepEqual(await under.json("/api/admin/models"), []);
  under.catalogue("models", {
    version: 28,
    date: "2026-03-29 12:00",
    models: [
      {
        filename: "a.safetensors",
        url: "https://civitai.com/api/download/models/1?token=secret",
        size: 10,
        licence: "MIT",
      },
      { filename: "sub/v.safetensors", type: "vae", name: "A VAE", base_model: "SDXL" },
      { filename: "gone.safetensors" },
    ],
  });
  under.write("models/checkpoints/a.safetensors", "0123456789");
  under.write("models/vae/sub/v.safetensors", "v");
  under.write("models/checkpoints/own.ckpt", "own");
  under.write("models/checkpoints/.download-x", "half");
  under.write("models/checkpoints/notes.txt", "no model");
  under.write("models/loras/l.safetensors", "l");
  const all = await under.json<Listed[]>("/api/admin/models");
  assert.deepEqual(
    all.map(({ filename, type, present, catalogued }) => ({ filename, type, present, catalogued })),
    [
      { filename: "a.safetensors", type: "checkpoints", present: true, catalogued: true },
      { filename: "sub/v.safetensors", type: "vae", present: true, catalogued: true },
      { filename: "gone.safetensors", type: "checkpoints", present: false, catalogued: true },
      { filename: "own.ckpt", type: "checkpoints", present: true, catalogued: false },
    ],
  );
  const [first] = all;
  assert.equal(first?.["licence"], "MIT");
  assert.equal(first?.["url"], "https://civitai.com/api/download/models/1?token=***");
  assert.equal(first?.["size_on_disk"], 10);
  assert.match(String(first?.["modified"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  assert.equal(all[2]?.["modified"], null);
  assert.equal(all[2]?.["name"], "gone");
  const names = async (query: string): Promise<string[]> =>
    (await under.json<Listed[]>(`/api/admin/models${query}`)).map(({ filename }) => filename);
  assert.deepEqual(await names("?present=false"), ["gone.safetensors"]);
  assert.deepEqual(await names("?type=vae"), ["sub/v.safetensors"]);
  assert.deepEqual(await names("?search=OWN"), ["own.ckpt"]);
  assert.deepEqual(await under.library.catalogue.summary("models"), {
    version: 28,
    date: "2026-03-29 12:00",
    count: 3,
    present: 2,
  });
  const loras = await under.json<Listed[]>("/api/admin/loras");
  assert.deepEqual(
    loras.map(({ filename }) => filename),
    ["l.safetensors"],
  );
});

test("LoRAs that go with a base model, however it is spelt", async (t) => {
  const under = await studioModels(t, await ModelSite.start(t));
  under.catalogue("loras", [
    { filename: "one.safetensors", base_model: "SD 1.5" },
    { filename: "two.safetensors", base_model: "SDXL" },
  ]);
  const found = await under.json<Listed[]>("/api/admin/loras/compatible/sd1.5");
  assert.deepEqual(
    found.map(({ filename }) => filename),
    ["one.safetensors"],
  );
});

test("a catalogue that is broken is named, and never written over", async (t) => {
  const under = await studioModels(t, await ModelSite.start(t));
  for (const [content, problem] of [
    ["{", /catalogs\/models\.json: it is not JSON/],
    ['{"models": 5}', /catalogs\/models\.json: models must be array/],
    ['{"models": [{"filename": "../x"}]}', /catalogs\/models\.json: models\.0\.filename/],
    ['{"models": [{"filename": ".x"}]}', /models\.0\.filename/],
    ['[{"filename": "a"}, {"filename": "a"}]', /'a' stands there twice/],
  ] as const) {
    under.catalogue("models", content);
    const answer = await under.get("/api/admin/models");
    assert.equal(answer.status, 500);
    assert.match(await detailOf(answer), problem);
    const added = await under.send("POST", "/api/admin/models/import", { models: [{ filename: "b.ckpt" }] });
    assert.equal(added.status, 500);
    await added.body?.cancel();
    assert.equal(readFileSync(path.join(under.folders.studio, "catalogs/models.json"), "utf8"), content);
  }
});

test("entries are added, renewed and taken out; an entry with its file stays", async (t) => {
  const under = await studioModels(t, await ModelSite.start(t));
  const post = (body: unknown): Promise<Response> => under.send("POST", "/api/admin/models/import", body);
  const answer = await post({
    models: [
      { filename: "a.ckpt", note: "kept" },
      { filename: "sub/v.safetensors", type: "vae" },
    ],
  });
  assert.deepEqual(await answer.json(), { added: 2, updated: 0 });
  const again = await post({ models: [{ filename: "a.ckpt", name: "A" }, { filename: "c.ckpt" }] });
  assert.deepEqual(await again.json(), { added: 1, updated: 1 });
  const file = path.join(under.folders.studio, "catalogs/models.json");
  const { models } = JSON.parse(readFileSync(file, "utf8")) as { models: object[] };
  assert.deepEqual(models, [
    { filename: "a.ckpt", note: "kept", name: "A" },
    { filename: "sub/v.safetensors", type: "vae" },
    { filename: "c.ckpt" },
  ]);
  under.write("models/vae/sub/v.safetensors", "v");
  const encoded = encodeURIComponent("sub/v.safetensors");
  const refused = await under.send("DELETE", `/api/admin/models/${encoded}/catalog`);
  assert.equal(refused.status, 409);
  assert.match(await detailOf(refused), /is on the disk/);
  const removed = await under.send("DELETE", "/api/admin/models/c.ckpt/catalog");
  assert.deepEqual(await removed.json(), { removed: "c.ckpt" });
  assert.equal((await under.send("DELETE", "/api/admin/models/c.ckpt/catalog")).status, 404);
  for (const [body, status, problem] of [
    [{ models: [{ filename: "x.ckpt", url: "file:///etc/passwd" }] }, 422, /http or https/],
    [{ models: [{ filename: "x.ckpt", type: "nonsense" }] }, 422, /must be a model type, not 'nonsense'/],
    [{ models: [{ filename: "a/../x.ckpt" }] }, 422, /models\.0\.filename/],
    [{ models: [{ filename: "x.ckpt", sha256: "abc" }] }, 422, /models\.0\.sha256/],
    [{}, 422, /models/],
  ] as const) {
    const wrong = await post(body);
    assert.equal(wrong.status, status);
    assert.match(await detailOf(wrong), problem);
  }
});

test("S-33 a deleted model, a deleted LoRA and a deleted LLM file are events", async (t) => {
  const under = await studioModels(t, await ModelSite.start(t));
  under.write("models/checkpoints/a.ckpt", "aa");
  under.write("models/loras/l.safetensors", "l");
  under.write("studio/llm/models/m.gguf", "m");
  const gone = await under.send("DELETE", "/api/admin/models/a.ckpt");
  assert.deepEqual(await gone.json(), { deleted: "a.ckpt", type: "checkpoints", size: 2 });
  assert.ok(!existsSync(path.join(under.folders.models, "checkpoints/a.ckpt")));
  assert.equal((await under.send("DELETE", "/api/admin/loras/l.safetensors")).status, 200);
  assert.equal((await under.send("DELETE", "/api/admin/llm/models/m.gguf")).status, 200);
  assert.deepEqual(
    (await under.events()).map(({ type, severity, message }) => ({ type, severity, message })),
    [
      { type: "model.deleted", severity: "info", message: "Deleted: a.ckpt" },
      { type: "model.deleted", severity: "info", message: "Deleted: l.safetensors" },
      { type: "llm.model.deleted", severity: "info", message: "Deleted: m.gguf" },
    ],
  );
  for (const name of [
    "a.ckpt",
    encodeURIComponent("../loras/l.safetensors"),
    encodeURIComponent("../../studio/test.db"),
  ]) {
    const answer = await under.send("DELETE", `/api/admin/models/${name}`);
    assert.equal(answer.status, 404, name);
    await answer.body?.cancel();
  }
  assert.ok(existsSync(path.join(under.folders.studio, "test.db")));
});

test("one name in two types: the type says which is deleted", async (t) => {
  const under = await studioModels(t, await ModelSite.start(t));
  under.write("models/checkpoints/m.safetensors", "c");
  under.write("models/vae/m.safetensors", "v");
  const unclear = await under.send("DELETE", "/api/admin/models/m.safetensors");
  assert.equal(unclear.status, 409);
  assert.match(await detailOf(unclear), /say \?type= \(checkpoints, vae\)/);
  assert.equal((await under.send("DELETE", "/api/admin/models/m.safetensors?type=vae")).status, 200);
  assert.ok(existsSync(path.join(under.folders.models, "checkpoints/m.safetensors")));
  assert.ok(!existsSync(path.join(under.folders.models, "vae/m.safetensors")));
});
