/**
 * The contract: every operation is called at real servers, with what it takes and what it refuses, and every answer is
 * held against our own description and against the published one.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { TABLE } from "../../packages/hub/src/http/openapi/index.ts";
import { testAgreement } from "./agreement.ts";
import { testAssets } from "./cases-assets.ts";
import { testFiles } from "./cases-files.ts";
import { testGuard } from "./cases-guard.ts";
import { testMessages } from "./cases-messages.ts";
import { testPrompts } from "./cases-prompts.ts";
import { testUsers } from "./cases-users.ts";
import { testCoverage } from "./coverage.ts";
import { type Servers, startServers, stopServers } from "./servers.ts";

let servers: Servers | undefined;
before(async () => {
  servers = await startServers();
});
after(async () => {
  if (servers !== undefined) await stopServers(servers);
});

function shared(): Servers {
  assert.ok(servers !== undefined, "the servers did not start");
  return servers;
}

/** Studio and Control: contracts of their own, whose tests lie elsewhere. They are served, and not described yet. */
const OTHER_CONTRACTS = /^\/(v1|api\/(admin|run|comfyui))\//;

test("the description is whole: each operation has a row, and each row its operation", (t) => {
  const { own } = shared().findings;
  const undescribed = own.operations.filter((operation) => !own.described.includes(operation));
  const others = undescribed.filter(({ path }) => OTHER_CONTRACTS.test(path));
  t.diagnostic(
    `${new Set(others.map(({ path }) => path)).size} paths of Studio and Control are not described`,
  );
  assert.deepEqual(
    undescribed.filter((operation) => !others.includes(operation)).map(({ id }) => id),
    [],
  );
  const ids = new Set(own.described.map(({ id }) => id));
  assert.deepEqual(
    TABLE.filter(({ id, unlisted }) => unlisted === undefined && !ids.has(id)).map(({ id }) => id),
    [],
    "described, and not served",
  );
});

testPrompts(shared);
testFiles(shared);
testUsers(shared);
testAssets(shared);
testMessages(shared);
testAgreement(shared);
testGuard(shared);
testCoverage(shared);
