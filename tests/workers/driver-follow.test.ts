/** The socket is a hint: a run ends for the hub however little, late or wrong its socket speaks. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JsonObject } from "@hearth/protocol";
import { RunFrames } from "../../packages/hub/src/sockets/run-frames.ts";
import { until } from "../support/server.ts";
import { type Driver, graphs, PROMPT_ID, startPair } from "./driver.ts";
import type { Fault } from "./peer/peer.ts";

/** What sockets of the hub hear of an attempt. */
function framesOf(driver: Driver, attempt: Parameters<Driver["said"]>[0], previewMetadata = true) {
  return driver
    .said(attempt)
    .flatMap(({ message }) =>
      new RunFrames(message, attempt.promptId).for({ previewMetadata, progressText: false }),
    );
}

/** What the ComfyUI said of the run: all but `status` and the end, which are the hub's to say. */
function runFrames(frames: readonly (string | Buffer)[]): (string | Buffer)[] {
  return frames.filter((frame) => typeof frame !== "string" || !frame.includes('"node": null'));
}

// They wait more than they work.
describe("the socket is a hint", { concurrency: 4 }, () => {
  for (const [name, graph] of Object.entries({
    save: graphs.save(),
    error: graphs.error(),
    text: graphs.text(),
    previews: graphs.previews(),
  })) {
    test(`${name}: clients hear byte for byte what the ComfyUI said`, async (t) => {
      const { peer, driver } = await startPair(t);
      const attempt = driver.run(graph);
      await driver.finished(attempt);
      const client = String(peer.accepted[0]?.extraData["client_id"]);
      assert.deepEqual(framesOf(driver, attempt), runFrames(peer.meantFor(client)));
    });
  }

  test("an ended run brings what history keeps", async (t) => {
    const { peer, driver } = await startPair(t);
    const result = await driver.finished(driver.run(graphs.save()));
    const entry = peer.history.get(PROMPT_ID);
    assert.equal(result.status, "success");
    assert.deepEqual(result.outputs, entry?.["outputs"]);
    assert.deepEqual(result.meta, entry?.["meta"]);
    assert.deepEqual(result.messages, (entry?.["status"] as JsonObject | undefined)?.["messages"]);
    assert.deepEqual(Object.keys(result.nodeTimes).sort(), ["1", "2", "3"]);
  });

  test("an error brings its message whole", async (t) => {
    const { driver } = await startPair(t);
    const result = await driver.finished(driver.run(graphs.error()));
    assert.equal(result.status, "error");
    const [type, data] = result.messages.at(-1) ?? ["", {}];
    assert.equal(type, "execution_error");
    assert.equal(data["exception_message"], "Intentional sync execution error for testing\n");
    assert.equal(data["node_type"], "TestSyncError");
  });

  const BREAKS: readonly [place: string, fault: Fault][] = [
    ["WS executing 2", { kind: "silence" }],
    ["WS execution_start", { kind: "silence" }],
    ["WS executing 2", { kind: "half-open" }],
    ["WS executed", { kind: "half-frame" }],
    ["WS progress_state", { kind: "half-frame" }],
    ["WS executed", { kind: "drop-socket" }],
    ["WS execution_start", { kind: "drop-socket" }],
    ["WS execution_success", { kind: "drop-socket" }],
    ["WS executed", { kind: "swallow" }],
    ["WS execution_success", { kind: "swallow" }],
    ["WS executing null", { kind: "swallow" }],
    ["WS executing null", { kind: "drop-socket" }],
  ];

  for (const [place, fault] of BREAKS) {
    test(`${fault.kind} at ${place.slice(3)}: the run ends all the same, once, with its file`, async (t) => {
      const { peer, driver, hub } = await startPair(t);
      peer.next(place, fault);
      const attempt = driver.run(graphs.save());
      const result = await driver.finished(attempt);
      assert.equal(result.status, "success");
      assert.deepEqual(result.outputs["3"], {
        images: [{ filename: "t_00001_.png", subfolder: "", type: "output" }],
      });
      assert.deepEqual(
        hub.outputs.get("output//t_00001_.png"),
        peer.files.get("output", "", "t_00001_.png")?.bytes,
      );
      assert.equal(peer.count("POST /prompt"), 1);
      assert.equal(driver.ends(attempt), 1);
    });
  }

  test("after a break the next prompt is followed as ever", async (t) => {
    const { peer, driver } = await startPair(t);
    peer.next("WS executed", { kind: "half-frame" });
    await driver.finished(driver.run(graphs.save()));
    await until("a new socket", () => (peer.sids.length > 0 ? true : undefined));
    const attempt = driver.run(graphs.save("second"), {
      jobId: "job_2",
      promptId: "11111111-2222-4333-8444-000000000002",
    });
    await driver.finished(attempt);
    assert.ok(driver.types(attempt).includes("executed"));
  });

  test("frames that come twice, of other prompts, or of no sense: each true one is told", async (t) => {
    const { peer, driver } = await startPair(t);
    peer.next("WS executing 2", { kind: "garbage-first" });
    peer.next("WS executed", { kind: "foreign-first" });
    peer.next("WS execution_success", { kind: "foreign-first" });
    const attempt = driver.run(graphs.save());
    assert.equal((await driver.finished(attempt)).status, "success");
    const ids = driver
      .said(attempt)
      .map(({ message }) => (message.kind === "json" ? message.data["prompt_id"] : PROMPT_ID));
    assert.deepEqual([...new Set(ids)], [PROMPT_ID]);
    assert.deepEqual(
      driver.types(attempt).filter((type) => type !== "progress"),
      [
        ...["execution_start", "execution_cached", "executing", "executing", "executing"],
        ...["executed", "execution_success"],
      ],
    );
  });

  test("the end said twice ends the attempt once", async (t) => {
    const { peer, driver } = await startPair(t);
    peer.next("WS execution_success", { kind: "duplicate" });
    peer.next("WS executing null", { kind: "duplicate" });
    const attempt = driver.run(graphs.save());
    await driver.finished(attempt);
    const other = driver.run(graphs.save("u"), {
      jobId: "job_2",
      promptId: "11111111-2222-4333-8444-000000000002",
    });
    await driver.finished(other);
    assert.equal(driver.ends(attempt), 1);
  });

  test("a long silent node is waited for", async (t) => {
    const { peer, driver } = await startPair(t, {}, { silenceMs: 100 });
    const attempt = driver.run(graphs.sleep(2));
    assert.equal((await driver.finished(attempt)).status, "success");
    assert.ok(peer.count("GET /queue") > 2, "it asked meanwhile");
  });

  test("a restart with an empty history loses what ran: gave up, and nothing is submitted again", async (t) => {
    const { peer, driver } = await startPair(t);
    const attempt = driver.run(graphs.sleep(60));
    await until("the sleep", () => (driver.types(attempt).includes("executing") ? true : undefined));
    await peer.restart();
    const failure = await driver.gaveUp(attempt);
    assert.equal(failure.kind, "lost");
    assert.equal(peer.accepted.length, 1);
    await driver.available();
    assert.equal((await driver.finished(driver.run(graphs.save(), { attempt: 2 }))).status, "success");
  });

  test("a restart while the prompt waits: lost, and not submitted again by itself", async (t) => {
    const { peer, driver } = await startPair(t);
    peer.addForeign("99999999-0000-4000-8000-000000000001");
    const attempt = driver.run(graphs.save());
    await until("the submit", () => peer.accepted[0]);
    await peer.restart();
    assert.equal((await driver.gaveUp(attempt)).kind, "lost");
    assert.equal(peer.accepted.length, 1);
  });

  test("a ComfyUI that dies and stays away: lost after its time", async (t) => {
    const { peer, driver } = await startPair(t, {}, { lostMs: 1_500 });
    const attempt = driver.run(graphs.sleep(60));
    await until("the run", () => peer.accepted[0]);
    await peer.die();
    assert.equal((await driver.gaveUp(attempt)).kind, "lost");
    assert.equal(driver.states.at(-1)?.isAvailable, false);
  });

  test("history that comes late, half or as a 500 is asked for again", async (t) => {
    const { peer, driver } = await startPair(t, { lateHistoryMs: 600 });
    peer.next("GET /history/{id}", { kind: "status", status: 500 });
    peer.next("GET /history/{id}", { kind: "half-answer" });
    peer.next("GET /history/{id}", { kind: "reset" });
    assert.equal((await driver.finished(driver.run(graphs.save()))).status, "success");
    assert.equal(peer.accepted.length, 1);
  });

  test("a queue that answers 500, half and nothing while the socket is gone: the result comes all the same", async (t) => {
    const { peer, driver } = await startPair(t);
    const hold = peer.hold("WS executing 2");
    const attempt = driver.run(graphs.save());
    await hold.reached;
    peer.next("GET /queue", { kind: "status", status: 500 });
    peer.next("GET /queue", { kind: "half-answer" });
    peer.next("GET /queue", { kind: "hang" });
    peer.next("GET /ws", { kind: "status", status: 503 }, 2);
    peer.dropSockets();
    hold.release();
    assert.equal((await driver.finished(attempt)).status, "success");
  });

  test("a hanging ComfyUI that recovers: the run is taken up again", async (t) => {
    const { peer, driver } = await startPair(t, {}, { lostMs: 20_000 });
    const attempt = driver.run(graphs.sleep(1));
    await until("the run", () => peer.accepted[0]);
    peer.stall(3_000);
    assert.equal((await driver.finished(attempt)).status, "success");
    assert.equal(peer.accepted.length, 1);
  });

  test("previews of an older version come one by one with their progress, and name their node", async (t) => {
    const { peer, driver } = await startPair(t, { version: "0.19", previewMetadata: false });
    const attempt = driver.run(graphs.previews());
    await driver.finished(attempt);
    const client = String(peer.accepted[0]?.extraData["client_id"]);
    assert.deepEqual(framesOf(driver, attempt, false), runFrames(peer.meantFor(client)));
    const previews = driver
      .said(attempt)
      .flatMap(({ message }) => (message.kind === "progress" && message.preview ? [message.preview] : []));
    assert.deepEqual(
      previews.map(({ nodeId, format }) => [nodeId, format]),
      [
        ["2", "png"],
        ["2", "png"],
      ],
    );
  });

  test("an unknown message of a node pack is passed on, in its place", async (t) => {
    const { peer, driver } = await startPair(t);
    const hold = peer.hold("WS executing 2");
    const attempt = driver.run(graphs.save());
    await hold.reached;
    peer.say(`{"type": "my_pack.said", "data": {"prompt_id": "${PROMPT_ID}", "much": 1.0}}`);
    hold.release();
    await driver.finished(attempt);
    const frame = framesOf(driver, attempt).find((text) => text.includes("my_pack"));
    assert.equal(frame, `{"type": "my_pack.said", "data": {"prompt_id": "${PROMPT_ID}", "much": 1.0}}`);
  });
});
