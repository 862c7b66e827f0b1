import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { objectFrom, printJson } from "@hearth/protocol";
import { temporaryFolders } from "../http/test-server.ts";
import { Settings } from "./settings.ts";
import { Users } from "./users.ts";

const url = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);

test("members are merged one level deep, in their order, and kept exactly", async (t) => {
  const users = new Users(temporaryFolders(t).user, false);
  const settings = new Settings(users);
  assert.deepEqual(await settings.read("default"), {});
  await settings.merge("default", { z: 2n ** 64n, deep: { a: 1 } });
  await settings.merge(
    "default",
    objectFrom([
      ["7", null],
      ["deep", { b: 2 }],
      ["__proto__", "kept"],
    ]),
  );
  const all = await settings.read("default");
  assert.equal(
    printJson(all),
    '{"z": 18446744073709551616, "deep": {"b": 2}, "7": null, "__proto__": "kept"}',
  );
  assert.equal(await settings.get("default", "__proto__"), "kept");
  assert.equal(await settings.get("default", "toString"), null);
  const file = path.join(users.folderOf("default"), "comfy.settings.json");
  assert.match(readFileSync(file, "utf8"), /^\{\n {4}"z": 18446744073709551616,\n/);
  assert.deepEqual(readdirSync(path.dirname(file)), ["comfy.settings.json"]);
});

test("writes of two processes at the same time lose nothing", { timeout: 60_000 }, async (t) => {
  const { user } = temporaryFolders(t);
  const count = 40;
  const script = (name: string): string => `
    import { Settings } from ${url("settings.ts")};
    import { Users } from ${url("users.ts")};
    const settings = new Settings(new Users(${JSON.stringify(user)}, false));
    process.stdin.once("data", async () => {
      const each = Array.from({ length: ${count} }, (_, index) => index);
      await Promise.all(each.map((index) => settings.merge("default", { ["${name}" + index]: index })));
      process.exit(0);
    });
    console.log("ready");
  `;
  const processes = ["a", "b"].map((name) =>
    spawn(process.execPath, ["--input-type=module", "-e", script(name)], {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  t.after(() => processes.forEach((one) => one.kill("SIGKILL")));
  await Promise.all(processes.map((one) => once(one.stdout, "data")));
  const ended = processes.map((one) => once(one, "exit"));
  for (const one of processes) one.stdin.write("go\n");
  assert.deepEqual(await Promise.all(ended), [
    [0, null],
    [0, null],
  ]);
  const all = await new Settings(new Users(user, false)).read("default");
  assert.equal(Object.keys(all).length, 2 * count);
  assert.deepEqual(readdirSync(path.join(user, "__temporary")), []);
});

test("a broken file reads as empty, and is kept when settings are written", async (t) => {
  const users = new Users(temporaryFolders(t).user, false);
  const settings = new Settings(users);
  const file = path.join(users.folderOf("default"), "comfy.settings.json");
  mkdirSync(path.dirname(file));
  for (const broken of ['{"a": 1', "[1]"]) {
    writeFileSync(file, broken);
    assert.deepEqual(await settings.read("default"), {});
    assert.ok(existsSync(file), "reading changes nothing");
    await settings.merge("default", { b: 2 });
    assert.deepEqual(await settings.read("default"), { b: 2 });
    assert.equal(readFileSync(`${file}.broken`, "utf8"), broken);
  }
});
