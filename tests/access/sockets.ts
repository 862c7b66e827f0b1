/** Sockets have no row in `/openapi.json` beyond the request that opens them: who may open which, and what is told there. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { WebSocket } from "ws";
import { picture } from "../control/support.ts";
import { type TestServer, until } from "../support/server.ts";
import { FROM_ELSEWHERE } from "./client.ts";
import { ask, type Keys } from "./things.ts";

export function testSockets(world: () => { readonly server: TestServer; readonly keys: Keys }): void {
  function socketTo(path: string, options: { key?: string; token?: string; elsewhere?: boolean }): WebSocket {
    const query = options.token === undefined ? "" : `?token=${options.token}`;
    return new WebSocket(`${world().server.url.replace("http", "ws")}${path}${query}`, {
      headers: {
        ...(options.elsewhere === true ? FROM_ELSEWHERE : {}),
        ...(options.key === undefined ? {} : { "x-api-key": options.key }),
      },
    });
  }

  /** `open`, or how the server refuses: the status of its answer, or the code that closes the socket. */
  async function outcomeOf(socket: WebSocket): Promise<string | number> {
    const { promise, resolve } = Promise.withResolvers<string | number>();
    socket.on("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
    socket.on("close", (code) => resolve(code));
    socket.on("error", () => resolve("error"));
    socket.on("message", () => resolve("open"));
    try {
      return await promise;
    } finally {
      socket.terminate();
    }
  }

  test("GET /ws: open here, and from elsewhere with a key that may read", async () => {
    for (const path of ["/ws", "/api/ws"]) {
      assert.equal(await outcomeOf(socketTo(path, {})), "open");
      assert.equal(await outcomeOf(socketTo(path, { elsewhere: true })), 401);
      assert.equal(await outcomeOf(socketTo(path, { elsewhere: true, key: "wrong" })), 401);
      assert.equal(await outcomeOf(socketTo(path, { elsewhere: true, key: world().keys.read })), "open");
      assert.equal(await outcomeOf(socketTo(path, { elsewhere: true, token: world().keys.read })), "open");
    }
  });

  test("GET /api/run/ws: wants a key that may read from everybody", async () => {
    for (const elsewhere of [false, true]) {
      assert.equal(await outcomeOf(socketTo("/api/run/ws", { elsewhere })), 4001);
      assert.equal(await outcomeOf(socketTo("/api/run/ws", { elsewhere, key: "wrong" })), 4001);
      const socket = socketTo("/api/run/ws", { elsewhere, token: world().keys.read });
      await once(socket, "open");
      socket.terminate();
    }
  });

  test("GET /api/run/ws: the key of another owner hears nothing of a job", async () => {
    const heard = { owner: "", other: "", admin: "" };
    const sockets = (["owner", "other", "admin"] as const).map((name) => {
      const socket = socketTo("/api/run/ws", { token: world().keys[name] });
      socket.on("message", (data: Buffer) => (heard[name] += data.toString()));
      return socket;
    });
    await Promise.all(sockets.map((socket) => once(socket, "open")));
    const queue = async (key: string): Promise<string> =>
      (await ask<{ prompt_id: string }>(world().server, key, "POST", "/prompt", { prompt: picture() }))
        .prompt_id;
    const owners = await queue(world().keys.owner);
    // Events come in order: who hears of this one has heard of all before it.
    const others = await queue(world().keys.other);
    await until("both to be heard", () =>
      heard.owner.includes(owners) && heard.other.includes(others) && heard.admin.includes(others)
        ? true
        : undefined,
    );
    for (const socket of sockets) socket.terminate();
    assert.ok(heard.admin.includes(owners));
    assert.ok(!heard.other.includes(owners), "another's job is told");
    assert.ok(!heard.owner.includes(others), "another's job is told");
  });
}
