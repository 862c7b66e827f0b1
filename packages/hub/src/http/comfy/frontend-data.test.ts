import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { rawRequest, startServer, type TestServer } from "../test-server.ts";

function writer({ folders }: TestServer): (name: string, text: string) => string {
  return (name, text) => {
    const file = path.join(folders.base, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
}

function getter({ port }: TestServer): (target: string) => Promise<unknown> {
  return async (target) => {
    const { status, body, headers } = await rawRequest(port, "GET", target);
    return headers["content-type"]?.startsWith("application/json") === true
      ? JSON.parse(body)
      : `${status} ${body}`;
  };
}

test("translations of all packs are merged in the order of their names", async (t) => {
  const server = await startServer(t);
  const [write, get] = [writer(server), getter(server)];
  assert.deepEqual(await get("/i18n"), {});
  write("custom_nodes/b/locales/en/main.json", '{"deep": {"b": 2}, "text": "b", "list": [3]}');
  write(
    "custom_nodes/a/locales/en/main.json",
    '{"nodeDefs": {"old": 1}, "deep": {"a": 1}, "text": "a", "list": [1, 2]}',
  );
  write("custom_nodes/a/locales/en/nodeDefs.json", '{"New": {"display_name": "neu"}}');
  write("custom_nodes/a/locales/en/commands.json", "{}");
  write("custom_nodes/a/locales/en/settings.json", '{"s": 1}');
  write("custom_nodes/a/locales/fr/main.json", "{broken");
  write("custom_nodes/a/locales/de/main.json", "[1]");
  const readme = write("custom_nodes/a/locales/readme.md", "x");
  const english = {
    nodeDefs: { New: { display_name: "neu" } },
    deep: { a: 1, b: 2 },
    text: "b",
    list: [1, 2, 3],
    settings: { s: 1 },
  };
  assert.deepEqual(await get("/api/i18n"), { de: {}, en: english, fr: {} });
  write("custom_nodes/a/locales/de/main.json", '{"hallo": "Welt"}');
  assert.deepEqual(await get("/i18n"), { de: { hallo: "Welt" }, en: english, fr: {} });
  rmSync(path.join(path.dirname(readme), "fr"), { recursive: true });
  assert.deepEqual(Object.keys((await get("/i18n")) as object), ["de", "en"]);
});

test("example workflows are listed and served, and what lies beside them is not", async (t) => {
  const server = await startServer(t);
  const [write, get] = [writer(server), getter(server)];
  assert.deepEqual(await get("/workflow_templates"), {});
  write("custom_nodes/p q/example_workflows/one.json", '{"n": 1}');
  write("custom_nodes/p q/examples/two words.json", '{"n": 2}');
  write("custom_nodes/p q/examples/one.json", '{"n": 3}');
  write("custom_nodes/p q/examples/one.jpg", "picture");
  write("custom_nodes/p q/examples/deep/three.json", '{"n": 4}');
  write("custom_nodes/p q/index.ts", "secret");
  write("custom_nodes/none/other/x.json", "{}");
  const outside = write("outside/secret.json", '"secret"');
  symlinkSync(outside, path.join(server.folders.base, "custom_nodes/p q/examples/link.json"));
  symlinkSync(path.dirname(outside), path.join(server.folders.base, "custom_nodes/none/workflows"));
  assert.deepEqual(await get("/workflow_templates"), {
    none: ["secret"],
    "p q": ["link", "one", "one", "two words"],
  });
  const base = "/api/workflow_templates/p%20q";
  assert.deepEqual(await get(`${base}/one.json`), { n: 1 });
  assert.deepEqual(await get(`${base}/two%20words.json`), { n: 2 });
  assert.deepEqual(await get(`${base}/deep/three.json`), { n: 4 });
  assert.equal(await get(`${base}/one.jpg`), "200 picture");
  assert.equal(await get(`${base}/deep`), "403 403: Forbidden");
  assert.equal(await get(`${base}/link.json`), "403 403: Forbidden");
  assert.equal(await get("/api/workflow_templates/none/secret.json"), "403 403: Forbidden");
  assert.equal(await get(`${base}/nope.json`), "404 ");
  assert.equal(await get("/api/workflow_templates/nobody/one.json"), "404 ");
  assert.equal(await get("/workflow_templates/p%20q/one.json"), "404 ");
  for (const climb of [
    "..%2Findex.ts",
    "%2e%2e%2findex.ts",
    "deep%2F..%2F..%2Findex.ts",
    "../index.ts",
    "%2Fetc%2Fpasswd",
    "x%00",
  ]) {
    assert.equal(await get(`${base}/${climb}`), "404 404: Not Found", climb);
  }
  assert.equal(await get(`${base}/%252e%252e%252findex.ts`), "404 ");
});

test("blueprints of the server and of packs", async (t) => {
  const server = await startServer(t);
  const [write, get] = [writer(server), getter(server)];
  assert.deepEqual(await get("/global_subgraphs"), {});
  const own = write("blueprints/Blur.json", '{"nodes": []}');
  const packs = write("custom_nodes/p/subgraphs/one.json", '{"id": "é"}');
  write("custom_nodes/p/subgraphs/readme.md", "");
  const secret = write("outside/secret.json", "secret");
  symlinkSync(secret, path.join(path.dirname(packs), "link.json"));
  const id = (source: string, file: string) =>
    createHash("sha256")
      .update(source + file)
      .digest("hex");
  const blur = { source: "templates", name: "Blur", info: { node_pack: "comfyui" } };
  const one = { source: "custom_node", name: "one", info: { node_pack: "custom_nodes.p" } };
  const link = path.join(path.dirname(packs), "link.json");
  const [blurId, oneId, linkId] = [id("templates", own), id("custom_node", packs), id("custom_node", link)];
  assert.deepEqual(await get("/global_subgraphs"), {
    [blurId]: blur,
    [linkId]: { ...one, name: "link" },
    [oneId]: one,
  });
  assert.deepEqual(await get(`/api/global_subgraphs/${oneId}`), { ...one, data: '{"id": "é"}' });
  assert.deepEqual(await get(`/global_subgraphs/${blurId}`), { ...blur, data: '{"nodes": []}' });
  for (const unknown of ["zzz", linkId, "__proto__", "..%2Fx"]) {
    assert.equal(await get(`/global_subgraphs/${unknown}`), null, unknown);
  }
});
