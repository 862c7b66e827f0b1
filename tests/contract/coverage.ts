/** Nothing was left out: each operation was called, each status provoked, each waiver needed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Shared } from "./servers.ts";

/** Statuses that a test cannot bring about, or that others bring about; each with the reason. */
const NOT_PROVOKED: Readonly<Record<string, string>> = {
  "uploadFile 507": "a full disk",
  "uploadMask 507": "a full disk",
  "writeUserFile 507": "a full disk",
  "uploadAsset 507": "a full disk",
  "exportAssets 429": "sixteen archives that are not finished",
  "downloadAsset 429": "as many downloads that are not finished",
  "readExport 409": "an archive is finished before anybody can ask for it",
  "readUserFile 400": "a name that the file system refuses for reading too",
  "deleteUserFile 400": "a name that the file system refuses for deleting too",
  "moveUserFile 400": "a name that the file system refuses for moving too",
  "getPage 404": "a front end without a page; tests/contract/boot.test.ts has one with it",
};

/** Refusals that all operations share; `testGuard` provokes them for each. */
const COMMON = new Set([401, 403, 429]);

export function testCoverage(shared: Shared): void {
  test("every described status was given by a server", () => {
    const { own, seenOwn } = shared().findings;
    const missing = own.described.flatMap((operation) =>
      own
        .statuses(operation)
        .filter((status) => !seenOwn.has(`${operation.id} ${status}`))
        .filter((status) => !(COMMON.has(status) && isReference(operation.object, status)))
        .map((status) => `${operation.id} ${status}`),
    );
    assert.deepEqual(
      missing.filter((name) => NOT_PROVOKED[name] === undefined),
      [],
    );
    assert.deepEqual(
      Object.keys(NOT_PROVOKED).filter((name) => seenOwn.has(name)),
      [],
      "provoked after all",
    );
  });

  test("every operation of the published description is served, and gives each of its statuses", (t) => {
    const { seed, seenSeed, waivers, skipped } = shared().findings;
    if (seed === undefined) {
      t.diagnostic(
        `${skipped} answers were not held against the published description: there is no copy of it`,
      );
      return;
    }
    assert.equal(seed.operations.length, 65);
    const missing = seed.operations.flatMap((operation) =>
      seed
        .statuses(operation)
        .filter((status) => !seenSeed.has(`${operation.id} ${status}`))
        .filter((status) => !waivers.covers(operation.id, status, { kind: "never", at: "" }))
        .map((status) => `${operation.id} ${status}`),
    );
    assert.deepEqual(missing, []);
  });

  test("every waiver is needed", () => {
    const { seed, waivers } = shared().findings;
    if (seed === undefined) return;
    assert.deepEqual(waivers.stale(), []);
  });
}

function isReference(object: Record<string, unknown>, status: number): boolean {
  const response = (object["responses"] as Record<string, object>)[status];
  return response !== undefined && "$ref" in response;
}
