/** Stopping, other people's prompts, and other versions of ComfyUI. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../support/server.ts";
import { graphs, PROMPT_ID, startPair } from "./driver.ts";

const FOREIGN = "99999999-0000-4000-8000-000000000001";

// They wait more than they work.
describe("stopping, and other versions", { concurrency: 4 }, () => {
  test("an interrupt stops the running prompt", async (t) => {
    const { driver } = await startPair(t);
    const attempt = driver.run(graphs.sleep(60));
    await until("the sleep", () => (driver.types(attempt).includes("executing") ? true : undefined));
    driver.engine.interrupt(attempt);
    const result = await driver.finished(attempt);
    assert.equal(result.status, "interrupted");
    const [type, data] = result.messages.at(-1) ?? ["", {}];
    assert.equal(type, "execution_interrupted");
    assert.equal(data["prompt_id"], PROMPT_ID);
    assert.ok(driver.types(attempt).includes("execution_interrupted"));
  });

  test("an interrupt takes a waiting prompt out of the queue, and leaves who runs alone", async (t) => {
    const { peer, driver } = await startPair(t);
    peer.addForeign(FOREIGN);
    const attempt = driver.run(graphs.save());
    await until("the submit", () => peer.accepted[0]);
    driver.engine.interrupt(attempt);
    const result = await driver.finished(attempt);
    assert.equal(result.status, "interrupted");
    assert.equal(result.messages.at(-1)?.[0], "execution_interrupted");
    assert.equal(peer.queueRemaining, 1, "the other one still runs");
  });

  test("a version whose interrupt knows no ids never stops somebody else's prompt", async (t) => {
    const { peer, driver } = await startPair(t, { interruptKnowsIds: false, version: "0.19" });
    peer.addForeign(FOREIGN);
    const attempt = driver.run(graphs.save());
    await until("the submit", () => peer.accepted[0]);
    driver.engine.interrupt(attempt);
    assert.equal((await driver.finished(attempt)).status, "interrupted");
    assert.equal(peer.queueRemaining, 1, "the other one still runs");
  });

  test("an interrupt that gets lost is asked again", async (t) => {
    const { peer, driver } = await startPair(t);
    peer.next("POST /interrupt", { kind: "status", status: 500 });
    peer.next("POST /interrupt", { kind: "reset" });
    const attempt = driver.run(graphs.sleep(60));
    await until("the sleep", () => (driver.types(attempt).includes("executing") ? true : undefined));
    driver.engine.interrupt(attempt);
    assert.equal((await driver.finished(attempt)).status, "interrupted");
  });

  test("an interrupt right after the assignment stops it, wherever it is", async (t) => {
    const { driver } = await startPair(t);
    const attempt = driver.run(graphs.sleep(60));
    driver.engine.interrupt(attempt);
    assert.equal((await driver.finished(attempt)).status, "interrupted");
  });

  test("an interrupt while the submit's outcome is unknown: nothing is left running", async (t) => {
    const { peer, driver } = await startPair(t);
    peer.next("POST /prompt", { kind: "reset-after-accept" });
    const attempt = driver.run(graphs.sleep(60));
    await until("the submit", () => peer.accepted[0]);
    driver.engine.interrupt(attempt);
    assert.equal((await driver.finished(attempt)).status, "interrupted");
    await until("an empty queue", () => (peer.queueRemaining === 0 ? true : undefined));
  });

  test("somebody interrupts the prompt at the ComfyUI itself: it ends so", async (t) => {
    const { peer, driver } = await startPair(t);
    const attempt = driver.run(graphs.sleep(60));
    await until("the sleep", () => (driver.types(attempt).includes("executing") ? true : undefined));
    await fetch(`${peer.url}/interrupt`, { method: "POST" });
    assert.equal((await driver.finished(attempt)).status, "interrupted");
  });

  test("somebody deletes the waiting prompt at the ComfyUI itself: the attempt ends", async (t) => {
    const { peer, driver } = await startPair(t);
    peer.addForeign(FOREIGN);
    const attempt = driver.run(graphs.save());
    await until("the submit", () => peer.accepted[0]);
    await fetch(`${peer.url}/queue`, { method: "POST", body: '{"clear": true}' });
    await driver.end(attempt);
    assert.equal(peer.count("POST /prompt"), 1);
  });

  test("behind somebody else's long prompt it waits", async (t) => {
    const { peer, driver } = await startPair(t, {}, { lostMs: 800 });
    peer.addForeign(FOREIGN);
    const attempt = driver.run(graphs.save());
    await until("the submit", () => peer.accepted[0]);
    const asked = peer.count("GET /queue");
    await until("looks", () => (peer.count("GET /queue") > asked + 6 ? true : undefined));
    peer.interruptForeign();
    assert.equal((await driver.finished(attempt)).status, "success");
  });

  for (const [name, options] of Object.entries({
    "no jobs API": { jobsApi: false },
    "0.19": { version: "0.19" as const },
    "ids of its own": { ownIds: true, jobsApi: false },
  })) {
    test(`${name}: runs, and finds again what it lost sight of`, async (t) => {
      const { peer, driver } = await startPair(t, options);
      peer.next("WS executed", { kind: "drop-socket" });
      const attempt = driver.run(graphs.save());
      const result = await driver.finished(attempt);
      assert.equal(result.status, "success");
      const said = JSON.stringify([driver.said(attempt).map(({ message }) => message), result]);
      const ids = new Set([...said.matchAll(/"prompt_id":"([^"]*)"/g)].map((match) => match[1]));
      assert.deepEqual([...ids], [PROMPT_ID], "everything carries the job's own id");
      assert.equal(peer.accepted.length, 1);
    });

    test(`${name}: a submit whose answer is lost is found`, async (t) => {
      const { peer, driver } = await startPair(t, options);
      peer.next("POST /prompt", { kind: "reset-after-accept" });
      assert.equal((await driver.finished(driver.run(graphs.save()))).status, "success");
      assert.equal(peer.accepted.length, 1);
    });

    test(`${name}: an interrupt stops it`, async (t) => {
      const { driver } = await startPair(t, options);
      const attempt = driver.run(graphs.sleep(60));
      await until("the sleep", () => (driver.types(attempt).includes("executing") ? true : undefined));
      driver.engine.interrupt(attempt);
      assert.equal((await driver.finished(attempt)).status, "interrupted");
    });
  }

  test("a prompt id that is no UUID is the job's own all the same", async (t) => {
    const { peer, driver } = await startPair(t);
    const attempt = driver.run(graphs.save(), { promptId: "My Own Id" });
    const result = await driver.finished(attempt);
    assert.equal(result.status, "success");
    assert.notEqual(peer.accepted[0]?.promptId, "My Own Id");
    const said = JSON.stringify([driver.said(attempt).map(({ message }) => message), result.messages]);
    const ids = new Set([...said.matchAll(/"prompt_id":"([^"]*)"/g)].map((match) => match[1]));
    assert.deepEqual([...ids], ["My Own Id"]);
  });

  test("free is passed on", async (t) => {
    const { peer, driver } = await startPair(t);
    driver.engine.free({ unloadModels: true, freeMemory: false });
    await until("the call", () => peer.freed[0]);
    assert.deepEqual({ ...peer.freed[0] }, { unload_models: true, free_memory: false });
  });

  test("what the ComfyUI can is announced whole, and again when it changes", async (t) => {
    const models = { checkpoints: ["a.safetensors"], loras: [] as string[] };
    const { driver } = await startPair(t, {
      models,
      extensions: ["/extensions/pack/a.js"],
      classes: undefined,
    });
    const first = await until("the announcement", () => driver.announcements.at(-1));
    assert.equal(first.classes.length > 600, true);
    assert.deepEqual(first.models?.["checkpoints"], ["a.safetensors"]);
    assert.deepEqual(first.extensions, ["/extensions/pack/a.js"]);
    models.loras.push("new.safetensors");
    await until(
      "the new model",
      () => driver.announcements.at(-1)?.models?.["loras"]?.includes("new.safetensors") || undefined,
    );
    const count = driver.announcements.length;
    assert.ok(count <= 3, "it is said only when it changed");
  });

  test("what the ComfyUI is: devices and version", async (t) => {
    const { driver } = await startPair(t);
    const state = driver.states.at(-1);
    assert.equal(state?.comfyuiVersion, "0.33.0");
    assert.equal(state.devices?.[0]?.["name"], "cpu");
  });
});
