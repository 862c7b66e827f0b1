/** A prompt is submitted once: whatever happens to the answer, to the driver, or to the ComfyUI. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../support/server.ts";
import { graphs, type Pair, PROMPT_ID, startPair } from "./driver.ts";
import type { Fault } from "./peer/peer.ts";

const UNKNOWN: readonly Fault[] = [
  { kind: "reset-after-accept" },
  { kind: "hang-after-accept" },
  { kind: "half-answer" },
  { kind: "late", ms: 2_500 },
];

// They wait more than they work.
describe("a prompt is submitted once", { concurrency: 4 }, () => {
  for (const fault of UNKNOWN) {
    test(`${fault.kind}: the answer to the submit is lost, the prompt is not submitted again`, async (t) => {
      const { peer, driver } = await startPair(t);
      peer.next("POST /prompt", fault);
      const { status } = await driver.finished(driver.run(graphs.save()));
      assert.equal(status, "success");
      assert.equal(peer.accepted.length, 1);
      assert.equal(peer.count("POST /prompt"), 1, "nobody asked to run it a second time");
    });
  }

  test("the answer is lost while the prompt waits behind somebody else's", async (t) => {
    const { peer, driver } = await startPair(t);
    peer.addForeign("99999999-0000-4000-8000-000000000001");
    peer.next("POST /prompt", { kind: "reset-after-accept" });
    const attempt = driver.run(graphs.save());
    await until("the submit", () => peer.accepted[0]);
    const asked = peer.count("GET /queue");
    await until("a few looks at the queue", () => (peer.count("GET /queue") > asked + 1 ? true : undefined));
    peer.interruptForeign();
    assert.equal((await driver.finished(attempt)).status, "success");
    assert.equal(peer.count("POST /prompt"), 1);
  });

  test("a submit that never arrived is made again, after the ComfyUI said that it knows nothing of it", async (t) => {
    const { peer, driver } = await startPair(t);
    peer.next("POST /prompt", { kind: "reset" });
    const attempt = driver.run(graphs.save());
    await until("the first try", () => (peer.count("POST /prompt") > 0 ? true : undefined));
    const first = peer.calls.findLast((call) => call.place === "POST /prompt")?.at ?? 0;
    assert.equal((await driver.finished(attempt)).status, "success");
    assert.equal(peer.accepted.length, 1);
    assert.equal(peer.count("POST /prompt"), 2);
    const second = peer.calls.findLast((call) => call.place === "POST /prompt")?.at ?? 0;
    const looks = peer.calls.filter(({ place, at }) => place === "GET /queue" && at >= first && at <= second);
    assert.ok(looks.length >= 2, "it asked twice before");
    assert.ok((looks.at(-1)?.at ?? 0) - (looks[0]?.at ?? 0) >= 900, "with time in between");
  });

  test("a ComfyUI that stands still takes the submit after the driver gave up waiting: it ran once", async (t) => {
    const { peer, driver } = await startPair(t);
    peer.next("POST /prompt", { kind: "stall", ms: 2_500 });
    assert.equal((await driver.finished(driver.run(graphs.save()))).status, "success");
    assert.equal(peer.accepted.length, 1);
  });

  test("a few 500s to the submit are tried again", async (t) => {
    const { peer, driver } = await startPair(t, {}, { reachMs: 10_000 });
    peer.next("POST /prompt", { kind: "status", status: 500 }, 2);
    assert.equal((await driver.finished(driver.run(graphs.save()))).status, "success");
    assert.equal(peer.accepted.length, 1);
  });

  test("500s without end: nothing ran, and it says so", async (t) => {
    const { peer, driver } = await startPair(t);
    peer.always("POST /prompt", { kind: "status", status: 500, body: "Server got itself in trouble" });
    const failure = await driver.gaveUp(driver.run(graphs.save()));
    assert.equal(failure.kind, "unreachable");
    assert.match(failure.text, /500/);
    assert.equal(peer.accepted.length, 0);
  });

  test("a ComfyUI that is not there: unreachable, and the state says why", async (t) => {
    const { peer, driver } = await startPair(t);
    await peer.die();
    const failure = await driver.gaveUp(driver.run(graphs.save()));
    assert.equal(failure.kind, "unreachable");
    const state = driver.states.at(-1);
    assert.equal(state?.isAvailable, false);
    assert.match(state?.problem ?? "", /does not answer/);
    await peer.comeBack();
    await driver.available();
    assert.equal((await driver.finished(driver.run(graphs.save(), { attempt: 2 }))).status, "success");
  });

  test("a ComfyUI that hangs: unreachable when it never took the prompt", async (t) => {
    const { peer, driver } = await startPair(t);
    peer.always("*", { kind: "hang" });
    const failure = await driver.gaveUp(driver.run(graphs.save()));
    assert.equal(failure.kind, "unreachable");
    assert.equal(peer.accepted.length, 0);
  });

  test("what its validation refuses is refused with the node errors", async (t) => {
    const { peer, driver } = await startPair(t);
    const failure = await driver.gaveUp(driver.run(graphs.load("nowhere.png")));
    assert.equal(failure.kind, "refused");
    assert.equal(failure.error?.["type"], "prompt_outputs_failed_validation");
    assert.match(JSON.stringify(failure.nodeErrors), /Invalid image file: nowhere.png/);
    assert.equal(peer.count("POST /prompt"), 1, "a refusal is not tried again");
  });

  test("what it submits is marked, keeps the job's id and its extra data, and names its outputs", async (t) => {
    const { peer, driver } = await startPair(t);
    const extraData = { extra_pnginfo: { workflow: { id: "w" } }, client_id: "the client of the hub" };
    await driver.finished(driver.run(graphs.save(), { extraData }));
    const item = peer.accepted[0];
    assert.equal(item?.promptId, PROMPT_ID);
    assert.deepEqual(item.extraData["hearth"], { job: "job_1", attempt: 1 });
    assert.deepEqual(item.extraData["extra_pnginfo"], extraData.extra_pnginfo);
    assert.ok(peer.sids.includes(String(item.extraData["client_id"])), "its own socket hears of the run");
    assert.deepEqual(item.outputs, ["3"]);
  });

  test("a new driver takes over what runs", async (t) => {
    const { peer, driver, restartDriver } = await startPair(t);
    driver.run(graphs.sleep(1));
    await until("the run", () => peer.accepted[0]);
    const next = await restartDriver();
    const attempt = next.run(graphs.sleep(1), { attempt: 2 });
    const result = await next.finished(attempt);
    assert.equal(result.status, "success");
    assert.equal(peer.count("POST /prompt"), 1);
  });

  test("a new driver takes over what waits", async (t) => {
    const { peer, driver, restartDriver } = await startPair(t);
    peer.addForeign("99999999-0000-4000-8000-000000000001");
    driver.run(graphs.save());
    await until("the submit", () => peer.accepted[0]);
    const next = await restartDriver();
    const attempt = next.run(graphs.save(), { attempt: 2 });
    await until("a look", () => (peer.count("GET /queue") > 3 ? true : undefined));
    peer.interruptForeign();
    assert.equal((await next.finished(attempt)).status, "success");
    assert.equal(peer.count("POST /prompt"), 1);
  });

  test("a new driver takes over what ended meanwhile, with its files", async (t) => {
    const { peer, driver, hub, restartDriver } = await startPair(t);
    const hold = peer.hold("WS executed");
    driver.run(graphs.save());
    await hold.reached;
    await driver.engine.close();
    hold.release();
    await until("the end", () => peer.history.get(PROMPT_ID));
    const next = await restartDriver();
    // The hub gives the job again, as the next attempt.
    const result = await next.finished(next.run(graphs.save(), { attempt: 2 }));
    assert.equal(result.status, "success");
    assert.equal(peer.count("POST /prompt"), 1);
    assert.ok(hub.outputs.has("output//t_00001_.png"));
    assert.deepEqual(result.outputs["3"], {
      images: [{ filename: "t_00001_.png", subfolder: "", type: "output" }],
    });
  });

  test("a failed attempt is not taken over: the next one runs", async (t) => {
    const { peer, driver } = await startPair(t);
    assert.equal((await driver.finished(driver.run(graphs.error()))).status, "error");
    assert.equal((await driver.finished(driver.run(graphs.error(), { attempt: 2 }))).status, "error");
    assert.equal(peer.accepted.length, 2);
  });

  test("another job with the prompt id of an earlier one is another job", async (t) => {
    const { peer, driver } = await startPair(t);
    assert.equal((await driver.finished(driver.run(graphs.save()))).status, "success");
    assert.equal((await driver.finished(driver.run(graphs.save(), { jobId: "job_2" }))).status, "success");
    assert.equal(peer.accepted.length, 2);
  });

  test("the history of an earlier prompt with the same id is not taken for this one's", async (t) => {
    const { peer, driver } = await startPair(t);
    await driver.finished(driver.run(graphs.save()));
    peer.next("WS execution_start", { kind: "silence" });
    const attempt = driver.run(graphs.sleep(1.5), { jobId: "job_2" });
    const result = await driver.finished(attempt);
    assert.match(JSON.stringify(result.outputs), /"type":"temp"/);
  });

  test("a ComfyUI that gives the same id again: each job has its own result", async (t) => {
    const { peer, driver } = await startPair(t, { ownIds: "repeated" });
    const first = await driver.finished(driver.run(graphs.save()));
    assert.match(JSON.stringify(first.outputs), /"type":"output"/);
    peer.next("WS execution_start", { kind: "drop-socket" });
    const second = await driver.finished(driver.run(graphs.sleep(1), { jobId: "job_2", attempt: 2 }));
    assert.match(JSON.stringify(second.outputs), /"type":"temp"/);
    assert.equal(new Set(peer.accepted.map(({ promptId }) => promptId)).size, 1);
  });

  const stages: Readonly<Record<string, (pair: Pair) => Promise<unknown>>> = {
    runs: async ({ driver, peer }) => {
      driver.run(graphs.sleep(1));
      await until("the run", () => peer.accepted[0]);
    },
    ended: async ({ driver, peer }) => {
      const hold = peer.hold("WS executing 3");
      driver.run(graphs.sleep(0));
      await hold.reached;
      await driver.engine.close();
      hold.release();
      await until("the end", () => peer.history.get(PROMPT_ID));
    },
  };
  for (const [stage, reach] of Object.entries(stages)) {
    test(`a new driver resumes what ${stage}: the same attempt, never begun again`, async (t) => {
      const pair = await startPair(t);
      await reach(pair);
      const next = await pair.restartDriver();
      // Whoever resumes does not know the outputs any more.
      const attempt = next.run(graphs.sleep(1), { resume: true, outputs: [] });
      assert.equal((await next.finished(attempt)).status, "success");
      assert.equal(pair.peer.count("POST /prompt"), 1);
    });
  }

  test("what a new driver cannot resume is lost, and is not begun again", async (t) => {
    const { peer, driver } = await startPair(t);
    const attempt = driver.run(graphs.save(), { resume: true, outputs: [] });
    assert.equal((await driver.gaveUp(attempt)).kind, "lost");
    assert.equal(peer.count("POST /prompt"), 0);
  });
});
