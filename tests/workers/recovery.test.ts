/** What becomes of a job of a ComfyUI worker when something dies: over whole processes, with the peer as the ComfyUI. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { JsonObject } from "@hearth/protocol";
import { freePort, kill, TestServer, until } from "../support/server.ts";
import { graphs } from "./driver.ts";
import { ComfyPeer, type PeerOptions } from "./peer/peer.ts";

const CLASSES = [
  "EmptyImage",
  "ImageInvert",
  "SaveImage",
  "PreviewImage",
  "StubImage",
  "TestSleep",
  "LoadImage",
];

interface Place {
  readonly hub: TestServer;
  readonly peers: readonly ComfyPeer[];
  /** Queues a prompt; gives its id. */
  readonly queue: (prompt: JsonObject) => Promise<string>;
  readonly ended: (id: string) => Promise<JobAnswer>;
}

interface JobAnswer {
  readonly status: string;
  readonly execution_error?: { readonly exception_type: string; readonly exception_message: string };
}

interface WhyAnswer {
  readonly workers: readonly { readonly worker: string; readonly reasons: readonly string[] }[];
  readonly retries: readonly { readonly kind: string; readonly text: string }[];
}

const ENDED = new Set(["completed", "failed", "cancelled"]);

/** A hub with one worker for each of these ComfyUIs. */
async function start(t: TestContext, options: readonly PeerOptions[] = [{}]): Promise<Place> {
  const peers = await Promise.all(options.map((each) => ComfyPeer.start({ classes: CLASSES, ...each })));
  const hub = await TestServer.start(["--no-native", ...peers.flatMap((peer) => ["--comfyui", peer.url])]);
  t.after(async () => {
    await hub.stop();
    for (const peer of peers) await peer.stop();
    for (const { pid } of driversOf(hub)) kill(pid);
  });
  await until("the workers", async () => {
    const known = await hub.json<object>("/object_info/EmptyImage");
    return ("EmptyImage" in known && peers.every((peer) => peer.sids.length > 0)) || undefined;
  });
  return {
    hub,
    peers,
    queue: async (prompt) => {
      const answer = await hub.post("/prompt", { prompt });
      assert.equal(answer.status, 200, await answer.clone().text());
      return ((await answer.json()) as { prompt_id: string }).prompt_id;
    },
    ended: (id) =>
      until("the job's end", async () => {
        const job = await hub.json<JobAnswer>(`/api/jobs/${id}`).catch(() => undefined);
        return job !== undefined && ENDED.has(job.status) ? job : undefined;
      }),
  };
}

function driversOf(hub: TestServer): { pid: number }[] {
  return readdirSync("/proc").flatMap((entry) => {
    try {
      const variables = readFileSync(`/proc/${entry}/environ`, "utf8").split("\0");
      const mine = variables.some((text) => text.startsWith("HEARTH_WORKER=") && text.includes(hub.base));
      return mine ? [{ pid: Number(entry) }] : [];
    } catch {
      return [];
    }
  });
}

/** Processes whose arguments contain this. */
function processesWith(text: string): number[] {
  return readdirSync("/proc").flatMap((entry) => {
    try {
      const isIt = /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/cmdline`, "utf8").includes(text);
      return isIt ? [Number(entry)] : [];
    } catch {
      return [];
    }
  });
}

function why(hub: TestServer, id: string): Promise<WhyAnswer> {
  const key = readFileSync(path.join(hub.base, "studio/api-key"), "utf8").trim();
  return fetch(`${hub.url}/api/admin/queue/${id}/why`, { headers: { "x-api-key": key } }).then(
    (answer) => answer.json() as Promise<WhyAnswer>,
  );
}

const PEER = fileURLToPath(new URL("./peer/main.ts", import.meta.url));

describe("recovery of jobs on ComfyUI workers", { concurrency: 2 }, () => {
  test("kill -9 of the driver: the next one finds the prompt where it runs", async (t) => {
    const { hub, peers, queue, ended } = await start(t);
    const id = await queue(graphs.sleep(1.5));
    await until("the run", () => peers[0]?.accepted[0]);
    for (const { pid } of driversOf(hub)) kill(pid);
    assert.equal((await ended(id)).status, "completed");
    assert.equal(peers[0]?.count("POST /prompt"), 1, "it was submitted once");
  });

  test("kill -9 of the hub: the run goes on, and its end is known", async (t) => {
    const { hub, peers, queue, ended } = await start(t);
    const id = await queue(graphs.sleep(1));
    await until("the run", () => peers[0]?.accepted[0]);
    kill(hub.ids().hub);
    await hub.launch();
    assert.equal((await ended(id)).status, "completed");
    assert.equal(peers[0]?.count("POST /prompt"), 1, "it was submitted once");
  });

  test("kill -9 of hub and driver: the job ends once, with its result or the reason", async (t) => {
    const { hub, peers, queue, ended } = await start(t);
    const id = await queue(graphs.sleep(2));
    const waiting = await queue(graphs.save());
    await until("the run", () => peers[0]?.accepted[0]);
    for (const { pid } of driversOf(hub)) kill(pid);
    kill(hub.ids().hub);
    await hub.launch();
    assert.equal((await ended(waiting)).status, "completed", "what waited runs");
    const job = await ended(id);
    if (job.status === "failed") assert.equal(job.execution_error?.exception_type, "WorkerLost");
    else assert.equal(job.status, "completed");
    const marks = peers[0]?.accepted.map(({ extraData }) => JSON.stringify(extraData["hearth"]));
    assert.equal(new Set(marks).size, marks?.length, "no attempt was submitted twice");
  });

  test("a ComfyUI that restarts with an empty history: the job runs again, and says why", async (t) => {
    const { hub, peers, queue, ended } = await start(t);
    const id = await queue(graphs.sleep(1));
    await until("the run", () => peers[0]?.accepted[0]);
    await peers[0]?.restart();
    assert.equal((await ended(id)).status, "completed");
    assert.equal(peers[0]?.accepted.length, 2);
    const { retries } = await why(hub, id);
    assert.deepEqual(
      retries.map(({ kind }) => kind),
      ["lost"],
    );
  });

  test("a prompt during whose run the ComfyUI died twice is not tried again", async (t) => {
    const { peers, queue, ended } = await start(t);
    const id = await queue(graphs.sleep(60));
    for (const run of [0, 1]) {
      await until(`run ${run}`, () => peers[0]?.accepted[run]);
      await peers[0]?.restart();
    }
    const job = await ended(id);
    assert.equal(job.status, "failed");
    assert.match(job.execution_error?.exception_message ?? "", /not tried again|twice/);
    assert.equal(peers[0]?.accepted.length, 2);
  });

  test("out of memory: memory is freed and the job is tried once more", async (t) => {
    const { hub, peers, queue, ended } = await start(t);
    const oom = { kind: "throw", type: "torch.OutOfMemoryError", message: "Allocation on device" } as const;
    peers[0]?.next("WS executing 2", oom);
    const id = await queue(graphs.save());
    assert.equal((await ended(id)).status, "completed");
    assert.deepEqual({ ...peers[0]?.freed[0] }, { unload_models: true, free_memory: true });
    assert.deepEqual(
      (await why(hub, id)).retries.map(({ kind }) => kind),
      ["out-of-memory"],
    );
    peers[0]?.next("WS executing 2", oom, 2);
    const job = await ended(await queue(graphs.save("again")));
    assert.equal(job.status, "failed");
    assert.equal(job.execution_error?.exception_type, "torch.OutOfMemoryError");
    assert.equal(peers[0]?.accepted.length, 4);
  });

  test("an ordinary error is not tried again", async (t) => {
    const { peers, queue, ended } = await start(t);
    peers[0]?.next("WS executing 2", { kind: "throw", type: "ValueError", message: "no" });
    const job = await ended(await queue(graphs.save()));
    assert.equal(job.execution_error?.exception_message, "no\n");
    assert.equal(peers[0]?.accepted.length, 1);
  });

  test("a worker's own 400 goes to the next worker; when all say no, the job fails with the node errors", async (t) => {
    const { hub, peers, queue, ended } = await start(t, [{}, {}]);
    const body = JSON.stringify({
      error: { type: "prompt_outputs_failed_validation", message: "no", details: "", extra_info: {} },
      node_errors: {
        "3": { errors: [{ type: "custom", message: "not here", details: "", extra_info: {} }] },
      },
    });
    // Whoever is asked first says no.
    for (const peer of peers) peer.next("POST /prompt", { kind: "status", status: 400, body });
    const first = await queue(graphs.save());
    const job = await ended(first);
    assert.equal(job.status, "failed");
    assert.match(JSON.stringify(await hub.json(`/history/${first}`)), /not here/);
    peers[0]?.always("POST /prompt", { kind: "status", status: 400, body });
    for (const prefix of ["a", "b", "c"])
      assert.equal((await ended(await queue(graphs.save(prefix)))).status, "completed");
    assert.equal(peers[0]?.accepted.length, 0);
    assert.equal(peers[1]?.accepted.length, 3);
  });

  test("a worker whose ComfyUI is away gets nothing; the other one takes all", async (t) => {
    const { peers, queue, ended } = await start(t, [{}, {}]);
    await peers[0]?.die();
    const ids = await Promise.all(["a", "b", "c", "d"].map((prefix) => queue(graphs.save(prefix))));
    for (const id of ids) assert.equal((await ended(id)).status, "completed");
    assert.equal(peers[1]?.accepted.length, 4);
  });

  test("a prompt that no worker can run is refused at once, with the reason of each", async (t) => {
    const { hub, peers } = await start(t, [
      {
        models: { checkpoints: ["a.safetensors"] },
        classes: [...CLASSES, "CheckpointLoaderSimple", "PreviewAny"],
      },
      {},
    ]);
    const prompt = (name: string): JsonObject => ({
      "1": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: name } },
      "2": { class_type: "PreviewAny", inputs: { source: ["1", 2] } },
    });
    await until("the class that only one worker has", async () => {
      const known = await hub.json<JsonObject>("/object_info/CheckpointLoaderSimple");
      return Object.keys(known).length > 0 ? true : undefined;
    });
    const refused = await hub.post("/prompt", { prompt: prompt("nowhere.safetensors") });
    assert.equal(refused.status, 400);
    assert.match(await refused.text(), /nowhere\.safetensors/);
    assert.ok(peers.every((peer) => peer.count("POST /prompt") === 0));
  });

  test("an interrupt by id stops a run on a ComfyUI, and leaves the other alone", async (t) => {
    const { hub, peers, queue, ended } = await start(t, [{}, {}]);
    const ids = [await queue(graphs.sleep(60)), await queue(graphs.sleep(60))] as const;
    await until("both run", () => peers.every((peer) => peer.queueRemaining === 1) || undefined);
    await hub.post("/interrupt", { prompt_id: ids[0] });
    assert.equal((await ended(ids[0])).status, "cancelled");
    assert.equal((await hub.json<JobAnswer>(`/api/jobs/${ids[1]}`)).status, "in_progress");
    await hub.post("/interrupt", {});
    assert.equal((await ended(ids[1])).status, "cancelled");
  });

  test("behind somebody else's prompt on the ComfyUI a job waits, and runs then", async (t) => {
    const { peers, queue, ended } = await start(t);
    peers[0]?.addForeign("99999999-0000-4000-8000-000000000001");
    const id = await queue(graphs.save());
    await until("the submit", () => peers[0]?.accepted[0]);
    peers[0]?.interruptForeign();
    assert.equal((await ended(id)).status, "completed");
  });

  test("a ComfyUI that the hub supervises is started, and again when it is killed", async (t) => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const command = `${process.execPath} ${PEER} --port ${port} --classes ${CLASSES.join(",")}`;
    const hub = await TestServer.start(["--no-native", "--comfyui", url, "--comfyui-command", command]);
    const comfyUis = (): number[] => processesWith(`${PEER}\0--port\0${port}\0`);
    t.after(async () => {
      await hub.stop();
      for (const { pid } of driversOf(hub)) kill(pid);
      for (const pid of comfyUis()) kill(pid);
    });
    const known = (): Promise<true | undefined> =>
      hub.json<object>("/object_info/TestSleep").then((answer) => ("TestSleep" in answer ? true : undefined));
    await until("the node classes", known);
    const answer = await hub.post("/prompt", { prompt: graphs.sleep(1) });
    const { prompt_id: id } = (await answer.json()) as { prompt_id: string };
    const isRunning = async (): Promise<true | undefined> =>
      (await (await fetch(`${url}/queue`)).text()).includes(id) || undefined;
    await until("the run", isRunning);
    const [first] = comfyUis();
    kill(first ?? -1);
    const job = await until("the job's end", async () => {
      const now = await hub.json<JobAnswer>(`/api/jobs/${id}`);
      return ENDED.has(now.status) ? now : undefined;
    });
    assert.equal(job.status, "completed");
    assert.notEqual(comfyUis()[0], first);
    await hub.stop();
    await until("the end of the ComfyUI", () => (comfyUis().length === 0 ? true : undefined));
  });
});
