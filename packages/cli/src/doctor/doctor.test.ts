import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { examine } from "./doctor.ts";
import type { Finding } from "./finding.ts";
import { checkFfmpeg, checkNode } from "./machine.ts";

function newBase(t: TestContext): string {
  const base = mkdtempSync(path.join(os.tmpdir(), "hearth-doctor-"));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  return base;
}

async function about(subject: string, argv: readonly string[]): Promise<Finding | undefined> {
  return (await examine(argv)).find((finding) => finding.subject === subject);
}

test("a new directory is in order, and is left as it was", async (t) => {
  const base = newBase(t);
  const findings = await examine(["--base-directory", base, "--port", "0"]);
  assert.deepEqual(
    findings.filter(({ level }) => level === "fail"),
    [],
  );
  assert.deepEqual(readdirSync(base), []);
});

test("a flag that is wrong or means nothing is named", async (t) => {
  assert.match((await about("flags", ["--port", "x"]))?.text ?? "", /--port/);
  const ignored = await about("flags", ["--base-directory", newBase(t), "--port", "0", "--lowvram"]);
  assert.deepEqual([ignored?.level, ignored?.text], ["warn", "--lowvram means nothing here and is ignored"]);
});

test("a port that another program holds is named", async (t) => {
  const other = net.createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  t.after(() => other.close());
  const { port } = other.address() as net.AddressInfo;
  const finding = await about(`port ${port}`, ["--base-directory", newBase(t), "--port", String(port)]);
  assert.equal(finding?.level, "fail");
  assert.match(finding?.text ?? "", /in use on 127\.0\.0\.1 by another program/);
});

test("a database that is none, or of a newer Hearth, is named", async (t) => {
  const base = newBase(t);
  const file = path.join(base, "studio", "hearth.db");
  mkdirSync(path.dirname(file));
  const argv = ["--base-directory", base, "--port", "0"];
  writeFileSync(file, "this is no database, but it is long enough to be looked at as one");
  assert.equal((await about("database", argv))?.level, "fail");
  rmSync(file);
  const database = new DatabaseSync(file);
  database.exec("PRAGMA user_version = 999");
  database.close();
  assert.match((await about("database", argv))?.text ?? "", /999/);
});

test("a pack that cannot be loaded is named with its reason", async (t) => {
  const base = newBase(t);
  for (const [pack, file] of [
    ["python-pack", "__init__.py"],
    ["broken-pack", "index.js"],
  ] as const) {
    mkdirSync(path.join(base, "custom_nodes", pack), { recursive: true });
    writeFileSync(path.join(base, "custom_nodes", pack, file), "export nothing");
  }
  const argv = ["--base-directory", base, "--port", "0"];
  assert.match((await about("pack python-pack", argv))?.text ?? "", /written in Python/);
  assert.equal((await about("pack broken-pack", argv))?.level, "warn");
});

test("an old Node and an absent ffmpeg are named with what to do", () => {
  assert.equal(checkNode("20.19.0").level, "fail");
  const finding = checkFfmpeg({ PATH: "" });
  assert.deepEqual([finding.level, finding.subject], ["warn", "ffmpeg"]);
  assert.match(finding.text, /ffmpeg and ffprobe not found/);
});

test("the key that everybody knows is refused", async (t) => {
  const before = process.env["API_KEY"];
  process.env["API_KEY"] = "changeme";
  t.after(() => {
    if (before === undefined) delete process.env["API_KEY"];
    else process.env["API_KEY"] = before;
  });
  const finding = await about("access", ["--base-directory", newBase(t), "--port", "0"]);
  assert.equal(finding?.level, "fail");
});
