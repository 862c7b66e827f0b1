/** Updates from a local bare repository, over HTTP. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { closeContract, studioError } from "../../packages/hub/src/http/own-contract.ts";
import { registerStudioUpdate } from "../../packages/hub/src/http/studio/system-update.ts";
import { rawRequest, startServer } from "../../packages/hub/src/http/test-server.ts";
import { prepareRelease } from "../../packages/hub/src/system/update/prepare.ts";
import {
  application,
  FIRST,
  type Installation,
  type InstallationOptions,
  makeInstallation,
  versionDocument,
} from "./update-repository.ts";

type Ask = (method: string, target: string, body?: unknown) => Promise<{ status: number; body: any }>;

async function start(
  t: TestContext,
  options: InstallationOptions = {},
): Promise<Installation & { readonly ask: Ask; readonly restarted: Promise<void> }> {
  const installation = await makeInstallation(t, options);
  const restart = Promise.withResolvers<void>();
  const { port } = await startServer(t, {}, (app) => {
    registerStudioUpdate(app, { updater: installation.updater, restart: restart.resolve });
    closeContract(app, "/api/admin", studioError);
  });
  const ask: Ask = async (method, target, body) => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const answer = await rawRequest(
      port,
      method,
      `/api/admin/system/${target}`,
      { "x-api-key": "secret-key" },
      text,
    );
    return { status: answer.status, body: JSON.parse(answer.body) as unknown };
  };
  return { ...installation, ask, restarted: restart.promise };
}

const NEXT = { ...FIRST, backend: "12.10.0", models: 29, workflows: 45 };

function versionsOf({ studio }: Installation): Record<string, string | number> {
  const document = JSON.parse(readFileSync(path.join(studio, "version.json"), "utf8")) as {
    components: Record<string, { version: string | number }>;
  };
  return Object.fromEntries(
    Object.entries(document.components).map(([name, { version }]) => [name, version]),
  );
}

function markOf({ studio }: Installation, name: string): string {
  return /one|two/.exec(readFileSync(path.join(studio, name), "utf8"))?.[0] ?? "";
}

test("S-88 the versions there and here are shown whole", async (t) => {
  const at = await start(t);
  const there = versionDocument("12.10.0", NEXT);
  at.origin.publish(application("two", there));
  const { status, body } = await at.ask("GET", "remote-version");
  assert.equal(status, 200);
  assert.deepEqual(body, { remote: there, local: versionDocument("12.9.9", FIRST) });
});

test("S-88 a repository that is away is an error, also when it answered before", async (t) => {
  const at = await start(t);
  at.origin.publish(application("two", versionDocument("12.10.0", NEXT)));
  assert.equal((await at.ask("GET", "remote-version")).status, 200);
  renameSync(at.origin.url, `${at.origin.url}.away`);
  for (const [method, target] of [
    ["GET", "remote-version"],
    ["POST", "update"],
  ] as const) {
    const { status, body } = await at.ask(method, target);
    assert.equal(status, 500);
    assert.match(body.detail, target === "update" ? /^Update failed: / : /^Cannot fetch remote version$/);
  }
  renameSync(`${at.origin.url}.away`, at.origin.url);
  assert.equal((await at.ask("GET", "remote-version")).status, 200);
});

test("S-88 a copy that is damaged is made anew", async (t) => {
  const at = await start(t);
  at.origin.publish(application("two", versionDocument("12.10.0", NEXT)));
  await at.ask("GET", "remote-version");
  writeFileSync(path.join(at.studio, ".repo/.git/HEAD"), "nonsense");
  assert.equal((await at.ask("GET", "remote-version")).status, 200);
});

test("S-90 S-92 S-93 what is newer is brought, the event comes first, then the restart", async (t) => {
  const prepared: string[] = [];
  const at = await start(t, {
    prepare: async (folder) => {
      prepared.push(folder);
    },
  });
  const there = versionDocument("12.10.0", { ...NEXT, loras: 4 });
  at.origin.publish(application("two", there));
  const { status, body } = await at.ask("POST", "update", {});
  assert.equal(status, 200);
  assert.deepEqual(body, {
    updated: ["backend", "models", "workflows"],
    restart_needed: true,
    message: "Updated: backend, models, workflows",
    debug: { local_version_json: versionDocument("12.9.9", FIRST), remote_version_json: there },
  });
  const [event] = await at.store.latestEvents({ types: ["system.updated"], limit: 5 });
  assert.equal(event?.severity, "success");
  assert.deepEqual(JSON.parse(event?.data ?? ""), {
    components: ["backend", "models", "workflows"],
    restart_needed: true,
  });
  assert.equal(markOf(at, "catalogs/models.json"), "two");
  assert.equal(markOf(at, "workflows/a/manifest.yaml"), "two");
  assert.equal(markOf(at, "catalogs/loras.json"), "one");
  assert.equal(at.reloads(), 1);
  await at.restarted;

  // The code runs only after the restart, and counts only once it is healthy.
  assert.deepEqual(versionsOf(at), { ...FIRST, models: 29, workflows: 45 });
  const name = at.releases.toStart() ?? "";
  assert.match(name, /^12\.10\.0-[0-9a-f]{12}$/);
  assert.equal(prepared.length, 1);
  assert.ok(existsSync(path.join(at.releases.folder(name), "packages/cli/src/main.ts")));
  assert.ok(!existsSync(path.join(at.releases.folder(name), ".git")));
  await at.updater.resume();
  assert.deepEqual(versionsOf(at), { ...FIRST, backend: "12.10.0", models: 29, workflows: 45 });
  assert.equal(at.releases.trial?.state, "confirmed");
});

test("S-90 when nothing is newer nothing happens", async (t) => {
  const at = await start(t);
  at.origin.publish(application("two", versionDocument("12.9.9", FIRST)));
  const { body } = await at.ask("POST", "update");
  assert.deepEqual([body.updated, body.restart_needed, body.message], [[], false, "Everything up to date"]);
  assert.ok("local_version_json" in body.debug);
  assert.equal(markOf(at, "catalogs/models.json"), "one");
  assert.deepEqual(await at.store.latestEvents({ limit: 5 }), []);
});

test("S-89 S-92 skipped and unknown components, and those that are not in the repository, keep their version", async (t) => {
  const at = await start(t);
  const files = application("two", versionDocument("13.0.0", { ...NEXT, loras: 6, runtime: 9 }));
  delete files["catalogs/loras.json"];
  at.origin.publish(files);
  const { body } = await at.ask("POST", "update", { skip_components: ["models", "backend", "nonsense"] });
  assert.deepEqual(body.updated, ["workflows"]);
  assert.equal(body.restart_needed, false);
  assert.deepEqual(versionsOf(at), { ...FIRST, workflows: 45 });
  assert.equal(markOf(at, "catalogs/models.json"), "one");
  assert.equal((await at.ask("POST", "update", { skip_components: "models" })).status, 422);
});

test("S-90 S-91 an update for a newer runtime is blocked and changes nothing", async (t) => {
  const at = await start(t, { runtime: 2 });
  at.origin.publish(application("two", versionDocument("12.10.0", NEXT, 3)));
  const before = readdirSync(at.studio).sort();
  const { status, body } = await at.ask("POST", "update", {});
  assert.equal(status, 200);
  assert.deepEqual(body, {
    updated: [],
    restart_needed: false,
    blocked: true,
    message: "Update requires Docker image runtime v3 (you have v2)",
    remote_min_runtime: 3,
    local_runtime: 2,
  });
  assert.deepEqual(
    readdirSync(at.studio).filter((name) => name !== ".repo"),
    before,
  );
  assert.deepEqual(versionsOf(at), FIRST);
});

test("S-95 a second update at the same time is refused", async (t) => {
  const begun = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const at = await start(t, {
    prepare: async () => {
      begun.resolve();
      await go.promise;
    },
  });
  at.origin.publish(application("two", versionDocument("12.10.0", NEXT)));
  const first = at.ask("POST", "update", {});
  await begun.promise;
  const second = await at.ask("POST", "update", {});
  assert.deepEqual([second.status, second.body], [409, { detail: "An update is under way" }]);
  go.resolve();
  assert.equal((await first).status, 200);
});

test("S-91 when the new code cannot be made ready, the old one stays", async (t) => {
  const at = await start(t, { prepare: prepareRelease });
  const files = application("two", versionDocument("12.10.0", { ...FIRST, backend: "12.10.0" }));
  const { "package-lock.json": _, ...without } = files;
  at.origin.publish(without);
  const { status, body } = await at.ask("POST", "update", {});
  assert.equal(status, 500);
  assert.match(body.detail, /^Update failed: npm ci: /);
  assert.equal(at.releases.current, undefined);
  assert.deepEqual(versionsOf(at), FIRST);

  at.origin.publish(files);
  const again = await at.ask("POST", "update", {});
  assert.equal(again.status, 200, JSON.stringify(again.body));
  const name = at.releases.current ?? "";
  assert.ok(existsSync(path.join(at.releases.folder(name), "built.txt")));
  assert.deepEqual(readdirSync(path.join(at.studio, "releases")), [name]);
});

test("an update that is taken back is told with its reason, once", async (t) => {
  const at = await start(t);
  at.origin.publish(application("two", versionDocument("12.10.0", { ...FIRST, backend: "12.10.0" })));
  await at.ask("POST", "update", {});
  at.releases.toStart();
  assert.equal(at.releases.toStart(), undefined);
  await at.updater.resume();
  await at.updater.resume();
  const events = await at.store.latestEvents({ types: ["system.update.failed"], limit: 5 });
  assert.deepEqual(
    events.map(({ severity, message }) => [severity, message]),
    [["error", `Update to ${at.releases.trial?.to} taken back: it ended before it was healthy`]],
  );
  assert.deepEqual(versionsOf(at), FIRST);
});
