import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { temporaryFolders } from "../http/test-server.ts";
import { UserNameError, Users } from "./users.ts";

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}";

test("ids come from names, and names are told apart", async (t) => {
  const { user } = temporaryFolders(t);
  const users = new Users(user, true);
  assert.match(await users.add("bob x!"), new RegExp(`^bob-x-_${UUID}$`));
  assert.match(await users.add("  Größe/../x\u0000 "), new RegExp(`^Gr-e-x-_${UUID}$`));
  for (const [name, problem] of [
    ["bob x!", "Duplicate username."],
    [" bob x! ", "Duplicate username."],
    ["", "username not provided"],
    [" \t", "username not provided"],
    ["__sys", "System User prefix not allowed"],
    ["x".repeat(129), "username is too long: at most 128 characters"],
  ] as const) {
    await assert.rejects(users.add(name), new UserNameError(problem), name);
  }
  const file = JSON.parse(readFileSync(path.join(user, "users.json"), "utf8")) as Record<string, string>;
  assert.deepEqual(Object.values(file), ["bob x!", "Größe/../x\u0000"]);
  assert.deepEqual([...users.names()], Object.entries(file));
  // Two at once: one gets the name.
  const both = await Promise.allSettled([users.add("amy"), new Users(user, true).add("amy")]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
});

test("what another process writes is seen; ids that lead out are nobody's", async (t) => {
  const { user } = temporaryFolders(t);
  const users = new Users(user, true);
  assert.equal(users.has("default"), false);
  writeFileSync(path.join(user, "users.json"), '{"default": "default", "..": "up", "__x": "x", "a/b": "ab"}');
  assert.equal(users.has("default"), true);
  for (const id of ["..", ".", "", "__x", "a/b", "a\\b", "a\0b"]) {
    assert.equal(users.has(id), false, id);
    assert.throws(() => users.folderOf(id), RangeError);
  }
  rmSync(user, { recursive: true });
  mkdirSync(user);
  assert.equal(users.has("default"), false);
  writeFileSync(path.join(user, "users.json"), "[1]");
  assert.throws(() => users.names(), /users\.json cannot be used: it is not an object/);
});

test("a server for one user has the default one from the start", async (t) => {
  const users = new Users(temporaryFolders(t).user, false);
  assert.deepEqual([...users.names()], [["default", "default"]]);
  await assert.rejects(users.add("default"), /Duplicate/);
  await users.add("eve");
  assert.deepEqual([...users.names().values()], ["default", "eve"]);
});
