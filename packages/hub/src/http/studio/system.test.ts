import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { logStates } from "../../system/databases.ts";
import { registerHealth } from "../ops/health.ts";
import { registerSignIn } from "../sign-in.ts";
import { rawRequest, startServer } from "../test-server.ts";
import { detail, json, KEY, startSystem } from "./system-test-server.ts";

const VERSIONS = {
  app_version: "20.4.2",
  date: "2026-03-30 10:00",
  min_runtime: 2,
  components: {
    runtime: { version: 3, date: "2026-03-28 14:00" },
    backend: { version: "20.4.2", date: "2026-03-30 10:00" },
    frontend: { version: "20.2.0", date: "2026-03-29 15:00" },
    models: { version: 28, date: "2026-03-29 12:00" },
    loras: { version: 5, date: "2026-03-28 10:00" },
    llm_models: { version: 3, date: "2026-03-21 08:00" },
    workflows: { version: 44, date: "2026-03-29 17:00" },
  },
};

const OPERATIONS = [
  ["GET", "/api/admin/system/status"],
  ["GET", "/api/admin/system/uptime"],
  ["GET", "/api/admin/system/flush-status"],
  ["POST", "/api/admin/system/prepare-shutdown"],
  ["POST", "/api/admin/system/reload-catalogs"],
  ["POST", "/api/admin/system/restart"],
  ["GET", "/api/admin/system/chrome-extension"],
  ["GET", "/api/admin/telemetry"],
  ["GET", "/api/admin/settings"],
  ["PUT", "/api/admin/settings"],
  ["GET", "/api/admin/settings/env"],
  ["PUT", "/api/admin/settings/env"],
  ["POST", "/api/admin/settings/reveal"],
  ["GET", "/api/admin/keys"],
  ["POST", "/api/admin/keys"],
  ["DELETE", "/api/admin/keys/x"],
] as const;

test("S-1 every operation wants the key or a session, also on this machine", async (t) => {
  const { ask } = await startSystem(t);
  for (const [method, target] of OPERATIONS) {
    for (const headers of [{}, { "x-api-key": "wrong" }, { cookie: "session=1.x" }] as const) {
      const answer = await ask(method, target, undefined, headers);
      assert.equal(answer.status, 401, `${method} ${target}`);
      assert.equal(detail(answer), "Not authenticated");
      // Too many wrong keys would be another answer.
      await ask("GET", "/api/admin/settings");
    }
  }
});

test("S-2 a wrong key beside a valid session is let pass", async (t) => {
  const { port } = await startServer(t, {}, (app) => registerSignIn(app));
  const signedIn = await rawRequest(
    port,
    "POST",
    "/api/auth/login",
    { "content-type": "application/json" },
    JSON.stringify({ api_key: KEY }),
  );
  const cookie = (signedIn.headers["set-cookie"] ?? "").split(";")[0] ?? "";
  assert.match(cookie, /^session=/);
  const { ask } = await startSystem(t);
  const answer = await ask("GET", "/api/admin/settings", undefined, { "x-api-key": "wrong", cookie });
  assert.equal(answer.status, 200);
});

test("S-3 errors are JSON with a detail, and a broken body is 422", async (t) => {
  const { app, ask } = await startSystem(t);
  const { port } = app.server.address() as { port: number };
  const broken = await rawRequest(port, "PUT", "/api/admin/settings", { "x-api-key": KEY }, "{broken");
  assert.equal(broken.status, 422);
  assert.match(detail(broken), /not JSON/);
  assert.equal(detail(await ask("PUT", "/api/admin/settings", [])), "body must be object");
  assert.equal((await ask("GET", "/api/admin/system/nothing")).status, 404);
  assert.equal((await ask("DELETE", "/api/admin/system/status")).status, 405);
});

test("S-79 health is open and says ok", async (t) => {
  const { port } = await startServer(t, {}, (app) =>
    registerHealth(app, () => ({ nodes: false, worker: false, open: true })),
  );
  const answer = await rawRequest(port, "GET", "/api/health");
  assert.deepEqual([answer.status, json(answer)], [200, { status: "ok" }]);
});

test("S-80 S-81 the status page has the seed's keys, texts and types", async (t) => {
  const { ask, folders } = await startSystem(t, {
    env: { RUNTIME_VERSION: "3", REPO_URL: "https://git.example/hearth.git" },
  });
  writeFileSync(path.join(folders.studio, "version.json"), JSON.stringify(VERSIONS));
  const status = json(await ask("GET", "/api/admin/system/status"));
  assert.deepEqual(Object.keys(status), [
    "app_version",
    "date",
    "repo_url",
    "runtime_version",
    "min_runtime",
    "components",
    "comfyui",
    "nodes",
    "disk",
    "database",
    "telegram_bot",
  ]);
  assert.equal(status["app_version"], "20.4.2");
  assert.equal(status["repo_url"], "https://git.example/hearth.git");
  assert.deepEqual([status["runtime_version"], status["min_runtime"]], [3, 2]);
  assert.deepEqual(status["components"], {
    runtime: { version: 3, date: "2026-03-28 14:00", status: "Docker image v3", updatable: false },
    backend: { version: "20.4.2", date: "2026-03-30 10:00", status: "running" },
    frontend: { version: "20.2.0", date: "2026-03-29 15:00", status: "loaded" },
    models: { version: 28, date: "2026-03-29 12:00", status: "126 models", count: 126, present: 15 },
    loras: { version: 5, date: "2026-03-28 10:00", status: "8 loras" },
    llm_models: { version: 3, date: "2026-03-21 08:00", status: "3 llm models" },
    workflows: { version: 44, date: "2026-03-29 17:00", status: "12 workflows", count: 12 },
  });
});

test("S-82 the engine runs, is silent, or is not there", async (t) => {
  let workers: { heardAt: number }[] = [];
  const { ask } = await startSystem(t, { parts: { workers: () => workers } });
  const engine = async (): Promise<unknown> =>
    json<{ comfyui: unknown }>(await ask("GET", "/api/admin/system/status")).comfyui;
  assert.deepEqual(await engine(), { status: "unreachable" });
  workers = [{ heardAt: performance.now() - 60_000 }];
  assert.deepEqual(await engine(), { status: "error" });
  workers.push({ heardAt: performance.now() });
  assert.deepEqual(await engine(), { status: "running" });
});

test("S-83 packs are counted by their modules", async (t) => {
  const modules = ["nodes", "comfy_extras.nodes_x", "custom_nodes.a", "custom_nodes.a.sub", "custom_nodes.b"];
  const { ask } = await startSystem(t, { parts: { nodeModules: () => modules } });
  assert.deepEqual(json(await ask("GET", "/api/admin/system/status"))["nodes"], { total_packages: 2 });
});

test("S-84 the disk of the studio directory, and never less than nothing free", async (t) => {
  const { ask } = await startSystem(t);
  const { disk } = json<{ disk: Record<string, number> }>(await ask("GET", "/api/admin/system/status"));
  assert.deepEqual(Object.keys(disk), ["total_bytes", "used_bytes", "free_bytes"]);
  assert.ok((disk["total_bytes"] ?? 0) > 0);
  assert.equal(disk["free_bytes"], (disk["total_bytes"] ?? 0) - (disk["used_bytes"] ?? 0));
  const full = await startSystem(t, {
    parts: {
      telemetry: { read: () => Promise.reject(new Error()), disk: async () => ({ total: 0, used: 9 }) },
    },
  });
  assert.deepEqual(json(await full.ask("GET", "/api/admin/system/status"))["disk"], {
    total_bytes: 0,
    used_bytes: 9,
    free_bytes: 0,
  });
});

test("S-85 S-22 rows are counted", async (t) => {
  const { ask, store } = await startSystem(t);
  const tables = async (): Promise<unknown> => json(await ask("GET", "/api/admin/system/status"))["database"];
  assert.deepEqual(await tables(), {
    tables: { jobs: 0, events: 0, settings: 0, saved_prompts: 0 },
    browser_url: null,
  });
  await store.documents.put("saved_prompts", "a", "{}");
  await ask("PUT", "/api/admin/settings", { max_concurrent: 4 });
  for (let count = 0; count < 3; count += 1) await store.addEvent({ type: "system.migration", data: {} });
  assert.deepEqual(await tables(), {
    tables: { jobs: 0, events: 3, settings: 1, saved_prompts: 1 },
    browser_url: null,
  });
});

test("S-86 the bot runs when its token is set", async (t) => {
  const { ask } = await startSystem(t);
  const bot = async (): Promise<unknown> =>
    json(await ask("GET", "/api/admin/system/status"))["telegram_bot"];
  assert.deepEqual(await bot(), { running: false, name: "" });
  await ask("PUT", "/api/admin/settings/env", { key: "TELEGRAM_BOT_TOKEN", value: "1:abc" });
  await ask("PUT", "/api/admin/settings/env", { key: "TELEGRAM_BOT_NAME", value: "MyStudioBot" });
  assert.deepEqual(await bot(), { running: true, name: "MyStudioBot" });
});

test("S-87 without a version.json the page says 0", async (t) => {
  const { ask } = await startSystem(t);
  const answer = await ask("GET", "/api/admin/system/status");
  assert.equal(answer.status, 200);
  const status = json<{
    app_version: string;
    date: string;
    components: Record<string, { version: unknown }>;
  }>(answer);
  assert.deepEqual([status.app_version, status.date], ["0.0.0", ""]);
  assert.equal(status.components["backend"]?.version, "0.0.0");
  assert.equal(status.components["models"]?.version, 0);
});

test("S-97 telemetry has the seed's keys; bytes are whole, percentages have one decimal", async (t) => {
  const { ask } = await startSystem(t);
  const telemetry = json<Record<string, number | null>>(await ask("GET", "/api/admin/telemetry"));
  assert.equal(telemetry["gpu"], null);
  for (const name of ["ram_total", "ram_used", "disk_total", "disk_used"]) {
    assert.ok(Number.isInteger(telemetry[name]) && (telemetry[name] ?? 0) > 0, name);
  }
  for (const name of ["cpu_percent", "ram_percent", "disk_percent"]) {
    const value = telemetry[name] ?? -1;
    assert.ok(value >= 0 && Number.isInteger(Math.round(value * 1e6) / 1e5), `${name} ${value}`);
  }
});

test("S-102 uptime in Rome's wall clock and whole seconds", async (t) => {
  const { ask } = await startSystem(t);
  const uptime = json<{ started_at: string; uptime_seconds: number }>(
    await ask("GET", "/api/admin/system/uptime"),
  );
  assert.deepEqual(Object.keys(uptime), ["started_at", "uptime_seconds"]);
  assert.match(uptime.started_at, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  const rome = new Date().toLocaleString("sv-SE", { timeZone: "Europe/Rome" });
  assert.equal(uptime.started_at.slice(0, 13), rome.slice(0, 13));
  assert.ok(Number.isInteger(uptime.uptime_seconds) && uptime.uptime_seconds < 60);
});

test("S-103 a restart flushes the database, answers, and asks for the new process", async (t) => {
  const asked = Promise.withResolvers<void>();
  const { ask, store, databaseFile } = await startSystem(t, { parts: { restart: () => asked.resolve() } });
  await store.documents.put("things", "a", "1");
  assert.equal((await logStates([databaseFile]))[0]?.flushed, false);
  const answer = await ask("POST", "/api/admin/system/restart");
  assert.deepEqual(json(answer), { message: "Restarting..." });
  assert.equal((await logStates([databaseFile]))[0]?.flushed, true);
  await asked.promise;
});

test("flush-status and prepare-shutdown tell of every database", async (t) => {
  let stopped = 0;
  const { ask, store } = await startSystem(t, {
    parts: {
      stopDownloads: async () => {
        stopped += 1;
      },
    },
  });
  await store.documents.put("things", "a", "1");
  const before = json<{ flushed: boolean; databases: { name: string; wal_bytes: number }[] }>(
    await ask("GET", "/api/admin/system/flush-status"),
  );
  assert.equal(before.flushed, false);
  assert.equal(before.databases[0]?.name, "hearth.db");
  const prepared = json<{ databases: { wal_bytes: number }[] }>(
    await ask("POST", "/api/admin/system/prepare-shutdown"),
  );
  assert.deepEqual([prepared.databases[0]?.wal_bytes, stopped], [0, 1]);
  assert.equal(json(await ask("GET", "/api/admin/system/flush-status"))["flushed"], true);
});

test("reload-catalogs reads them anew and says how much there is", async (t) => {
  let reads = 0;
  const { ask } = await startSystem(t, {
    parts: {
      reloadCatalogs: async () => {
        reads += 1;
      },
    },
  });
  assert.deepEqual(json(await ask("POST", "/api/admin/system/reload-catalogs")), {
    message: "Catalogs reloaded",
    counts: { models: 126, loras: 8, llm_models: 3, workflows: 12 },
  });
  assert.equal(reads, 1);
});

test("S-104 the extension is an archive to be loaded, or truthfully absent", async (t) => {
  const { ask, folders, app } = await startSystem(t);
  const absent = await ask("GET", "/api/admin/system/chrome-extension");
  assert.equal(absent.status, 404);
  assert.match(detail(absent), /no browser extension/);

  const folder = path.join(folders.base, "no-extension");
  mkdirSync(path.join(folder, "icons"), { recursive: true });
  writeFileSync(path.join(folder, "manifest.json"), '{"manifest_version": 3}');
  writeFileSync(path.join(folder, "icons", "16.png"), "picture");
  writeFileSync(path.join(folder, ".hidden"), "no");
  writeFileSync(path.join(folder, "popup.test.ts"), "no");
  const { port } = app.server.address() as { port: number };
  const answer = await fetch(`http://127.0.0.1:${port}/api/admin/system/chrome-extension`, {
    headers: { "x-api-key": KEY },
  });
  assert.equal(answer.headers.get("content-type"), "application/zip");
  assert.equal(answer.headers.get("content-disposition"), 'attachment; filename="hearth-extension.zip"');
  const file = path.join(folders.base, "extension.zip");
  writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
  const target = path.join(folders.base, "unpacked");
  const { status, stderr } = spawnSync("unzip", ["-q", file, "-d", target], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  assert.equal(readFileSync(path.join(target, "icons/16.png"), "utf8"), "picture");
  const listed = spawnSync("unzip", ["-Z1", file], { encoding: "utf8" }).stdout.trim().split("\n");
  assert.deepEqual(listed, ["icons/16.png", "manifest.json"]);
});
