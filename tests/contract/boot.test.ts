/** What a graph editor asks while it starts, in its order, and what it needs of each answer. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { TestServer } from "../support/server.ts";

/** A folder with these files; it goes with the test. */
function folderOf(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-boot-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
}

test("an editor starts: the page, its data, its extensions, its socket", async (t) => {
  const frontEnd = folderOf(t, {
    "index.html": '<!doctype html><title>Editor</title><script src="assets/index-1.js"></script>',
    "assets/index-1.js": "export {};",
    "extensions/core/hello.js": "export const core = 1;",
    "templates/index.json": '[{"moduleName": "default", "templates": []}]',
  });
  const packs = folderOf(t, {
    "boot-pack/index.ts": 'export const webDirectory = "web";\nexport const nodes = [];\n',
    "boot-pack/web/pack.js": "export const pack = 1;",
    "boot-pack/locales/en/main.json": '{"hello": "Hello"}',
    "boot-pack/subgraphs/double.json": '{"nodes": []}',
    "boot-pack/example_workflows/first.json": '{"nodes": []}',
  });
  const server = await TestServer.start(["--front-end-root", frontEnd, "--custom-nodes-directory", packs]);
  t.after(() => server.stop());
  /** As a page of this server asks. */
  const ask = async (target: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { origin: server.url, "comfy-user": "", ...init.headers };
    const answer = await fetch(server.url + target, { ...init, headers });
    assert.ok(answer.ok, `${init.method ?? "GET"} ${target}: ${answer.status}`);
    return answer;
  };
  const json = async <T>(target: string): Promise<T> => {
    const answer = await ask(target);
    assert.match(answer.headers.get("content-type") ?? "", /^application\/json/, target);
    return (await answer.json()) as T;
  };

  const page = await ask("/");
  assert.match(await page.text(), /<title>Editor/);
  assert.match(page.headers.get("cache-control") ?? "", /no-store/);
  assert.match((await ask("/assets/index-1.js")).headers.get("content-type") ?? "", /javascript/);

  const users = await json<{ storage: string; migrated: boolean }>("/api/users");
  assert.equal(users.storage, "server");
  assert.equal(typeof users.migrated, "boolean");
  assert.deepEqual(await json("/api/settings"), {});
  const { system, devices } = await json<{ system: { comfyui_version: string }; devices: object[] }>(
    "/api/system_stats",
  );
  assert.match(system.comfyui_version, /^\d+\.\d+\.\d+$/);
  assert.ok(devices.length > 0);
  const missing = await fetch(
    `${server.url}/api/userdata?dir=workflows&recurse=true&split=false&full_info=true`,
  );
  assert.equal(missing.status, 404, "nothing is saved yet");
  await ask("/api/userdata/workflows%2Fmine.json?overwrite=false&full_info=true", {
    method: "POST",
    body: "{}",
  });
  const saved = await json<{ path: string }[]>(
    "/api/userdata?dir=workflows&recurse=true&split=false&full_info=true",
  );
  assert.deepEqual(
    saved.map((file) => file.path),
    ["mine.json"],
  );
  assert.deepEqual(await json("/api/i18n"), { en: { hello: "Hello" } });

  // The editor sends settings as text, and values that are texts of JSON.
  const body = { method: "POST", headers: { "content-type": "text/plain;charset=UTF-8" } };
  await ask("/api/settings/Comfy.TutorialCompleted", { ...body, body: "true" });
  await ask("/api/settings/Comfy.Locale", { ...body, body: '"en"' });
  assert.deepEqual(await json("/api/settings"), { "Comfy.TutorialCompleted": true, "Comfy.Locale": "en" });
  assert.equal(await json("/api/settings/Comfy.Locale"), "en");

  const scripts = await json<string[]>("/api/extensions");
  assert.deepEqual(scripts, ["/extensions/core/hello.js", "/extensions/boot-pack/pack.js"]);
  for (const script of scripts) {
    const answer = await ask(script);
    assert.match(answer.headers.get("content-type") ?? "", /javascript/, script);
    assert.match(await answer.text(), /export const/);
  }

  const subgraphs = await json<Record<string, { name: string; source: string }>>("/api/global_subgraphs");
  assert.deepEqual(
    Object.values(subgraphs).map(({ name }) => name),
    ["double"],
  );
  for (const id of Object.keys(subgraphs)) {
    assert.equal((await json<{ data: string }>(`/api/global_subgraphs/${id}`)).data, '{"nodes": []}');
  }

  const socket = new WebSocket(`${server.url.replace("http", "ws")}/ws`);
  t.after(() => socket.close());
  const [first] = (await once(socket, "message")) as [{ data: string }];
  const status = JSON.parse(first.data) as { type: string; data: { sid: string; status: object } };
  assert.equal(status.type, "status");
  assert.ok(status.data.sid.length > 0);
  socket.send(JSON.stringify({ type: "feature_flags", data: { supports_preview_metadata: true } }));
  const [second] = (await once(socket, "message")) as [{ data: string }];
  assert.equal((JSON.parse(second.data) as { type: string }).type, "feature_flags");

  const classes = await json<Record<string, { name: string }>>("/api/object_info");
  assert.ok(Object.entries(classes).every(([name, info]) => info.name === name));
  assert.ok("KSampler" in classes || "SaveImage" in classes);

  type Jobs = {
    jobs: object[];
    pagination: { offset: number; limit: number; total: number; has_more: boolean };
  };
  for (const [states, limit] of [
    ["in_progress,pending", 200],
    ["completed,failed,cancelled", 64],
  ] as const) {
    const { jobs, pagination } = await json<Jobs>(`/api/jobs?status=${states}&limit=${limit}&offset=0`);
    assert.deepEqual(jobs, []);
    assert.deepEqual(pagination, { offset: 0, limit, total: 0, has_more: false });
  }
  assert.ok(Object.keys(await json<object>("/api/node_replacements")).length > 0);
  const folders = await json<{ name: string; folders: string[] }[]>("/api/experiment/models");
  assert.ok(folders.some(({ name }) => name === "checkpoints"));
  assert.deepEqual(await json("/api/workflow_templates"), { "boot-pack": ["first"] });
  assert.deepEqual(await json("/templates/index.json"), [{ moduleName: "default", templates: [] }]);
});
