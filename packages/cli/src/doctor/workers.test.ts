import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { Finding } from "./finding.ts";
import { checkWorkers, type RunningServer } from "./workers.ts";

const KEY = "key-of-this-server";

/** A base directory on which a server with these workers runs, or ran. */
async function serverWith(
  t: TestContext,
  workers: readonly object[] | undefined,
  { key = KEY, isGone = false }: { key?: string; isGone?: boolean } = {},
): Promise<{ base: string; port: number }> {
  const base = mkdtempSync(path.join(os.tmpdir(), "hearth-doctor-"));
  t.after(() => rmSync(base, { recursive: true }));
  const server = http.createServer((request, response) => {
    const isKnown = request.headers["x-api-key"] === KEY;
    response.statusCode = !isKnown
      ? 401
      : request.url === "/api/admin/workers" && workers !== undefined
        ? 200
        : 404;
    response.end(
      JSON.stringify(isKnown ? (workers ?? { detail: "Not Found" }) : { detail: "Not authenticated" }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<unknown> => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  if (isGone) await close();
  else t.after(close);
  writeFileSync(path.join(base, "hearth.json"), JSON.stringify({ urls: [`http://127.0.0.1:${port}`] }));
  mkdirSync(path.join(base, "studio"));
  writeFileSync(path.join(base, "studio", "api-key"), `${key}\n`);
  return { base, port };
}

const WORKER = {
  ...{ name: "gpu-1", engine: "comfyui", state: "idle", problem: null, address: "http://gpu:8188" },
  ...{ is_supervised: false, is_remote: true, comfyui_version: "0.33.0", seen_at: "2026-01-01T10:00:00" },
};

async function saidOf(t: TestContext, worker: object): Promise<Finding | undefined> {
  const { base } = await serverWith(t, [{ ...WORKER, ...worker }]);
  return (await checkWorkers(base, [])).findings[0];
}

/** `$API_KEY` would go before the key that is kept. */
function withoutKey(t: TestContext): void {
  const before = process.env["API_KEY"];
  delete process.env["API_KEY"];
  t.after(() => {
    if (before !== undefined) process.env["API_KEY"] = before;
  });
}

test("workers in order are a line each, and the ComfyUIs of this machine are known", async (t) => {
  withoutKey(t);
  const local = {
    ...WORKER,
    name: "comfyui-127.0.0.1-8189",
    address: "http://127.0.0.1:8189",
    is_remote: false,
  };
  const native = {
    ...WORKER,
    name: "native",
    engine: "native",
    state: "busy",
    address: null,
    is_remote: false,
  };
  const { base, port } = await serverWith(t, [native, local, WORKER]);
  const expected: RunningServer = {
    ports: [port],
    comfyUis: ["http://127.0.0.1:8189"],
    findings: [
      { level: "ok", subject: "worker native", text: "busy, the engine of Hearth" },
      {
        level: "ok",
        subject: "worker comfyui-127.0.0.1-8189",
        text: "idle, drives ComfyUI 0.33.0 at http://127.0.0.1:8189",
      },
      { level: "ok", subject: "worker gpu-1", text: "idle, drives ComfyUI 0.33.0 at http://gpu:8188" },
    ],
  };
  assert.deepEqual(await checkWorkers(base, ["http://127.0.0.1:8189/"]), expected);
  const [, , , unknown] = (await checkWorkers(base, ["http://127.0.0.1:8190"])).findings;
  assert.deepEqual([unknown?.level, unknown?.subject], ["warn", "worker comfyui-127.0.0.1-8190"]);
  assert.match(unknown?.text ?? "", /was started with other flags/);
});

test("what is wrong with a worker is said with what to do", async (t) => {
  withoutKey(t);
  for (const [worker, wanted] of [
    [
      { state: "offline" },
      /not connected \(last seen at 2026-01-01T10:00:00\).*DELETE \/api\/admin\/workers\/gpu-1/,
    ],
    [{ state: "offline", is_supervised: true }, /Look into studio\/worker-gpu-1\.log/],
    [{ state: "offline", is_supervised: true, engine: "native" }, /Look into studio\/worker\.log/],
    [{ state: "unavailable", problem: "no answer" }, /cannot run anything: no answer/],
    [
      { state: "failing", problem: "its canary failed: no picture" },
      /its canary failed: no picture.*gpu-1\/canary/,
    ],
    [{ state: "paused" }, /is paused.*PATCH \/api\/admin\/workers\/gpu-1 \{"mode": "on"\}/],
    [{ state: "draining" }, /is draining/],
    [{ state: "disabled" }, /is disabled/],
  ] as const) {
    const found = await saidOf(t, worker);
    assert.equal(found?.level, "warn");
    assert.match(found.text, wanted);
  }
  const { base } = await serverWith(t, []);
  assert.equal((await checkWorkers(base, [])).findings[0]?.level, "fail");
});

test("without a server there is nothing to say, and one that cannot be asked is named", async (t) => {
  withoutKey(t);
  const nothing = { findings: [], ports: [], comfyUis: [] };
  assert.deepEqual(await checkWorkers(path.join(os.tmpdir(), "no-such-directory"), []), nothing);
  const { base } = await serverWith(t, [], { isGone: true });
  assert.deepEqual(await checkWorkers(base, []), nothing);
  const locked = await serverWith(t, [], { key: "another" });
  const refused = await checkWorkers(locked.base, []);
  assert.deepEqual(refused.ports, [locked.port]);
  assert.match(refused.findings[0]?.text ?? "", /refuses the key for them: set API_KEY/);
  process.env["API_KEY"] = "of before";
  const changed = await serverWith(t, [WORKER]);
  assert.equal(
    (await checkWorkers(changed.base, [])).findings[0]?.level,
    "ok",
    "the key that is kept is tried too",
  );
  delete process.env["API_KEY"];
  const old = await serverWith(t, undefined);
  assert.match((await checkWorkers(old.base, [])).findings[0]?.text ?? "", /answered with 404.*Restart it/);
});
