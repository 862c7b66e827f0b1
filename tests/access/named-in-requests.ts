/** Things of another owner that are named in a body or a query beside what the operation is about. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { form, picture } from "../control/support.ts";
import type { TestServer } from "../support/server.ts";
import { ask, type Keys, type Things } from "./things.ts";

interface World {
  readonly server: TestServer;
  readonly keys: Keys;
  readonly things: Things;
}

export function testNamedInRequests(world: () => World): void {
  const asOther = (method: string, route: string, body?: object): Promise<Response> => {
    const { server, keys } = world();
    const text = body === undefined || body instanceof FormData ? body : JSON.stringify(body);
    return fetch(server.url + route, {
      method,
      headers: { "x-api-key": keys.other },
      ...(text === undefined ? {} : { body: text }),
    });
  };
  const queue = async (key: string): Promise<string> =>
    (await ask<{ prompt_id: string }>(world().server, key, "POST", "/prompt", { prompt: picture() }))
      .prompt_id;
  const ownerSees = async (): Promise<string> =>
    JSON.stringify(await ask(world().server, world().keys.owner, "GET", "/api/jobs"));

  test("an owner that is named in a query or body is not believed", async () => {
    const { id: owner } = await ask<{ id: string }>(world().server, world().keys.owner, "GET", "/v1/user");
    const listed = await asOther("GET", `/api/admin/history?owner=${encodeURIComponent(owner)}`);
    assert.deepEqual([listed.status, await listed.json()], [200, []]);
    assert.equal((await asOther("POST", "/api/admin/queue/cancel", { owner })).status, 403);
  });

  test("a place in the queue beside another's job is no place", async () => {
    const theirs = await queue(world().keys.owner);
    const own = await queue(world().keys.other);
    for (const place of [{ before: theirs }, { after: theirs }]) {
      assert.equal((await asOther("PATCH", `/api/admin/queue/${own}`, place)).status, 404);
    }
  });

  test("all of the jobs are all of one's own", async () => {
    await queue(world().keys.owner);
    const before = await ownerSees();
    for (const [route, body] of [
      ["/api/admin/queue/cancel", { all: true }],
      ["/api/queue", { clear: true }],
      ["/api/history", { clear: true }],
    ] as const) {
      const own = await queue(world().keys.other);
      assert.equal((await asOther("POST", route, body)).status, 200, route);
      if (route !== "/api/history") {
        const { status } = (await (await asOther("GET", `/api/jobs/${own}`)).json()) as { status: string };
        assert.notEqual(status, "pending", `${route} did not take the own job`);
      }
      assert.equal(await ownerSees(), before, route);
    }
  });

  test("a workflow is not made from another's template", async () => {
    const { server, keys } = world();
    const body = { blob: new Blob([JSON.stringify(picture())]), filename: "workflow.json" };
    const fields = form({ name: "secret", description: "of its owner", body });
    const { id } = await ask<{ id: string }>(server, keys.owner, "POST", "/v1/template", fields);
    const made = await asOther("POST", "/v1/workflow", form({ name: "copy", template_id: id }));
    assert.equal(made.status, 404);
  });

  test("the id of another's active job is not to be taken, and tells nothing of it", async () => {
    const { server, keys } = world();
    const prompt = picture({ prefix: "taken" });
    const { prompt_id } = await ask<{ prompt_id: string }>(server, keys.owner, "POST", "/prompt", { prompt });
    const before = await ownerSees();
    const other = await asOther("POST", "/prompt", { prompt: picture({ prefix: "thief" }), prompt_id });
    assert.ok(other.status >= 400, `${other.status}`);
    assert.equal(await ownerSees(), before);
    assert.equal((await asOther("GET", `/api/jobs/${prompt_id}`)).status, 404);
  });
}
