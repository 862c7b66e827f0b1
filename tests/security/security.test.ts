/** Hostile clients against one started server: each gets the answer that it should, and the server goes on as before. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { TestServer, until } from "../support/server.ts";
import { testBodies } from "./bodies.ts";
import { heldMemory, INSPECTOR_OPTION, postPrompt } from "./hostile.ts";
import { testPages } from "./pages.ts";
import { testEveryPath } from "./every-path.ts";
import { plantSecrets, testEndlessLink, testPaths } from "./paths.ts";
import { testPictures } from "./pictures.ts";
import { testSockets } from "./sockets.ts";

const MAX_GROWTH = 150 * 1024 * 1024;

let server: TestServer;
let hub: number;
let memory: number;

before(async () => {
  process.env["NODE_OPTIONS"] = `${process.env["NODE_OPTIONS"] ?? ""} ${INSPECTOR_OPTION}`;
  // glibc else raises this bound by itself and keeps freed buffers of megabytes, which would count as held.
  process.env["MALLOC_MMAP_THRESHOLD_"] = "131072";
  server = await TestServer.start();
  await until("the first worker", () => server.ids().worker);
  plantSecrets(server);
  await runsWell();
  hub = server.ids().hub;
  memory = await heldMemory(server);
});
after(() => server.stop());

/** An honest prompt still comes through. */
async function runsWell(): Promise<void> {
  const id = randomUUID();
  const prompt = {
    "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color: 0 } },
    "2": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
  };
  assert.equal((await postPrompt(server, JSON.stringify({ prompt, prompt_id: id }))).status, 200);
  const entry = await until("the end of an honest prompt", async () => {
    type Entries = Record<string, { status: { status_str: string } }>;
    return (await server.json<Entries>(`/history/${id}`))[id];
  });
  assert.equal(entry.status.status_str, "success");
}

testBodies(() => server);
testPictures(() => server);
testPaths(() => server);
testEveryPath(() => server);
testPages(() => server);
testSockets(() => server);

test("afterwards the same hub answers, works, and holds no more memory than it should", async (t) => {
  assert.equal(await server.answers(), true);
  assert.equal(server.ids().hub, hub, "the hub did not die");
  await runsWell();
  let grown = Number.NaN;
  await until(
    "the hub's memory to go back",
    async () => {
      grown = (await heldMemory(server)) - memory;
      return grown < MAX_GROWTH ? true : undefined;
    },
    10_000,
  ).finally(() => t.diagnostic(`the hub grew by ${Math.round(grown / 1e6)} MB`));
  assert.doesNotMatch(server.output, /request failed/, "no answer was 500");
});

testEndlessLink(() => server);
