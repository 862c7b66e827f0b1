import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { alive, kill, type TestServer, until } from "../support/server.ts";
import { ANSWER_MS, type Finding, fuzz, loggedFailures } from "./fuzz.ts";
import { readKnown } from "./known.ts";
import { send } from "./send.ts";
import { startFuzzed } from "./start.ts";

const REQUESTS = 3_000;
const SEED = 20_261;

let server: TestServer;
before(async () => {
  server = await startFuzzed();
});
after(() => server.stop());

function told(findings: readonly Finding[]): string {
  const lines = findings.map(
    ({ seed, index, what, request }) => `--seed ${seed} --only ${index}: ${what}\n  ${request}`,
  );
  return lines.slice(0, 20).join("\n");
}

test(`${REQUESTS} made-up requests are all answered, and take nothing with them`, async (t) => {
  const { findings, statuses, grown } = await fuzz(server, { seed: SEED, requests: REQUESTS });
  t.diagnostic([...statuses].map(([status, count]) => `${status}×${count}`).join(" "));
  t.diagnostic(`the hub grew by ${Math.round(grown / 1e6)} MB`);
  const failures = statuses.get(500) ?? 0;
  assert.ok(loggedFailures(server) >= failures, `${failures} answers 500, and fewer causes in the log`);
  assert.equal(told(findings), "");
  // Else the requests are too wild to reach anything.
  for (const status of [200, 400, 404]) assert.ok((statuses.get(status) ?? 0) > 50, `few answers ${status}`);
});

for (const request of readKnown()) {
  test(`once found, and not again: ${request.found}`, async () => {
    const { hub } = server.ids();
    const outcome = await send(server.port, request, ANSWER_MS);
    assert.notEqual(outcome.kind, "hung");
    if (outcome.kind === "answer") assert.ok(outcome.head.status < 500, `status ${outcome.head.status}`);
    assert.equal(await server.answers(), true);
    assert.ok(alive(hub), server.output.slice(-2000));
  });
}

test("afterwards the server ends when it is asked to", async () => {
  const { hub } = server.ids();
  const ended = server.terminate();
  try {
    await until("the end of the hub", () => (alive(hub) ? undefined : true), 30_000);
  } catch (error) {
    kill(hub);
    throw error;
  } finally {
    await ended;
  }
});
