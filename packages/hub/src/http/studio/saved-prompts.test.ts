import assert from "node:assert/strict";
import { test } from "node:test";
import { startRunner } from "./run-test-server.ts";

const PATH = "/api/admin/saved-prompts";

test("a prompt is saved, changed, listed and removed", async (t) => {
  const { ask, store } = await startRunner(t);
  assert.deepEqual((await ask("GET", PATH)).body, []);
  const made = await ask("POST", PATH, { name: "Lighthouse", text: "a lighthouse", tags: ["sea"], other: 1 });
  assert.equal(made.status, 200, made.text);
  const id = String(made.body["id"]);
  assert.deepEqual(
    [
      made.body["text"],
      made.body["negative"],
      made.body["tags"],
      made.body["workflow_id"],
      made.body["other"],
    ],
    ["a lighthouse", "", ["sea"], null, undefined],
  );
  assert.match(String(made.body["created_at"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  const changed = await ask("PUT", `${PATH}/${id}`, { negative: "people" });
  assert.deepEqual([changed.body["name"], changed.body["negative"]], ["Lighthouse", "people"]);
  assert.deepEqual((await ask("GET", PATH)).body, [changed.body]);
  assert.equal((await store.documents.list("saved_prompts")).length, 1);
  assert.equal((await ask("DELETE", `${PATH}/${id}`)).status, 200);
  assert.equal((await ask("GET", `${PATH}/${id}`)).status, 404);
  assert.match(String((await ask("POST", PATH, { name: "" })).body["detail"]), /text/);
});

test("saved prompts belong to who saved them", async (t) => {
  const { ask } = await startRunner(t);
  const made = await ask("POST", PATH, { name: "Mine", text: "x" }, "runner");
  const one = `${PATH}/${String(made.body["id"])}`;
  assert.deepEqual((await ask("GET", PATH, undefined, "other")).body, []);
  for (const [method, body] of [["GET"], ["PUT", { name: "Yours" }], ["DELETE"]] as const) {
    assert.equal((await ask(method, one, body, "other")).status, 404);
  }
  assert.equal((await ask("GET", PATH)).body.length, 1, "admin sees all");
  assert.equal((await ask("POST", PATH, { name: "a", text: "b" }, "reader")).status, 403);
  assert.equal((await ask("GET", PATH, undefined, "")).status, 401);
});
