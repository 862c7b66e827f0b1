/** What every operation does before it looks at a request: it keeps out pages of other sites, and who has no key. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { request } from "../conformance/client.ts";
import { placesOf } from "./session.ts";
import { CONTRACT_KEY, type Shared } from "./servers.ts";

export function testGuard(shared: Shared): void {
  test("no operation answers a page of another site, or a stranger without the key", async () => {
    const { main } = shared();
    for (const operation of main.findings.own.described) {
      const isOpen = JSON.stringify(operation.object["security"]) === "[]";
      for (const place of placesOf(operation)) {
        const target = place.replaceAll(/\{\w+\}/g, "x");
        const ask = (headers: Record<string, string>) =>
          request(main.server.url, {
            method: operation.method,
            path: target,
            headers,
            body: Buffer.from("{}"),
          });
        const name = `${operation.method} ${target}`;
        assert.equal((await ask({ "Sec-Fetch-Site": "cross-site" })).status, 403, name);
        const stranger = { "X-Forwarded-For": "203.0.113.7" };
        const { status } = await ask(stranger);
        assert.equal(status === 401, !isOpen, `${name} without the key: ${status}`);
      }
    }
    const stranger = { "X-Forwarded-For": "203.0.113.7" };
    for (const headers of [
      { "X-API-Key": CONTRACT_KEY },
      { Authorization: `Bearer ${CONTRACT_KEY}` },
      { Authorization: `Basic ${Buffer.from(`me:${CONTRACT_KEY}`).toString("base64")}` },
    ]) {
      await main.call("getQueueCount", 200, { headers: { ...stranger, ...headers } });
    }
    await main.call("getQueueCount", 200, { headers: stranger, query: { token: CONTRACT_KEY } });
  });
}
