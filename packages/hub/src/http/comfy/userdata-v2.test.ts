import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { rawRequest, startServer } from "../test-server.ts";

test("everything below a folder, folders first", async (t) => {
  const { port, folders } = await startServer(t);
  const get = async (query: string): Promise<string> => {
    const { status, body } = await rawRequest(port, "GET", `/v2/userdata${query}`);
    return `${status} ${body}`;
  };
  assert.equal(await get(""), "200 []");
  assert.equal(await get("?path=wf"), "200 []");
  const folder = path.join(folders.user, "default");
  mkdirSync(path.join(folder, "wf/Sub"), { recursive: true });
  for (const [name, text] of [
    ["wf/b.json", "{}"],
    ["wf/Sub/A.json", "{}"],
    ["wf/.hidden", "x"],
    ["top.txt", "t"],
  ] as const) {
    writeFileSync(path.join(folder, name), text);
    utimesSync(path.join(folder, name), 1_600_000_000, 1_600_000_000);
  }
  symlinkSync(folders.base, path.join(folder, "out"));
  symlinkSync("wf", path.join(folder, "alias"));
  const file = (name: string, at: string, size: number): string =>
    `{"name": "${name}", "path": "${at}", "type": "file", "size": ${size}, "modified": 1600000000.0}`;
  const directory = (name: string, at: string): string =>
    `{"name": "${name}", "path": "${at}", "type": "directory"}`;
  const below = [
    file(".hidden", "wf/.hidden", 1),
    file("A.json", "wf/Sub/A.json", 2),
    file("b.json", "wf/b.json", 2),
  ];
  const sub = directory("Sub", "wf/Sub");
  assert.equal(await get("?path=wf"), `200 [${[sub, ...below].join(", ")}]`);
  assert.equal(await get("?path=..%2Fdefault%252Fwf%2F"), await get("?path=wf"));
  const all = [
    directory("alias", "alias"),
    sub,
    directory("wf", "wf"),
    ...below,
    file("top.txt", "top.txt", 1),
  ];
  assert.equal(await get(""), `200 [${all.join(", ")}]`);
  assert.equal(await get("?path=nope"), "404 Requested path not found");
  assert.equal(await get("?path=top.txt"), "400 Requested path is not a directory");
  for (const out of ["..", "%252e%252e", "%2Fetc", "wf%2F..%2F..", "out", "a%00b", "..%2F__temporary"]) {
    assert.equal(await get(`?path=${out}`), "400 Invalid path requested", out);
  }
});
