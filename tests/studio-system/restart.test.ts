/** A restart as a client sees it: the job goes on in its worker, and the next hub answers within two seconds. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { alive, freePort, kill, PROJECT, TestServer, until } from "../support/server.ts";

const PACKS = ["--custom-nodes-directory", path.join(PROJECT, "examples/custom_nodes")];
/** Machines that test are busy; on a quiet one the answer comes in half a second. */
const ANSWER_MS = 2_000 * Number(process.env["HEARTH_TEST_SLOWNESS"] ?? 2);

function sleeping(seconds: number, color: number): object {
  return {
    "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color } },
    "2": { class_type: "TestSleep", inputs: { value: ["1", 0], seconds } },
    "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
  };
}

interface Reachable {
  readonly base: string;
  readonly url: string;
}

function ids({ base }: Reachable): { hub: number; worker?: number } {
  return JSON.parse(readFileSync(path.join(base, "hearth.json"), "utf8")) as { hub: number; worker?: number };
}

function ownKey({ base }: Reachable): Record<string, string> {
  return { "x-api-key": readFileSync(path.join(base, "studio/api-key"), "utf8").trim() };
}

async function queue(server: Reachable, prompt: object, client_id?: string): Promise<string> {
  const body = JSON.stringify({ prompt, client_id });
  const answer = await fetch(`${server.url}/prompt`, { method: "POST", body });
  return ((await answer.json()) as { prompt_id: string }).prompt_id;
}

type Queue = Record<"queue_running" | "queue_pending", [number, string][]>;

async function queueOf(server: Reachable): Promise<Queue> {
  return (await (await fetch(`${server.url}/queue`)).json()) as Queue;
}

async function whenRunning(server: Reachable, promptId: string): Promise<void> {
  await until("the job to run", async () =>
    (await queueOf(server)).queue_running[0]?.[1] === promptId ? true : undefined,
  );
}

async function statusOf(server: Reachable, promptId: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${server.url}/history/${promptId}`);
    const history = (await answer.json()) as Record<string, { status: { status_str: string } }>;
    return history[promptId]?.status.status_str;
  } catch {
    return undefined;
  }
}

async function flushStatus(server: Reachable): Promise<string | undefined> {
  try {
    const answer = await fetch(`${server.url}/api/admin/system/flush-status`, { headers: ownKey(server) });
    return answer.ok ? await answer.text() : undefined;
  } catch {
    return undefined;
  }
}

/** Asks for a restart; gives the milliseconds until another hub answers. `isNew` knows it from the old one. */
async function restart(server: Reachable, isNew: () => boolean): Promise<number> {
  const answer = await fetch(`${server.url}/api/admin/system/restart`, {
    method: "POST",
    headers: ownKey(server),
  });
  assert.deepEqual(await answer.json(), { message: "Restarting..." });
  const began = performance.now();
  await until("the next hub", async () =>
    isNew() && (await flushStatus(server)) !== undefined ? true : undefined,
  );
  return performance.now() - began;
}

/** Where the stack of a process lies: another place with each program that it is given. */
function stackOf(pid: number): string {
  const maps = readFileSync(`/proc/${pid}/maps`, "utf8");
  return /^.*\[stack\]$/m.exec(maps)?.[0] ?? "";
}

test("S-103 under a starter the job goes on in its worker, and sockets come back", async (t) => {
  const server = await TestServer.start(PACKS);
  t.after(() => server.stop());
  const { hub, worker } = await until("the worker", () => {
    const noted = server.ids();
    return noted.worker === undefined ? undefined : noted;
  });
  const follow = (): WebSocket => new WebSocket(`${server.url.replace("http", "ws")}/ws?clientId=follower`);
  const first = follow();
  await once(first, "open");
  const closed = once(first, "close");
  const running = await queue(server, sleeping(4, 1), "follower");
  const waiting = await queue(server, sleeping(0, 2), "follower");
  await whenRunning(server, running);

  const tookMs = await restart(server, () => server.ids().hub !== hub);
  assert.ok(tookMs < ANSWER_MS, `it took ${tookMs} ms`);
  t.diagnostic(`the next hub answered after ${Math.round(tookMs)} ms`);
  await closed;
  assert.equal(alive(hub), false);

  const second = follow();
  const heard: string[] = [];
  second.addEventListener("message", ({ data }) => {
    if (typeof data === "string") heard.push(data);
  });
  await once(second, "open");
  assert.deepEqual(
    (await queueOf(server)).queue_running.map(([, id]) => id),
    [running],
  );
  await server.idle();
  for (const id of [running, waiting]) assert.equal(await statusOf(server, id), "success");
  assert.equal(server.ids().worker, worker);
  await until("the end of the job on the socket", () =>
    heard.some((text) => text.includes('"executing"') && text.includes(running)) ? true : undefined,
  );
  second.close();

  const again = server.ids().hub;
  await restart(server, () => server.ids().hub !== again);
  await server.terminate();
  assert.equal(alive(again), false);
});

test("S-103 without a starter the process stays, and takes the new program", async (t) => {
  const server = await startAlone(t);
  const { hub } = ids(server);
  assert.equal(hub, server.child.pid);
  const stack = stackOf(hub);
  const running = await queue(server, sleeping(3, 3));
  await whenRunning(server, running);
  const before = notedAt(server);
  const tookMs = await restart(server, () => notedAt(server) !== before);
  assert.ok(tookMs < ANSWER_MS, `it took ${tookMs} ms`);
  t.diagnostic(`the next hub answered after ${Math.round(tookMs)} ms`);
  assert.equal(ids(server).hub, hub);
  assert.notEqual(stackOf(hub), stack);
  await until("the job's end", async () => (await statusOf(server, running)) !== undefined || undefined);
  assert.equal(await statusOf(server, running), "success");
  server.child.kill("SIGTERM");
  const [code] = (await once(server.child, "exit")) as [number | null];
  assert.equal(code, 0);
  assert.doesNotMatch(server.output(), /Warning/);
});

test("S-103 a hub that is killed in the middle of its restart loses no job", async (t) => {
  const server = await TestServer.start(PACKS);
  t.after(() => server.stop());
  for (const [round, delayMs] of [0, 40, 120, 400].entries()) {
    const running = await queue(server, sleeping(1, 10 + round));
    const waiting = await queue(server, sleeping(0, 20 + round));
    await whenRunning(server, running);
    const { hub } = server.ids();
    await fetch(`${server.url}/api/admin/system/restart`, { method: "POST", headers: ownKey(server) });
    // The point of this wait is the moment at which the process dies.
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    kill(hub);
    kill(server.ids().hub);
    kill(server.starter);
    await until("the processes' end", () => (alive(hub) ? undefined : true));
    await server.launch();
    await server.idle(60_000);
    assert.equal(await statusOf(server, waiting), "success", `killed after ${delayMs} ms`);
    assert.equal(await statusOf(server, running), "success", `killed after ${delayMs} ms`);
  }
});

interface Alone extends Reachable {
  readonly child: ChildProcess;
  readonly output: () => string;
}

/** As `node bin/hearth.js serve` on Node 24: the hub runs in the process that was started. */
async function startAlone(t: TestContext): Promise<Alone> {
  const base = mkdtempSync(path.join(os.tmpdir(), "hearth-test-"));
  const port = await freePort();
  const { HEARTH_STARTER: _, ...env } = process.env;
  const child = spawn(
    process.execPath,
    [
      path.join(PROJECT, "bin/hearth.js"),
      "serve",
      ...["--listen", "127.0.0.1", "--port", String(port), "--base-directory", base],
      ...PACKS,
    ],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...env, HEARTH_ORPHAN_MS: "5000" } },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const server = { base, url: `http://127.0.0.1:${port}`, child, output: () => output };
  t.after(async () => {
    const { worker } = ids(server);
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    if (worker !== undefined) kill(worker);
    rmSync(base, { recursive: true, force: true, maxRetries: 5 });
  });
  await until("an answer", async () => (await flushStatus(server)) ?? undefined);
  await until("the worker", () => ids(server).worker);
  return server;
}

/** When the hub last noted itself, in milliseconds. */
function notedAt({ base }: Reachable): number {
  return statSync(path.join(base, "hearth.json")).mtimeMs;
}
