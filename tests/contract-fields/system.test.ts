/** Every field of the System page, on a started server. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import {
  application,
  makeOrigin,
  type Origin,
  type Versions,
  versionDocument,
} from "../studio-system/update-repository.ts";
import { KEY, StudioClient } from "./studio.ts";

const DATE = /^\d{4}-\d\d-\d\d \d\d:\d\d$/;
const SECRET = "hf_0123456789abcdef";
const RUNTIME = 2;
let folder: string;
let studio: StudioClient;
let origin: Origin;

before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "hearth-fields-"));
  // A machine with a graphics card, as its driver's program tells of it.
  const program = path.join(folder, "nvidia-smi");
  writeFileSync(program, "#!/bin/sh\necho 'NVIDIA RTX 4090, 24576, 8192, 85, 72'\n");
  chmodSync(program, 0o755);
  origin = makeOrigin(folder);
  studio = await StudioClient.start({
    PATH: `${folder}:${process.env["PATH"] ?? ""}`,
    HF_TOKEN: SECRET,
    CIVITAI_API_KEY: "",
    TELEGRAM_BOT_TOKEN: "",
    REPO_URL: origin.url,
    RUNTIME_VERSION: String(RUNTIME),
  });
});
after(async () => {
  await studio?.server.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("health: status, without a key", async () => {
  const answer = await fetch(`${studio.server.url}/api/health`);
  assert.deepEqual([answer.status, await answer.json()], [200, { status: "ok" }]);
});

test("status: every field", async () => {
  const status = await studio.get("/api/admin/system/status");
  assert.match(status.app_version, /^\d+\.\d+\.\d+$/);
  assert.match(status.date, DATE);
  assert.equal(status.repo_url, origin.url);
  assert.equal(status.runtime_version, RUNTIME);
  assert.ok(Number.isInteger(status.min_runtime));
  const { components } = status;
  assert.deepEqual(Object.keys(components), [
    "runtime",
    "backend",
    "frontend",
    "models",
    "loras",
    "llm_models",
    "workflows",
  ]);
  const { runtime, backend, frontend, models, loras, llm_models, workflows } = components;
  assert.deepEqual(Object.keys(runtime), ["version", "date", "status", "updatable"]);
  assert.equal(runtime.version, RUNTIME);
  assert.equal(runtime.status, `Docker image v${RUNTIME}`);
  assert.equal(runtime.updatable, false);
  for (const code of [backend, frontend]) {
    assert.equal(typeof code.version, "string");
    assert.match(code.date, DATE);
  }
  assert.equal(backend.status, "running");
  assert.equal(frontend.status, "loaded");
  for (const catalogue of [models, loras, llm_models, workflows]) {
    assert.ok(Number.isInteger(catalogue.version));
    assert.equal(typeof catalogue.date, "string");
  }
  assert.equal(models.status, `${models.count} models`);
  assert.ok(models.present >= 0 && models.present <= models.count);
  assert.match(loras.status, /^\d+ loras$/);
  assert.match(llm_models.status, /^\d+ llm models$/);
  assert.equal(workflows.status, `${workflows.count} workflows`);
  assert.ok(workflows.count >= 8);
  assert.deepEqual(status.comfyui, { status: "running" });
  assert.ok(Number.isInteger(status.nodes.total_packages) && status.nodes.total_packages >= 1);
  const { total_bytes, used_bytes, free_bytes } = status.disk;
  for (const bytes of [total_bytes, used_bytes, free_bytes]) assert.ok(Number.isInteger(bytes) && bytes >= 0);
  assert.equal(free_bytes, total_bytes - used_bytes);
  const { jobs, events, settings, saved_prompts } = status.database.tables;
  assert.deepEqual([jobs, saved_prompts], [0, 0]);
  assert.ok(Number.isInteger(settings) && events >= 1, "the start is an event");
  assert.equal(status.database.browser_url, null);
  assert.deepEqual(Object.keys(status.telegram_bot), ["running", "name"]);
  assert.equal(status.telegram_bot.running, false);
  assert.equal(typeof status.telegram_bot.name, "string");
});

test("telemetry: every field, with a graphics card", async () => {
  const telemetry = await studio.get("/api/admin/telemetry");
  const { name, vram_total, vram_used, vram_percent, util_percent, temp_c } = telemetry.gpu;
  assert.equal(name, "NVIDIA RTX 4090");
  assert.deepEqual([vram_total, vram_used, vram_percent], [24576 * 1024 ** 2, 8192 * 1024 ** 2, 33.3]);
  assert.deepEqual([util_percent, temp_c], [85, 72]);
  const { cpu_percent, ram_percent, disk_percent } = telemetry;
  for (const value of [cpu_percent, ram_percent, disk_percent]) {
    assert.ok(value >= 0 && Math.abs(value * 10 - Math.round(value * 10)) < 1e-6, `${value}`);
  }
  const { ram_total, ram_used, disk_total, disk_used } = telemetry;
  for (const value of [ram_total, ram_used, disk_total, disk_used]) assert.ok(Number.isInteger(value));
  assert.ok(ram_used > 0 && ram_used <= ram_total && disk_used <= disk_total);
});

test("settings: max_concurrent is read, changed, held to 1 to 10, and left alone when absent", async () => {
  assert.deepEqual(await studio.get("/api/admin/settings"), { max_concurrent: 3 });
  for (const [given, taken] of [
    [{ max_concurrent: 5 }, 5],
    [{ max_concurrent: 99 }, 10],
    [{ max_concurrent: 0 }, 1],
    [{}, 1],
  ] as const) {
    const { status, body } = await studio.ask("PUT", "/api/admin/settings", given);
    assert.deepEqual([status, body], [200, { max_concurrent: taken }]);
  }
  assert.deepEqual(await studio.get("/api/admin/settings"), { max_concurrent: 1 });
});

test("uptime: started_at in Rome, uptime_seconds whole", async () => {
  const uptime = await studio.get("/api/admin/system/uptime");
  assert.deepEqual(Object.keys(uptime), ["started_at", "uptime_seconds"]);
  assert.match(uptime.started_at, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  const startedAt = Date.now() - uptime.uptime_seconds * 1000;
  const near = [-2, -1, 0, 1].map((seconds) =>
    new Date(startedAt + seconds * 1000).toLocaleString("sv-SE", { timeZone: "Europe/Rome" }),
  );
  assert.ok(near.includes(uptime.started_at), `${uptime.started_at}: ${near.join(", ")}`);
  assert.ok(Number.isInteger(uptime.uptime_seconds) && uptime.uptime_seconds >= 0);
});

test("env: every field, secrets masked, and the five that are editable", async () => {
  const { groups } = await studio.get("/api/admin/settings/env");
  assert.deepEqual(
    groups.map(({ id }: any) => id),
    ["auth", "configurable", "readonly"],
  );
  assert.equal(groups[0].label, "Authentication & API Tokens");
  const vars: any[] = groups.flatMap((group: any) => group.vars);
  const token = vars.find(({ key }) => key === "HF_TOKEN");
  assert.deepEqual(
    [token.value, token.sensitive, token.set, token.default, token.editable],
    ["hf_0***cdef", true, true, "", true],
  );
  assert.ok(token.description.length > 10);
  const runtime = vars.find(({ key }) => key === "RUNTIME_VERSION");
  assert.deepEqual(
    [runtime.value, runtime.sensitive, runtime.set, runtime.default, runtime.editable],
    ["2", false, true, "0", false],
  );
  const unset = vars.find(({ key }) => key === "CIVITAI_API_KEY");
  assert.deepEqual([unset.value, unset.set], ["", false]);
  assert.deepEqual(
    vars.filter(({ editable }) => editable).map(({ key }) => key),
    ["API_KEY", "CIVITAI_API_KEY", "HF_TOKEN", "TELEGRAM_BOT_TOKEN", "TELEGRAM_BOT_NAME"],
  );
});

test("env: key and value are taken, echoed and in force; others are 400", async () => {
  const change = { key: "CIVITAI_API_KEY", value: "civitai-new-key-1" };
  const { status, body } = await studio.ask("PUT", "/api/admin/settings/env", change);
  assert.deepEqual([status, body], [200, change]);
  const { groups } = await studio.get("/api/admin/settings/env");
  const shown = groups[0].vars.find(({ key }: any) => key === "CIVITAI_API_KEY");
  assert.deepEqual([shown.value, shown.set], ["civi***ey-1", true]);
  const refused = await studio.ask("PUT", "/api/admin/settings/env", { key: "STUDIO_DIR", value: "/" });
  assert.deepEqual([refused.status, typeof refused.body.detail], [400, "string"]);
});

test("reveal: api_key once more, and every secret in clear; a wrong one is 403", async () => {
  const { status, body } = await studio.ask("POST", "/api/admin/settings/reveal", { api_key: KEY });
  assert.equal(status, 200);
  assert.deepEqual([body.API_KEY, body.CIVITAI_API_KEY, body.HF_TOKEN], [KEY, "civitai-new-key-1", SECRET]);
  const wrong = await studio.ask("POST", "/api/admin/settings/reveal", { api_key: "wrong" });
  assert.deepEqual([wrong.status, Object.keys(wrong.body)], [403, ["detail"]]);
});

test("chrome-extension: an archive to be saved, with a manifest in it", async () => {
  const answer = await fetch(`${studio.server.url}/api/admin/system/chrome-extension`, {
    headers: { "x-api-key": KEY },
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "application/zip");
  assert.match(answer.headers.get("content-disposition") ?? "", /^attachment; filename=".+\.zip"$/);
  const file = path.join(folder, "extension.zip");
  writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
  const manifest = JSON.parse(execFileSync("unzip", ["-p", file, "manifest.json"], { encoding: "utf8" }));
  assert.equal(manifest.manifest_version, 3);
});

/** What is installed, as `version.json` has it. */
async function installed(): Promise<Versions> {
  const { local } = await studio.get("/api/admin/system/remote-version");
  return Object.fromEntries(
    Object.entries<any>(local.components)
      .filter(([name]) => name !== "runtime")
      .map(([name, { version }]) => [name, version]),
  );
}

test("remote-version: both documents, there and here; a repository that is away is 500", async () => {
  const there = versionDocument("999.0.0", { backend: "999.0.0", frontend: "999.0.0" });
  origin.publish(application("two", there));
  const { remote, local } = await studio.get("/api/admin/system/remote-version");
  assert.deepEqual(Object.keys(remote), ["app_version", "date", "min_runtime", "components"]);
  assert.equal(remote.app_version, "999.0.0");
  assert.equal(remote.min_runtime, 0);
  assert.deepEqual(remote.components.backend, { version: "999.0.0", date: "2026-03-25 10:00" });
  assert.deepEqual(remote.components.frontend, { version: "999.0.0", date: "2026-03-25 10:00" });
  const status = await studio.get("/api/admin/system/status");
  assert.equal(local.app_version, status.app_version);
  assert.ok(Number.isInteger(local.min_runtime));
  const { version, date } = status.components.backend;
  assert.deepEqual(local.components.backend, { version, date });
  assert.equal(local.components.frontend.version, status.components.frontend.version);
  rmSync(origin.url, { recursive: true });
  const away = await studio.ask("GET", "/api/admin/system/remote-version");
  assert.deepEqual([away.status, away.body], [500, { detail: "Cannot fetch remote version" }]);
  rmSync(path.join(folder, "origin-work"), { recursive: true });
  origin = makeOrigin(folder);
  origin.publish(application("two", there));
});

test("update: blocked by a runtime that is too old", async () => {
  const there = versionDocument("999.0.0", { backend: "999.0.0" }, RUNTIME + 1);
  origin.publish(application("two", there));
  const { status, body } = await studio.ask("POST", "/api/admin/system/update", {});
  assert.equal(status, 200);
  assert.deepEqual([body.updated, body.restart_needed, body.blocked], [[], false, true]);
  assert.equal(body.message, "Update requires Docker image runtime v3 (you have v2)");
  assert.deepEqual([body.remote_min_runtime, body.local_runtime], [RUNTIME + 1, RUNTIME]);
});

test("update: skip_components stay, what is newer comes, with a system.updated event, and the next one finds nothing", async () => {
  const versions = await installed();
  const newer = { ...versions, models: Number(versions["models"]) + 1, loras: Number(versions["loras"]) + 1 };
  origin.publish(application("two", versionDocument("999.0.1", newer)));
  const update = (body: object): Promise<any> =>
    studio.ask("POST", "/api/admin/system/update", body).then((answer) => answer.body);
  const some = await update({ skip_components: ["loras"] });
  assert.deepEqual(some.updated, ["models"]);
  assert.equal(some.restart_needed, false);
  assert.equal(some.message, "Updated: models");
  assert.equal(some.debug.local_version_json.components.models.version, versions["models"]);
  assert.equal(some.debug.remote_version_json.app_version, "999.0.1");
  const [event] = await studio.get("/api/admin/events?types=system.updated");
  assert.equal(event.severity, "success");
  assert.deepEqual(event.data, { components: ["models"], restart_needed: false });
  await update({});
  const none = await update({});
  assert.deepEqual(none.updated, []);
  assert.equal(none.restart_needed, false);
  assert.equal(none.message, "Everything up to date");
  assert.ok("local_version_json" in none.debug && "remote_version_json" in none.debug);
});

test("restart: a message, and another process answers soon", async () => {
  const before = studio.server.ids().hub;
  const { status, body } = await studio.ask("POST", "/api/admin/system/restart");
  assert.deepEqual([status, body], [200, { message: "Restarting..." }]);
  await studio.whenRestarted(before);
  const { uptime_seconds } = await studio.get("/api/admin/system/uptime");
  assert.ok(uptime_seconds < 10, `${uptime_seconds}`);
});
