import assert from "node:assert/strict";
import { test } from "node:test";
import { detail, json, KEY, startSystem } from "./system-test-server.ts";

interface Group {
  readonly id: string;
  readonly label: string;
  readonly vars: readonly {
    readonly key: string;
    readonly value: string;
    readonly sensitive: boolean;
    readonly set: boolean;
    readonly default: string;
    readonly description: string;
    readonly editable: boolean;
  }[];
}

type Server = Awaited<ReturnType<typeof startSystem>>;

async function groupsOf(server: Server, headers?: Record<string, string>): Promise<readonly Group[]> {
  const answer = await server.ask("GET", "/api/admin/settings/env", undefined, headers);
  return json<{ groups: Group[] }>(answer).groups;
}

async function variable(server: Server, key: string): Promise<Group["vars"][number]> {
  const found = (await groupsOf(server)).flatMap((group) => group.vars).find((item) => item.key === key);
  assert.ok(found !== undefined, key);
  return found;
}

test("S-105 groups with all their fields; RunPod's only on RunPod", async (t) => {
  const groups = await groupsOf(await startSystem(t));
  assert.deepEqual(
    groups.map((group) => group.id),
    ["auth", "configurable", "readonly"],
  );
  assert.equal(groups[0]?.label, "Authentication & API Tokens");
  for (const item of groups.flatMap((group) => group.vars)) {
    assert.deepEqual(Object.keys(item), [
      "key",
      "value",
      "sensitive",
      "set",
      "default",
      "description",
      "editable",
    ]);
    assert.notEqual(item.description, "");
  }
  const pod = await startSystem(t, { env: { RUNPOD_POD_ID: "pod-1", RUNPOD_API_KEY: "rp_0123456789" } });
  assert.equal((await groupsOf(pod)).at(-1)?.id, "runpod");
  assert.equal((await variable(pod, "RUNPOD_API_KEY")).value, "rp_0***6789");
  assert.equal((await variable(pod, "HOSTING")).value, "runpod");
});

test("S-106 secrets are masked", async (t) => {
  const server = await startSystem(t, { env: { HF_TOKEN: "hf_abcdefgh", CIVITAI_API_KEY: "short" } });
  assert.equal((await variable(server, "HF_TOKEN")).value, "hf_a***efgh");
  assert.equal((await variable(server, "CIVITAI_API_KEY")).value, "***");
  const { body } = await server.ask("GET", "/api/admin/settings/env");
  assert.ok(!body.includes(KEY) && !body.includes("hf_abcdefgh"));
});

test("S-107 what is not set is empty, and what is no secret is plain", async (t) => {
  const server = await startSystem(t, { env: { TELEGRAM_BOT_NAME: "My Bot", REPO_BRANCH: "" } });
  const { value, set } = await variable(server, "TELEGRAM_BOT_NAME");
  assert.deepEqual([value, set], ["My Bot", true]);
  const branch = await variable(server, "REPO_BRANCH");
  assert.deepEqual([branch.value, branch.set, branch.default], ["", false, "main"]);
});

test("S-108 exactly five variables can be changed", async (t) => {
  const server = await startSystem(t, { env: { RUNPOD_POD_ID: "p" } });
  const editable = (await groupsOf(server)).flatMap((group) => group.vars).filter((item) => item.editable);
  assert.deepEqual(
    editable.map((item) => item.key),
    ["API_KEY", "CIVITAI_API_KEY", "HF_TOKEN", "TELEGRAM_BOT_TOKEN", "TELEGRAM_BOT_NAME"],
  );
});

test("S-109 a change is echoed, in force at once, and wins at the next start", async (t) => {
  const env: NodeJS.ProcessEnv = { HF_TOKEN: "hf_outer_0000" };
  const server = await startSystem(t, { env });
  const answer = await server.ask("PUT", "/api/admin/settings/env", {
    key: "HF_TOKEN",
    value: "hf_inner_1111",
  });
  assert.deepEqual(json(answer), { key: "HF_TOKEN", value: "hf_inner_1111" });
  assert.equal(answer.headers["cache-control"], "no-store");
  assert.equal(env["HF_TOKEN"], "hf_inner_1111");
  assert.equal(server.parts.environment.get("HF_TOKEN"), "hf_inner_1111");
  await server.close();
  const next = await startSystem(t, { env: { HF_TOKEN: "hf_outer_0000" }, folders: server.folders });
  assert.equal(next.parts.environment.get("HF_TOKEN"), "hf_inner_1111");
});

test("S-109 a changed API_KEY counts from the very next request on; sessions stay", async (t) => {
  const server = await startSystem(t);
  const cookie = server.app.access.sessionCookie({ owner: "anonymous", name: "API_KEY", scopes: ["admin"] }, {
    headers: {},
    socket: {},
  } as never);
  const changed = await server.ask("PUT", "/api/admin/settings/env", {
    key: "API_KEY",
    value: "another-key-1",
  });
  assert.equal(changed.status, 200);
  const settings = async (headers: Record<string, string>): Promise<number> =>
    (await server.ask("GET", "/api/admin/settings", undefined, headers)).status;
  assert.equal(await settings({ "x-api-key": KEY }), 401);
  assert.equal(await settings({ "x-api-key": "another-key-1" }), 200);
  assert.equal(await settings({ cookie: cookie.split(";")[0] ?? "" }), 200);
  await server.close();
  const next = await startSystem(t, { env: { API_KEY: "of-the-outside" }, folders: server.folders });
  for (const [key, status] of [
    ["another-key-1", 200],
    ["of-the-outside", 401],
    [KEY, 401],
  ] as const) {
    const answer = await next.ask("GET", "/api/admin/settings", undefined, { "x-api-key": key });
    assert.equal(answer.status, status, key);
  }
});

test("S-109 what cannot be changed is refused by name", async (t) => {
  const { ask } = await startSystem(t);
  for (const key of ["STUDIO_DIR", "PATH", "__proto__", ""]) {
    const answer = await ask("PUT", "/api/admin/settings/env", { key, value: "x" });
    assert.equal(answer.status, 400, key);
    assert.equal(detail(answer), `${key} cannot be changed`);
  }
});

test("S-110 API_KEY is never emptied; another variable is, down to the database", async (t) => {
  const server = await startSystem(t, { env: { HF_TOKEN: "hf_outer_0000" } });
  for (const value of ["", "changeme", "schlüssel-lang", "with blank"]) {
    const answer = await server.ask("PUT", "/api/admin/settings/env", { key: "API_KEY", value });
    assert.equal(answer.status, 400, value);
    assert.match(detail(answer), /^API_KEY /);
  }
  await server.ask("PUT", "/api/admin/settings/env", { key: "HF_TOKEN", value: "hf_inner_1111" });
  await server.ask("PUT", "/api/admin/settings/env", { key: "HF_TOKEN", value: "" });
  assert.equal((await variable(server, "HF_TOKEN")).set, false);
  await server.close();
  const next = await startSystem(t, { env: { HF_TOKEN: "hf_outer_0000" }, folders: server.folders });
  assert.equal(next.parts.environment.get("HF_TOKEN"), "hf_outer_0000");
});

test("S-111 other types and control characters are refused, and events tell names alone", async (t) => {
  const { ask, store } = await startSystem(t);
  for (const value of [5, null, true, ["a"], "a\nb", "a\u0000", "x".repeat(5000)]) {
    const answer = await ask("PUT", "/api/admin/settings/env", { key: "HF_TOKEN", value });
    assert.equal(answer.status, 422, JSON.stringify(value).slice(0, 20));
    assert.match(detail(answer), /^value /);
  }
  await ask("PUT", "/api/admin/settings/env", { key: "HF_TOKEN", value: "hf_very_secret" });
  const events = await store.events(0, 100);
  assert.deepEqual(
    events.map((event) => event.message),
    ["HF_TOKEN changed"],
  );
  assert.ok(!JSON.stringify(events).includes("hf_very_secret"));
});

test("S-112 all secrets in clear to who shows the key once more", async (t) => {
  const { ask } = await startSystem(t, { env: { HF_TOKEN: "hf_abcdefgh" } });
  const answer = await ask("POST", "/api/admin/settings/reveal", { api_key: KEY });
  assert.equal(answer.headers["cache-control"], "no-store");
  assert.deepEqual(json(answer), {
    API_KEY: KEY,
    CIVITAI_API_KEY: "",
    HF_TOKEN: "hf_abcdefgh",
    TELEGRAM_BOT_TOKEN: "",
  });
  assert.equal((await ask("POST", "/api/admin/settings/reveal", {})).status, 422);
  assert.equal((await ask("POST", "/api/admin/settings/reveal", { api_key: 5 })).status, 422);
});

test("S-112 a wrong or a named key reveals nothing, and guessing is slowed down", async (t) => {
  const { ask, parts } = await startSystem(t);
  const { text } = await parts.keys.create("operator", ["admin"]);
  const named = await ask("POST", "/api/admin/settings/reveal", { api_key: text }, { "x-api-key": text });
  assert.deepEqual([named.status, detail(named)], [403, "Invalid API key"]);
  const statuses: number[] = [];
  for (let count = 0; count < 10; count += 1) {
    const answer = await ask("POST", "/api/admin/settings/reveal", { api_key: `guess-é-${count}` });
    statuses.push(answer.status);
  }
  assert.deepEqual(statuses, [...Array<number>(9).fill(403), 429]);
  const late = await ask("POST", "/api/admin/settings/reveal", { api_key: KEY });
  assert.equal(late.status, 429);
  assert.match(late.headers["retry-after"] ?? "", /^\d+$/);
});
