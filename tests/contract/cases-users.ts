/** Users, their files and settings; signing in; what monitors ask. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { until } from "../support/server.ts";
import { TOO_LARGE } from "./cases-files.ts";
import { CONTRACT_KEY, type Shared } from "./servers.ts";

export function testUsers(shared: Shared): void {
  test("users of a server for one and for many", async () => {
    const { main, many } = shared();
    for (let round = 0; round < 2; round += 1) {
      assert.deepEqual(Object.keys(await main.json<object>("listUsers", 200)), ["storage", "migrated"]);
      const id = await many.json<string>("addUser", 200, { json: { username: `Ann ${round}` } });
      const { users } = await many.json<{ users: Record<string, string> }>("listUsers", 200);
      assert.equal(users[id], `Ann ${round}`);
      for (const json of [{ username: `Ann ${round}` }, { username: " " }, { username: "__x" }, {}, []]) {
        await many.call("addUser", 400, { json });
      }
      await many.call("addUser", 400, { body: "{" });
    }
  });

  test("settings", async () => {
    const { main, many } = shared();
    for (let round = 0; round < 2; round += 1) {
      await main.call("mergeSettings", 200, { json: { "a.b": [1, null], other: { deep: true } } });
      await main.call("setSetting", 200, { path: { id: "a/c" }, json: "ü" });
      const all = await main.json<Record<string, unknown>>("listSettings", 200);
      assert.deepEqual([all["a.b"], all["a/c"]], [[1, null], "ü"]);
      assert.equal(await main.json("getSetting", 200, { path: { id: "a/c" } }), "ü");
      assert.equal(await main.json("getSetting", 200, { path: { id: "none" } }), null);
      await main.call("mergeSettings", 400, { json: [1] });
      await main.call("mergeSettings", 400, { body: "" });
      await main.call("setSetting", 400, { path: { id: "a" }, body: "no" });
    }
    const headers = { "Comfy-User": "nobody" };
    for (const id of ["listSettings", "getSetting"]) await many.call(id, 401, { path: { id: "x" }, headers });
    for (const id of ["mergeSettings", "setSetting"])
      await many.call(id, 401, { path: { id: "x" }, json: {}, headers });
  });

  test("files of users", async () => {
    const { main, many } = shared();
    const file = { file: "workflows/one.json" };
    for (let round = 0; round < 2; round += 1) {
      assert.equal(await main.json("writeUserFile", 200, { path: file, body: '{"a": 1}' }), file.file);
      await main.call("writeUserFile", 200, { path: file, body: "{}", query: { full_info: "true" } });
      await main.call("writeUserFile", 409, { path: file, body: "{}", query: { overwrite: "false" } });
      await main.call("writeUserFile", 403, { path: { file: "../../x" }, body: "x" });
      await main.call("writeUserFile", 400, { path: { file: `long${"x".repeat(300)}` }, body: "x" });
      await main.call("writeUserFile", 413, { path: file, body: TOO_LARGE });
      for (const query of [
        { dir: "workflows" },
        { dir: "workflows", full_info: "true" },
        { dir: ".", recurse: "true", split: "true" },
      ]) {
        const found = await main.json<unknown[]>("listUserFiles", 200, { query });
        assert.ok(found.length > 0);
      }
      await main.call("listUserFiles", 400);
      await main.call("listUserFiles", 403, { query: { dir: "../.." } });
      await main.call("listUserFiles", 404, { query: { dir: "none" } });
      await main.call("listUserTree", 200);
      await main.call("listUserTree", 200, { query: { path: "workflows" } });
      await main.call("listUserTree", 400, { query: { path: "../.." } });
      await main.call("listUserTree", 404, { query: { path: "none" } });
      const whole = await main.call("readUserFile", 200, { path: file });
      assert.equal(whole.body.toString(), "{}");
      await main.call("readUserFile", 206, { path: file, headers: { Range: "bytes=0-0" } });
      await main.call("readUserFile", 416, { path: file, headers: { Range: "bytes=9-" } });
      await main.call("readUserFile", 304, {
        path: file,
        headers: { "If-None-Match": whole.header("etag") ?? "" },
      });
      await main.call("readUserFile", 404, { path: { file: "none" } });
      await main.call("readUserFile", 403, { path: { file: "../../x" } });
      const dest = { ...file, dest: "workflows/two.json" };
      await main.call("moveUserFile", 200, { path: dest, query: { full_info: "true" } });
      await main.call("moveUserFile", 404, { path: dest });
      await main.call("writeUserFile", 200, { path: file, body: "{}" });
      await main.call("moveUserFile", 409, { path: dest, query: { overwrite: "false" } });
      await main.call("moveUserFile", 403, { path: { ...file, dest: "../../x" } });
      await main.call("moveUserFile", 200, { path: dest });
      await main.call("deleteUserFile", 204, { path: { file: dest.dest } });
      await main.call("deleteUserFile", 404, { path: { file: dest.dest } });
      await main.call("deleteUserFile", 403, { path: { file: "../../x" } });
    }
    const headers = { "Comfy-User": "nobody" };
    const at = { path: { file: "a", dest: "b" }, headers, query: { dir: "." } };
    for (const id of ["listUserFiles", "readUserFile", "deleteUserFile", "moveUserFile"])
      await many.call(id, 401, at);
    await many.call("writeUserFile", 401, { ...at, body: "x" });
    await many.call("listUserTree", 403, { headers });
  });

  test("signing in and out", async () => {
    const { plain } = shared();
    const session = await plain.call("signIn", 200, { json: { api_key: CONTRACT_KEY, next: "/queue" } });
    assert.match(session.header("set-cookie") ?? "", /HttpOnly/);
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    await plain.call("signIn", 303, { body: `api_key=${CONTRACT_KEY}`, headers });
    await plain.call("signIn", 422, { json: {} });
    await plain.call("signIn", 400, { body: "{" });
    await plain.call("signIn", 401, { json: { api_key: "wrong" } });
    await plain.call("signOut", 302);
    await plain.call("getSignInPage", 200);
    await until("wrong keys to be throttled", async () => {
      const { response } = await plain.send("signIn", { json: { api_key: "wrong" } });
      return response.status === 429 ? true : undefined;
    });
  });

  test("what monitors and programs ask", async () => {
    const { plain } = shared();
    await plain.call("getHealth", 200);
    await until("a server that is ready", async () => {
      const { response } = await plain.send("getReadiness");
      return response.status === 200 ? true : undefined;
    });
    await plain.call("getMetrics", 200);
    await plain.call("getDescription", 200);
    await plain.call("getReference", 200);
    const { worker } = plain.server.ids();
    assert.ok(worker !== undefined);
    process.kill(worker, "SIGSTOP");
    process.kill(worker, "SIGKILL");
    await until("a server that is not ready", async () => {
      const { response } = await plain.send("getReadiness");
      return response.status === 503 ? true : undefined;
    });
    await until("another worker", async () => {
      const { response } = await plain.send("getReadiness");
      return response.status === 200 ? true : undefined;
    });
  });

  test("folders that went away are said to be away", async () => {
    const { plain } = shared();
    rmSync(path.join(plain.server.base, "temp"), { recursive: true });
    await plain.call("listFiles", 404, { path: { directory_type: "temp" } });
    await plain.call("listUserTree", 200);
  });
}
