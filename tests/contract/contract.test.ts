/**
 * The contract: every operation is called at real servers, with what it takes and what it refuses, and every answer is
 * held against our own description and against the published one.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { OpenApiDocument } from "../../packages/hub/src/http/openapi/document.ts";
import { TABLE } from "../../packages/hub/src/http/openapi/table/index.ts";
import { testAgreement } from "./agreement.ts";
import { testAssets } from "./cases-assets.ts";
import { testFiles } from "./cases-files.ts";
import { testGuard } from "./cases-guard.ts";
import { testMessages } from "./cases-messages.ts";
import { testPrompts } from "./cases-prompts.ts";
import { testUsers } from "./cases-users.ts";
import { Contract } from "./contract.ts";
import { testCoverage } from "./coverage.ts";
import { type Servers, startServers, stopServers } from "./servers.ts";

let servers: Servers | undefined;
before(async () => {
  servers = await startServers();
  const document = await servers.main.server.json<OpenApiDocument>("/openapi.json");
  const paths = Object.entries(document.paths).filter(([path]) => !OTHER_CONTRACTS.test(path));
  comfy = new Contract({ ...document, paths: Object.fromEntries(paths) });
});
after(async () => {
  if (servers !== undefined) await stopServers(servers);
});

function shared(): Servers {
  assert.ok(servers !== undefined, "the servers did not start");
  return servers;
}

/** Studio and Control: their operations are provoked beside their routes. Here they are described and guarded. */
const OTHER_CONTRACTS = /^\/(v1|api\/(admin|run|comfyui))\//;
let comfy: Contract | undefined;

/** The same servers, with a description of nothing but what is to be provoked here. */
function provoked(): Servers {
  assert.ok(comfy !== undefined, "the servers did not start");
  const servers = shared();
  return { ...servers, findings: { ...servers.findings, own: comfy } };
}

test("the description is whole: each operation has a row, and each row its operation", () => {
  const { own } = shared().findings;
  assert.deepEqual(
    own.operations.filter((operation) => !own.described.includes(operation)).map(({ id }) => id),
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
testCoverage(provoked);
