/** Uploads, `/view`, models, node classes, and what the server tells of itself. */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { Shared } from "./servers.ts";
import { form, png, safetensors } from "./uploads.ts";

const PICTURE = png(12, 8, [200, 30, 40, 255]);
/** More than the servers of these tests take. */
export const TOO_LARGE = Buffer.alloc(1024 * 1024 + 1);

export function testFiles(shared: Shared): void {
  test("uploads and what is refused", async () => {
    const { main, plain } = shared();
    const image = { name: "image", filename: "red.png", content: PICTURE };
    for (const session of [main, plain]) {
      for (const subfolder of ["", "contract"]) {
        const answer = await session.json<{ name: string; asset?: object }>(
          "uploadFile",
          200,
          form([image, { name: "subfolder", content: subfolder }]),
        );
        assert.equal(answer.name, "red.png");
      }
      const mask = { name: "image", filename: "mask.png", content: png(12, 8, [0, 0, 0, 90]) };
      const reference = {
        name: "original_ref",
        content: JSON.stringify({ filename: "red.png", type: "input" }),
      };
      await session.call("uploadMask", 200, form([mask, reference]));
      await session.call("uploadMask", 200, form([mask, reference]));
      for (const id of ["uploadFile", "uploadMask"]) {
        await session.call(id, 400, form([{ name: "type", content: "input" }]));
        await session.call(id, 400, {
          body: "image=1",
          headers: { "Content-Type": "application/x-www-form-urlencoded" },
        });
        await session.call(id, 400, form([{ ...image, filename: "../../out.png" }, reference]));
        await session.call(id, 413, form([{ ...image, content: TOO_LARGE }, reference]));
      }
      await session.call("uploadFile", 400, form([image, { name: "type", content: "models" }]));
      await session.call("uploadMask", 400, form([mask]));
    }
  });

  test("files are viewed whole, in parts, and as other pictures", async () => {
    const { main } = shared();
    const query = { filename: "red.png", type: "input" };
    await main.call("uploadFile", 200, form([{ name: "image", filename: "red.png", content: PICTURE }]));
    const whole = await main.call("viewFile", 200, { query });
    assert.deepEqual(whole.body, PICTURE);
    await main.call("viewFile", 206, { query, headers: { Range: "bytes=0-9" } });
    await main.call("viewFile", 416, { query, headers: { Range: "bytes=99999-" } });
    await main.call("viewFile", 304, { query, headers: { "If-None-Match": whole.header("etag") ?? "" } });
    for (const more of [
      { preview: "webp;80" },
      { preview: "jpeg" },
      { channel: "rgb" },
      { channel: "a" },
      { channel: "rgba" },
    ]) {
      const { response } = await main.send("viewFile", { query: { ...query, ...more } });
      assert.equal(response.status, 200);
      assert.match(response.header("content-type") ?? "", /^image\//);
    }
    await main.call("viewFile", 404, { query: { filename: "none.png" } });
    await main.call("viewFile", 404, {});
    await main.call("viewFile", 400, { query: { filename: "../red.png" } });
    await main.call("viewFile", 400, { query: { filename: "red.png", type: "models" } });
    await main.call("viewFile", 403, { query: { ...query, subfolder: "../.." } });
    await main.call(
      "uploadFile",
      200,
      form([{ name: "image", filename: "text.png", content: "no picture" }]),
    );
    await main.call("viewFile", 400, { query: { filename: "text.png", type: "input", preview: "webp" } });
  });

  test("models, their metadata and pictures", async () => {
    const { main } = shared();
    const folder = path.join(main.server.base, "models/loras");
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "style.safetensors"), safetensors({ about: "a test" }));
    writeFileSync(path.join(folder, "style.png"), PICTURE);
    symlinkSync(path.join(main.server.base, "input/red.png"), path.join(folder, "outside.png"));
    writeFileSync(path.join(folder, "outside.safetensors"), safetensors({}));
    mkdirSync(path.join(main.server.base, "models/embeddings"), { recursive: true });
    writeFileSync(path.join(main.server.base, "models/embeddings/word.pt"), "x");

    const query = { filename: "style.safetensors" };
    const loras = { folder_name: "loras" };
    for (let round = 0; round < 2; round += 1) {
      assert.deepEqual(await main.json("viewMetadata", 200, { path: loras, query }), { about: "a test" });
      await main.call("viewMetadata", 404, { path: { folder_name: "none" }, query });
      await main.call("listModelTypes", 200);
      const names = await main.json<string[]>("listModelNames", 200, { path: { folder: "loras" } });
      assert.ok(names.includes("style.safetensors"));
      await main.call("listModelNames", 404, { path: { folder: "none" } });
      await main.call("listModelFolders", 200);
      const files = await main.json<{ name: string }[]>("listModelFiles", 200, { path: { folder: "loras" } });
      assert.ok(files.some(({ name }) => name === "style.safetensors"));
      await main.call("listModelFiles", 404, { path: { folder: "none" } });
      const place = { folder: "loras", path_index: "0", path: "style.safetensors" };
      await main.call("getModelPreview", 200, { path: place });
      await main.call("getModelPreview", 400, { path: { ...place, path_index: "first" } });
      await main.call("getModelPreview", 404, { path: { ...place, path: "none.safetensors" } });
      const { response } = await main.send("getModelPreview", {
        path: { ...place, path: "outside.safetensors" },
      });
      assert.equal(response.status, 403);
      assert.deepEqual(await main.json("listEmbeddings", 200), ["word"]);
    }
  });

  test("node classes and the server itself", async () => {
    const { main, many } = shared();
    for (let round = 0; round < 2; round += 1) {
      const all = await main.json<Record<string, unknown>>("listNodeClasses", 200);
      assert.ok(Object.keys(all).length > 100);
      const one = await main.json<object>("getNodeClass", 200, { path: { node_class: "SaveImage" } });
      assert.deepEqual(one, { SaveImage: all["SaveImage"] });
      assert.deepEqual(await main.json("getNodeClass", 200, { path: { node_class: "No/Such" } }), {});
      await main.call("listReplacements", 200);
      await main.call("getSystemStats", 200);
      await main.call("getFeatures", 200);
      await many.call("getFeatures", 200);
      await main.call("connectWebSocket", 400);
    }
  });

  test("what packs bring for the web page", async () => {
    const { plain } = shared();
    for (let round = 0; round < 2; round += 1) {
      const scripts = await plain.json<string[]>("listExtensions", 200);
      assert.deepEqual(scripts, ["/extensions/contract-pack/hello.js"]);
      assert.deepEqual(await plain.json("listTemplates", 200), { "contract-pack": ["portrait"] });
      const texts = await plain.json<{ de: { hello: string } }>("getTranslations", 200);
      assert.equal(texts.de.hello, "Guten Tag");
      const subgraphs = await plain.json<object>("listSubgraphs", 200);
      const [id = ""] = Object.keys(subgraphs);
      const { data } = await plain.json<{ data: string }>("getSubgraph", 200, { path: { id } });
      assert.equal(data, '{"nodes": []}');
      assert.equal(await plain.json("getSubgraph", 200, { path: { id: "none" } }), null);
    }
    const file = { name: "contract-pack", path: "portrait.json" };
    const whole = await plain.call("getTemplate", 200, { path: file });
    await plain.call("getTemplate", 206, { path: file, headers: { Range: "bytes=0-1" } });
    await plain.call("getTemplate", 416, { path: file, headers: { Range: "bytes=500-" } });
    await plain.call("getTemplate", 304, {
      path: file,
      headers: { "If-None-Match": whole.header("etag") ?? "" },
    });
    await plain.call("getTemplate", 404, { path: { ...file, path: "none.json" } });
    await plain.call("getTemplate", 404, { path: { ...file, name: "none" } });
    await plain.call("getTemplate", 403, { path: { ...file, path: "folder" } });
    await plain.call("getPage", 200);
  });

  test("the log, folders and files of the server", async () => {
    const { main } = shared();
    await main.call("getLog", 200);
    const { entries } = await main.json<{ entries: unknown[] }>("getLogEntries", 200);
    assert.ok(entries.length > 0);
    await main.call("followLog", 200, { json: { clientId: "nobody", enabled: true } });
    await main.call("followLog", 400, { json: { clientId: "nobody" } });
    await main.call("followLog", 400, { body: "{" });
    await main.call("listFolders", 200);
    const files = await main.json<string[]>("listFiles", 200, { path: { directory_type: "input" } });
    assert.ok(files.includes("red.png [input]"));
    await main.call("listFiles", 400, { path: { directory_type: "models" } });
  });
}
