/** The ComfyUI engine against Hearth itself, which speaks the same contract, through a proxy with a password. */
import assert from "node:assert/strict";
import { mkdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test, type TestContext } from "node:test";
import {
  type JsonObject,
  parseJson,
  previewFrame,
  previewWithMetadataFrame,
  printJson,
  type RunMessage,
  textFrame,
} from "@hearth/protocol";
import { alive, PROJECT, TestServer, until } from "../../../../tests/support/server.ts";
import { Driver, graphs, HubFolders } from "../../../../tests/workers/driver.ts";
import type { ComfyEngineSettings } from "./settings.ts";
import { TestProxy } from "./test-proxy.ts";

let peer: TestServer;
before(async () => {
  peer = await TestServer.start(["--custom-nodes-directory", path.join(PROJECT, "examples/custom_nodes")]);
});
after(() => peer.stop());

let prompts = 0;
const newId = (): string => `00000000-0000-4000-8000-${String((prompts += 1)).padStart(12, "0")}`;

/** A busy machine answers late. */
const PATIENT = { requestMs: 10_000, submitMs: 10_000, pingMs: 5_000 };

/** A driver of the peer that has announced itself; everything ends with the test. */
async function start(
  t: TestContext,
  settings: Partial<ComfyEngineSettings> = {},
): Promise<{ proxy: TestProxy; hub: HubFolders; driver: Driver }> {
  const proxy = await TestProxy.start(peer.url);
  const hub = new HubFolders();
  const driver = new Driver(proxy.url, hub, { ...PATIENT, workerName: `gpu-${newId()}`, ...settings });
  t.after(async () => {
    await driver.engine.close();
    await proxy.stop();
    hub.remove();
  });
  await driver.available();
  await until("a socket", () =>
    proxy.frames.some((frame) => frame.includes("feature_flags")) ? true : undefined,
  );
  return { proxy, hub, driver };
}

/** What a client hears that can (or cannot) take previews with metadata. */
function framesOf(message: RunMessage, promptId: string, takesMetadata: boolean): (string | Buffer)[] {
  const json = (type: string, data: unknown): string => printJson({ type, data });
  if (message.kind === "json") return [json(message.type, message.data)];
  if (message.kind === "text") return [textFrame(message.nodeId, message.text)];
  const { state, progress, preview } = message;
  return [
    ...(state === undefined ? [] : [json("progress_state", state)]),
    ...(preview !== undefined && takesMetadata ? [previewWithMetadataFrame(preview, promptId)] : []),
    ...(progress === undefined ? [] : [json("progress", progress)]),
    ...(preview !== undefined && !takesMetadata && progress !== undefined ? [previewFrame(preview)] : []),
  ];
}

const isOfTheRun = (frame: string | Buffer): boolean =>
  typeof frame !== "string" || !/^\{"type": "(status|feature_flags)"|"node": null/.test(frame);

async function history(promptId: string): Promise<JsonObject> {
  const all = parseJson(await (await fetch(`${peer.url}/history/${promptId}`)).text()) as JsonObject;
  return all[promptId] as JsonObject;
}

const runs: Record<string, JsonObject> = {
  "a saved picture": graphs.save("byte"),
  "progress and a temp picture": graphs.sleep(0.3),
  previews: graphs.previews(),
  "an error": graphs.error(),
  text: graphs.text(),
  "nodes that are expanded": {
    "1": { class_type: "StubImage", inputs: { content: "WHITE", height: 8, width: 8, batch_size: 1 } },
    "2": {
      class_type: "TestParallelSleep",
      inputs: {
        image1: ["1", 0],
        image2: ["1", 0],
        image3: ["1", 0],
        sleep1: 0.1,
        sleep2: 0.05,
        sleep3: 0.02,
      },
    },
  },
};

for (const [what, graph] of Object.entries(runs)) {
  test(`${what}: clients hear byte for byte what the peer said, history is the peer's`, async (t) => {
    const { proxy, hub, driver } = await start(t);
    const promptId = newId();
    const from = proxy.frames.length;
    const attempt = driver.run(graph, { promptId, jobId: promptId });
    const result = await driver.finished(attempt);
    const told = driver.said(attempt).flatMap(({ message }) => framesOf(message, promptId, true));
    assert.deepEqual(told, proxy.frames.slice(from).filter(isOfTheRun));
    const entry = await history(promptId);
    assert.equal(printJson(result.outputs), printJson(entry["outputs"]));
    assert.equal(printJson(result.meta), printJson(entry["meta"]));
    const status = entry["status"] as JsonObject;
    assert.equal(printJson(result.messages), printJson(status["messages"]));
    assert.equal(result.status, status["status_str"]);
    for (const [place, bytes] of hub.outputs) {
      const [type = "", subfolder = "", name = ""] = place.split("/");
      assert.deepEqual(bytes, await readFile(path.join(peer.base, type, subfolder, name)));
    }
    assert.equal(hub.outputs.size > 0, what.includes("picture"));
  });
}

test("what it can run is what the peer says; a new model is announced", async (t) => {
  const { driver } = await start(t, { refreshMs: 200 });
  const info = parseJson(await (await fetch(`${peer.url}/object_info`)).text()) as JsonObject;
  const announced = driver.announcements[0];
  assert.equal(
    printJson(announced?.classes.map(({ info }) => info)),
    printJson(Object.keys(info).map((name) => info[name] as JsonObject)),
  );
  assert.deepEqual(announced?.models?.["vae"], []);
  const model = path.join(peer.base, "models/vae/new.safetensors");
  await mkdir(path.dirname(model), { recursive: true });
  await writeFile(model, "x");
  t.after(() => rm(model));
  const next = await until("the new model", () =>
    driver.announcements.find(({ models }) => models?.["vae"]?.includes("new.safetensors")),
  );
  assert.equal(next.classes.length, announced?.classes.length);
  const { devices, comfyuiVersion } = driver.states.at(-1) ?? {};
  assert.ok(devices?.[0]?.["name"] !== undefined && comfyuiVersion !== undefined);
});

test("an input travels once, and again when it was changed there", async (t) => {
  const { proxy, hub, driver } = await start(t);
  const bytes = await savedPicture(driver, hub);
  const name = `sub folder/ü-${newId()}.png`;
  const files = [hub.add(name, bytes)];
  const load = async (): Promise<void> => {
    const promptId = newId();
    const result = await driver.finished(driver.run(graphs.load(name), { promptId, jobId: promptId, files }));
    assert.equal(result.status, "success");
  };
  const uploads = (): number => proxy.count("POST /upload/image");
  await load();
  await load();
  assert.equal(uploads(), 1);
  assert.deepEqual(await readFile(path.join(peer.base, "input", name)), bytes);
  await utimes(path.join(peer.base, "input", name), 1, 1);
  await load();
  assert.equal(uploads(), 2);
});

async function savedPicture(driver: Driver, hub: HubFolders): Promise<Buffer> {
  const promptId = newId();
  await driver.finished(driver.run(graphs.save("in"), { promptId, jobId: promptId }));
  return [...hub.outputs.values()].at(-1) as Buffer;
}

test("only the outputs that are asked for run", async (t) => {
  const { driver } = await start(t);
  const promptId = newId();
  const graph = { ...graphs.save("all"), "4": { class_type: "PreviewImage", inputs: { images: ["2", 0] } } };
  const result = await driver.finished(driver.run(graph, { promptId, jobId: promptId, outputs: ["4"] }));
  assert.deepEqual(Object.keys(result.outputs), ["4"]);
});

test("two prompts: one runs, one waits; stopping each leaves the other alone", async (t) => {
  const { proxy, driver } = await start(t, { concurrency: 2 });
  const [first, second] = [newId(), newId()];
  const running = driver.run(graphs.sleep(30), { promptId: first, jobId: first });
  await until("the sleep", () => (driver.types(running).includes("executing") ? true : undefined));
  const waiting = driver.run(graphs.save("never"), { promptId: second, jobId: second });
  await until("the second submit", () => (proxy.count("POST /prompt") === 2 ? true : undefined));
  driver.engine.interrupt(waiting);
  const stopped = await driver.finished(waiting);
  assert.equal(stopped.status, "interrupted");
  assert.deepEqual(
    stopped.messages.map(([type]) => type),
    ["execution_interrupted"],
  );
  assert.equal(driver.ends(running), 0);
  driver.engine.interrupt(running);
  const result = await driver.finished(running);
  assert.equal(result.status, "interrupted");
  assert.equal(driver.types(running).at(-1), "execution_interrupted");
  assert.ok((result.nodeTimes["2"] ?? 0) > 0);
});

test("the socket is cut again and again: everything ends, every message of the lifecycle is told once", async (t) => {
  const { proxy, driver } = await start(t);
  const promptId = newId();
  const attempt = driver.run(graphs.sleep(0.8), { promptId, jobId: promptId });
  const cutting = setInterval(() => proxy.dropSockets(), 60);
  const result = await driver.finished(attempt).finally(() => clearInterval(cutting));
  assert.equal(result.status, "success");
  for (const type of ["execution_start", "execution_cached", "executed", "execution_success"]) {
    assert.equal(driver.types(attempt).filter((said) => said === type).length, 1, type);
  }
  // What a ComfyUI tells a socket that comes in the middle of a run is not of the run.
  for (const { message } of driver.said(attempt)) {
    if (message.kind === "json") assert.equal(message.data["prompt_id"], promptId, message.type);
  }
});

test("the peer is killed with its worker and started again: what it kept is followed to its end", async (t) => {
  const own = await TestServer.start([
    "--custom-nodes-directory",
    path.join(PROJECT, "examples/custom_nodes"),
  ]);
  const hub = new HubFolders();
  const driver = new Driver(own.url, hub, { ...PATIENT, lostMs: 60_000 });
  t.after(async () => {
    await driver.engine.close();
    await own.stop();
    hub.remove();
  });
  await driver.available();
  const attempt = driver.run(graphs.sleep(30));
  await until("the sleep", () => (driver.types(attempt).includes("executing") ? true : undefined));
  const { hub: hubProcess, worker } = own.ids();
  for (const pid of [hubProcess, worker]) if (pid !== undefined) process.kill(pid, "SIGKILL");
  await until("their end", () => (alive(hubProcess) ? undefined : true));
  await until("the state", () => {
    const { isAvailable, problem = "" } = driver.states.at(-1) ?? {};
    return isAvailable === false && /does not answer: ECONN/.test(problem) ? true : undefined;
  });
  await own.launch();
  const result = await driver.finished(attempt, 40_000);
  assert.equal(result.status, "error", "Hearth says that it stalled");
  await driver.available();
  const next = await driver.finished(driver.run(graphs.save(), { attempt: 2 }));
  assert.equal(next.status, "success");
});
