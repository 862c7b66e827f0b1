import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { checkComfyUis } from "./comfyuis.ts";
import type { Finding } from "./finding.ts";

interface Played {
  readonly system?: object;
  readonly queue?: object;
  readonly classes?: readonly string[];
  readonly models?: Readonly<Record<string, readonly string[]>>;
  readonly jobsApi?: boolean;
  readonly date?: Date;
  /** absent: it serves no files */
  readonly output?: string;
  /** everything is refused with it */
  readonly status?: number;
  /** what it wants as `Authorization` */
  readonly authorization?: string;
}

/** A ComfyUI that answers what the doctor asks; gives its address without `http://`. */
async function play(t: TestContext, played: Played = {}): Promise<string> {
  const { models = {}, queue = { queue_running: [], queue_pending: [] }, classes = ["A"] } = played;
  const answerOf = (target: string, query: URLSearchParams): unknown => {
    if (target === "/system_stats")
      return { system: { comfyui_version: "0.33.0", ...played.system }, devices: [] };
    if (target === "/queue") return queue;
    if (target === "/object_info") return Object.fromEntries(classes.map((name) => [name, {}]));
    if (target === "/models") return Object.keys(models);
    if (target.startsWith("/models/")) return models[target.slice("/models/".length)];
    if (target.startsWith("/api/jobs/")) return undefined;
    if (target !== "/view" || played.output === undefined) return undefined;
    return readFileSync(path.join(played.output, query.get("filename") ?? ""));
  };
  const server = http.createServer((request, response) => {
    assert.equal(request.method, "GET", "the doctor only asks");
    const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
    const isWelcome =
      played.authorization === undefined || request.headers.authorization === played.authorization;
    const value = answerOf(pathname, searchParams);
    if (played.date !== undefined) response.setHeader("date", played.date.toUTCString());
    response.statusCode = isWelcome ? (played.status ?? (value === undefined ? 404 : 200)) : 401;
    const hasJobs = played.jobsApi !== false && pathname.startsWith("/api/jobs/");
    if (value !== undefined) response.end(value instanceof Buffer ? value : JSON.stringify(value));
    else response.end(hasJobs ? '{"error": "Job not found"}' : "404: Not Found");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An address at which nobody listens. */
async function nobody(): Promise<string> {
  const server = http.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

async function findings(
  hosts: readonly string[],
  {
    isStarted = false,
    ports = [],
    output = "/nowhere",
  }: { isStarted?: boolean; ports?: number[]; output?: string } = {},
): Promise<Finding[]> {
  const comfyUis = hosts.map((host) => ({ url: `http://${host}`, isStarted }));
  return checkComfyUis(comfyUis, { ports, output });
}

/** The one finding that is no summary. */
async function trouble(t: TestContext, played: Played): Promise<Finding> {
  const [, found, ...more] = await findings([await play(t, played)]);
  assert.deepEqual(more, []);
  assert.ok(found !== undefined);
  return found;
}

test("a ComfyUI in order is one line", async (t) => {
  const host = await play(t, { classes: ["A", "B"], models: { vae: ["a.pt"], loras: [] } });
  assert.deepEqual(await findings([host]), [
    { level: "ok", subject: `comfyui ${host}`, text: "ComfyUI 0.33.0: 2 node classes, 1 model file" },
  ]);
});

test("a ComfyUI that does not answer, or is none, is named with what to do", async (t) => {
  const nowhere = await nobody();
  const [gone] = await findings([nowhere]);
  assert.equal(gone?.level, "warn");
  assert.match(gone.text, /^does not answer: ECONNREFUSED\. Its jobs wait meanwhile\. Start it/);
  const [started] = await findings([nowhere], { isStarted: true });
  assert.equal(started?.level, "ok");
  const [other] = await findings([await play(t, { status: 500 })]);
  assert.match(other?.text ?? "", /answers GET \/system_stats with 500: it is no ComfyUI/);
});

test("one that wants a password gets that of its URL", async (t) => {
  const authorization = `Basic ${Buffer.from("ann:s:cret").toString("base64")}`;
  const host = await play(t, { authorization });
  assert.match((await findings([host]))[0]?.text ?? "", /refuses with 401: put a name and password/);
  const [found, ...more] = await findings([`ann:s%3Acret@${host}`]);
  assert.deepEqual([found?.level, found?.subject, more], ["ok", `comfyui ${host}`, []]);
});

test("an old one is named, and one without the jobs API", async (t) => {
  assert.match(
    (await trouble(t, { system: { comfyui_version: "0.3.75" } })).text,
    /^0\.3\.75 is older than 0\.19/,
  );
  assert.match((await trouble(t, { system: { comfyui_version: null } })).text, /does not say is older/);
  assert.match((await trouble(t, { jobsApi: false })).text, /^has no \/api\/jobs/);
  assert.equal((await findings([await play(t, { system: { comfyui_version: "v1.2.3" } })])).length, 1);
});

test("a clock that is off is named, one that is a second off is not", async (t) => {
  const ahead = await trouble(t, { date: new Date(Date.now() + 90_000) });
  assert.match(ahead.text, /^its clock is (89|90|91) s ahead of this machine's/);
  const behind = await trouble(t, { date: new Date(Date.now() - 90_000) });
  assert.match(behind.text, /s behind this machine's/);
  assert.equal((await findings([await play(t, { date: new Date(Date.now() - 1_500) })])).length, 1);
});

test("prompts of others in its queue are counted, those of Hearth are not", async (t) => {
  const item = (extra: object): unknown => [1, "id", {}, extra, []];
  const own = item({ hearth: { job: "1", attempt: 1 } });
  const queue = { queue_running: [item({})], queue_pending: [own, item({ client_id: "x" }), item({})] };
  const found = await trouble(t, { queue });
  assert.match(found.text, /^runs prompts of others \(1 running, 2 waiting\)/);
  assert.equal(
    (await findings([await play(t, { queue: { queue_running: [own], queue_pending: [] } })])).length,
    1,
  );
});

test("this server itself is no ComfyUI to drive, also while it does not run", async (t) => {
  const host = await play(t, { system: { hearth_version: "1.0.0" } });
  const port = Number(host.split(":")[1]);
  const [loop, ...more] = await findings([host.replace("127.0.0.1", "localhost")], { ports: [port] });
  assert.deepEqual([loop?.level, more], ["fail", []]);
  assert.match(loop?.text ?? "", /^is this server itself/);
  const nowhere = await nobody();
  const ports = [Number(nowhere.split(":")[1])];
  assert.equal((await findings([nowhere], { ports }))[0]?.level, "fail");
  const [another] = await findings([host], { ports: [port + 1] });
  assert.match(another?.text ?? "", /^another Hearth \(1\.0\.0\)/);
  // A ComfyUI may have the port on another address of this machine.
  assert.equal((await findings([await play(t)], { ports: [] }))[0]?.level, "ok");
});

test("one that writes into this server's output folder is named, and nothing is left there", async (t) => {
  const output = mkdtempSync(path.join(os.tmpdir(), "hearth-doctor-"));
  t.after(() => rmSync(output, { recursive: true }));
  const [, shared] = await findings([await play(t, { output })], { output });
  assert.match(shared?.text ?? "", /^writes into this server's own output folder/);
  assert.equal((await findings([await play(t)], { output })).length, 1);
  assert.deepEqual(readdirSync(output), []);
});

test("what only one of several has is named", async (t) => {
  const first = await play(t, { classes: ["A", "B"], models: { vae: ["a.pt", "b.pt"] } });
  const second = await play(t, { classes: ["A", ..."cdefgh"], models: { vae: ["a.pt"] } });
  const texts = (await findings([first, second])).slice(2).map(({ subject, text }) => [subject, text]);
  assert.deepEqual(texts, [
    [`comfyui ${first}`, "1 node class that no other ComfyUI has: B. Jobs with these run here alone"],
    [`comfyui ${first}`, "1 model file that no other ComfyUI has: vae/b.pt. Jobs with these run here alone"],
    [
      `comfyui ${second}`,
      "6 node classes that no other ComfyUI has: c, d, e, f, g and 1 more. Jobs with these run here alone",
    ],
  ]);
});
