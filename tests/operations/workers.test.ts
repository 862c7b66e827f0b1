/** What an operator sees of the workers of a running server, and does with them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { picture } from "../control/support.ts";
import { TestServer, until } from "../support/server.ts";

/** The ComfyUI of the server under test: another one. */
let peer: TestServer;
let server: TestServer;
let worker: string;

before(async () => {
  peer = await TestServer.start();
  server = await TestServer.start(["--no-native", "--comfyui", peer.url]);
  worker = `comfyui-127.0.0.1-${peer.port}`;
  await until("the worker", async () => ((await workerNow()).state === "idle" ? true : undefined));
});
after(async () => {
  await server.stop();
  await peer.stop();
});

async function ask(method: string, below: string, body?: object): Promise<any> {
  const key = readFileSync(path.join(server.base, "studio", "api-key"), "utf8").trim();
  const answer = await fetch(`${server.url}/api/admin/${below}`, {
    method,
    headers: { "x-api-key": process.env["API_KEY"] ?? key },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return answer.json();
}

function workerNow(): Promise<any> {
  return ask("GET", `workers/${worker}`);
}

async function figures(): Promise<string> {
  return (await fetch(`${server.url}/metrics`)).text();
}

test("a worker proves that it runs, is held and let go, and all of it is told", async () => {
  const canary = await ask("POST", `workers/${worker}/canary`);
  assert.deepEqual([canary.is_ok, canary.problem], [true, null]);
  await ask("PATCH", `workers/${worker}`, { mode: "paused" });
  await server.post("/prompt", { prompt: picture({ prefix: "held" }) });
  assert.equal((await workerNow()).state, "paused");
  const { queue_running: running, queue_pending: pending } =
    await server.json<Record<string, unknown[]>>("/queue");
  assert.deepEqual([running?.length, pending?.length], [0, 1]);
  await ask("PATCH", `workers/${worker}`, { mode: "on" });
  await server.idle();
  const shown = await workerNow();
  assert.deepEqual([shown.state, shown.completed, shown.failed, shown.engine], ["idle", 1, 0, "comfyui"]);
  const text = await figures();
  assert.ok(text.includes(`hearth_worker_up{worker="${worker}"} 1`));
  assert.ok(text.includes(`hearth_worker_canary_ok{worker="${worker}"} 1`));
  assert.ok(text.includes(`hearth_worker_jobs_ended_total{worker="${worker}",state="completed"} 1`));
  const types = await until("the events", async () => {
    const told = ((await ask("GET", "events?types=worker.*")) as { type: string }[]).map(({ type }) => type);
    return told.includes("worker.resumed") ? told : undefined;
  });
  assert.deepEqual(types.slice(-3), ["worker.joined", "worker.paused", "worker.resumed"]);
});

test("/system_stats shows what the ComfyUI computes on, and this machine while it is gone", async () => {
  const devices = async (base: string): Promise<unknown> =>
    ((await (await fetch(`${base}/system_stats`)).json()) as { devices: unknown }).devices;
  assert.deepEqual(await devices(server.url), (await workerNow()).devices);
  await peer.terminate();
  await until("the loss", async () => ((await workerNow()).state === "unavailable" ? true : undefined));
  assert.match((await workerNow()).problem, /does not answer/);
  assert.deepEqual((await workerNow()).devices, []);
  assert.ok((await figures()).includes(`hearth_worker_up{worker="${worker}"} 0`));
  const last = await until("the event", async () => {
    const [event] = ((await ask("GET", "events?types=worker.*")) as any[]).slice(-1);
    return event?.type === "worker.unavailable" ? event : undefined;
  });
  assert.equal(last.severity, "warning");
  await peer.launch();
  await until("its return", async () => ((await workerNow()).state === "idle" ? true : undefined));
});
