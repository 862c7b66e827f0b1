/** Files: inputs are there before the prompt, outputs before anybody hears of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@hearth/protocol";
import { graphs, type Pair, startPair } from "./driver.ts";
import { colorPng } from "./peer/picture.ts";

const RED = colorPng(4, 4, 0xff0000);
const BLUE = colorPng(4, 4, 0x0000ff);

/** Runs a prompt that loads this input; gives the name that the submitted prompt had. */
async function load(
  { driver, peer, hub }: Pair,
  job: number,
  name: string,
  content: Buffer,
): Promise<unknown> {
  const files = [hub.add(name, content)];
  const promptId = `11111111-2222-4333-8444-00000000000${job}`;
  const result = await driver.finished(
    driver.run(graphs.load(name), { jobId: `job_${job}`, promptId, files }),
  );
  assert.equal(result.status, "success");
  const node = peer.accepted.at(-1)?.prompt["1"] as JsonObject;
  return (node["inputs"] as JsonObject)["image"];
}

test("an input is uploaded once, and again when its content is another", async (t) => {
  const pair = await startPair(t);
  assert.equal(await load(pair, 1, "a.png", RED), "a.png");
  assert.deepEqual(pair.peer.files.get("input", "", "a.png")?.bytes, RED);
  assert.equal(await load(pair, 2, "a.png", RED), "a.png");
  assert.equal(pair.peer.count("POST /upload/image"), 1, "an unchanged file is not sent again");
  const third = await load(pair, 3, "a.png", BLUE);
  assert.deepEqual(pair.peer.files.get("input", "", String(third))?.bytes, BLUE);
  assert.deepEqual(pair.peer.files.get("input", "", "a.png")?.bytes, RED, "nothing is overwritten");
});

test("a name that is taken there: the prompt names what the file became", async (t) => {
  const pair = await startPair(t);
  pair.peer.files.put("input", "", "a.png", BLUE);
  assert.equal(await load(pair, 1, "a.png", RED), "a (1).png");
  assert.deepEqual(pair.peer.files.get("input", "", "a.png")?.bytes, BLUE);
});

test("a file that vanished there is brought again", async (t) => {
  const pair = await startPair(t);
  await load(pair, 1, "a.png", RED);
  pair.peer.files.remove("input", "", "a.png");
  await load(pair, 2, "a.png", RED);
  assert.equal(pair.peer.count("POST /upload/image"), 2);
});

test("a file that somebody replaced there is not taken for ours", async (t) => {
  const pair = await startPair(t);
  await load(pair, 1, "a.png", RED);
  pair.peer.files.put("input", "", "a.png", BLUE);
  const name = await load(pair, 2, "a.png", RED);
  assert.deepEqual(pair.peer.files.get("input", "", String(name))?.bytes, RED);
});

test("sub-folders and names with spaces and letters of other scripts", async (t) => {
  const pair = await startPair(t);
  const name = "sub/ein Bild ü.png";
  assert.equal(await load(pair, 1, name, RED), name);
  assert.deepEqual(pair.peer.files.get("input", "sub", "ein Bild ü.png")?.bytes, RED);
});

test("an upload that fails is tried again; one that always fails says so", async (t) => {
  const pair = await startPair(t);
  pair.peer.next("POST /upload/image", { kind: "reset" });
  pair.peer.next("POST /upload/image", { kind: "status", status: 500 });
  await load(pair, 1, "a.png", RED);
  pair.peer.always("POST /upload/image", { kind: "status", status: 413 });
  const files = [pair.hub.add("b.png", BLUE)];
  const failure = await pair.driver.gaveUp(pair.driver.run(graphs.load("b.png"), { jobId: "job_2", files }));
  assert.equal(failure.kind, "files");
  assert.match(failure.text, /b\.png/);
  assert.equal(pair.peer.accepted.length, 1, "it is not submitted without its input");
});

test("outputs are there before `executed` is told", async (t) => {
  const { driver, hub, peer } = await startPair(t);
  peer.next("GET /view", { kind: "late", ms: 300 });
  const attempt = driver.run(graphs.save());
  await driver.finished(attempt);
  const executed = driver
    .said(attempt)
    .find(({ message }) => message.kind === "json" && message.type === "executed");
  assert.deepEqual(executed?.filesThen, ["output//t_00001_.png"]);
  assert.deepEqual(
    hub.outputs.get("output//t_00001_.png"),
    peer.files.get("output", "", "t_00001_.png")?.bytes,
  );
  assert.deepEqual(
    driver.types(attempt).filter((type) => type !== "progress"),
    [
      ...["execution_start", "execution_cached", "executing", "executing", "executing"],
      ...["executed", "execution_success"],
    ],
    "the order stays",
  );
});

test("temp files are brought too", async (t) => {
  const { driver, hub } = await startPair(t);
  await driver.finished(driver.run(graphs.sleep(0)));
  assert.equal([...hub.outputs.keys()].filter((name) => name.startsWith("temp/")).length, 1);
});

test("a name that is taken in the hub: message and result name what the file became", async (t) => {
  const { driver, hub } = await startPair(t);
  hub.taken.add("t_00001_.png");
  const attempt = driver.run(graphs.save());
  const result = await driver.finished(attempt);
  const images = [{ filename: "t_00001_ (1).png", subfolder: "", type: "output" }];
  assert.deepEqual(result.outputs["3"], { images });
  const executed = driver
    .said(attempt)
    .find(({ message }) => message.kind === "json" && message.type === "executed")?.message;
  assert.deepEqual(executed?.kind === "json" && executed.data["output"], { images });
});

test("a pull that breaks off, fails or is reset is made again: the file is whole", async (t) => {
  const { driver, hub, peer } = await startPair(t);
  peer.next("GET /view", { kind: "half-answer" });
  peer.next("GET /view", { kind: "status", status: 500 });
  peer.next("GET /view", { kind: "reset" });
  assert.equal((await driver.finished(driver.run(graphs.save()))).status, "success");
  assert.deepEqual(
    hub.outputs.get("output//t_00001_.png"),
    peer.files.get("output", "", "t_00001_.png")?.bytes,
  );
});

test("an output that the hub cannot keep: the attempt says so, and is not a success", async (t) => {
  const { driver, hub } = await startPair(t);
  hub.problem = "ENOSPC: no space left on device";
  const failure = await driver.gaveUp(driver.run(graphs.save()));
  assert.equal(failure.kind, "files");
  assert.match(failure.text, /t_00001_\.png.*ENOSPC|ENOSPC.*t_00001_\.png/);
});
