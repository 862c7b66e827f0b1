/** Pages of other sites, and names that were made to resolve to this machine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GoldenSocket } from "../conformance/socket.ts";
import { ask, form, type Shared } from "./hostile.ts";

const EVIL = "evil.example";

export function testPages(shared: Shared): void {
  test("what a foreign page posts is refused and has no effect", async () => {
    const server = shared();
    const before = await server.json<Record<string, unknown>>("/history");
    const posts: [string, Record<string, string>, string | Buffer][] = [
      ...["/prompt", "/queue", "/interrupt", "/free", "/history"].map(
        (target): [string, Record<string, string>, string] => [
          target,
          { "Content-Type": "text/plain" },
          '{"clear": true}',
        ],
      ),
      (({ headers, body }) => ["/upload/image", headers, body] as [string, Record<string, string>, Buffer])(
        form([{ name: "image", filename: "foreign.png", content: "x" }]),
      ),
    ];
    for (const [target, headers, body] of posts) {
      for (const route of [target, `/api${target}`]) {
        const status = async (more: Record<string, string>): Promise<number> =>
          (await ask(server, "POST", route, { ...headers, ...more }, body)).status;
        assert.equal(await status({ Origin: `http://${EVIL}` }), 403, route);
        assert.equal(await status({ Origin: `http://127.0.0.1:${server.port + 1}` }), 403, route);
        assert.equal(await status({ "Sec-Fetch-Site": "cross-site" }), 403, route);
        // The name was rebound to 127.0.0.1: same-origin, as the browser sees it.
        const rebound = `${EVIL}:${server.port}`;
        assert.equal(await status({ Host: rebound, Origin: `http://${rebound}` }), 401, route);
        assert.equal(await status({ Host: rebound }), 401, route);
        assert.equal(await status({ Host: `127.0.0.1.${EVIL}:${server.port}` }), 401, route);
        assert.equal(await status({ Host: `localhost.${EVIL}` }), 401, route);
      }
    }
    assert.deepEqual(await server.json("/history"), before);
    assert.equal((await ask(server, "GET", "/view?type=input&filename=foreign.png")).status, 404);
  });

  test("a foreign page gets no socket", async () => {
    const server = shared();
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await GoldenSocket.connect(server.url, "/ws", headers)).status;
    assert.equal(await status({ Origin: `http://${EVIL}` }), 403);
    assert.equal(await status({ "Sec-Fetch-Site": "cross-site" }), 403);
    const rebound = await ask(server, "GET", "/ws", {
      Host: `${EVIL}:${server.port}`,
      Origin: `http://${EVIL}:${server.port}`,
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    });
    assert.equal(rebound.status, 401);
  });

  test("a rebound name reads nothing", async () => {
    const server = shared();
    for (const target of ["/history", "/queue", "/system_stats", "/view?type=input&filename=text.png"]) {
      assert.equal(
        (await ask(server, "GET", target, { Host: `${EVIL}:${server.port}` })).status,
        401,
        target,
      );
    }
  });
}
