import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { pino } from "pino";
import { rawRequest, startServer } from "../test-server.ts";
import { type LogEntry, LogRing } from "../../ops/log-ring.ts";

test("files on top of a folder, the newest first", async (t) => {
  const { port, folders } = await startServer(t);
  for (const [name, age] of [
    ["old.png", 30],
    ["new.png", 10],
    ["middle.txt", 20],
    [".hidden", 0],
  ] as const) {
    writeFileSync(path.join(folders.output, name), "");
    utimesSync(path.join(folders.output, name), 1_700_000_000 - age, 1_700_000_000 - age);
  }
  mkdirSync(path.join(folders.output, "sub"));
  symlinkSync("nowhere", path.join(folders.output, "dangling"));
  const get = async (type: string): Promise<string> => {
    const { status, body } = await rawRequest(port, "GET", `/internal/files/${type}`);
    return `${status} ${body}`;
  };
  assert.equal(await get("output"), '200 ["new.png [output]", "middle.txt [output]", "old.png [output]"]');
  assert.equal(await get("temp"), "200 []");
  for (const type of ["models", "%2e%2e", "studio", "__proto__"]) {
    assert.equal(await get(type), '400 {"error": "Invalid directory type"}', type);
  }
  rmSync(folders.temp, { recursive: true });
  assert.equal(await get("temp"), '404 {"error": "There is no temp directory"}');
});

test("the place has no twin, no page and exact methods", async (t) => {
  const { port } = await startServer(t);
  const ask = async (method: string, target: string): Promise<string> => {
    const { status, headers, body } = await rawRequest(port, method, target);
    return `${status} ${headers["allow"] ?? ""} ${body}`;
  };
  assert.equal(await ask("POST", "/internal/logs"), "405 GET,HEAD 405: Method Not Allowed");
  assert.equal(await ask("GET", "/internal/logs/subscribe"), "405 PATCH 405: Method Not Allowed");
  for (const method of ["GET", "POST", "DELETE"]) {
    assert.equal(await ask(method, "/internal/nothing"), "404  404: Not Found");
    assert.equal(await ask(method, "/internal"), "404  404: Not Found");
  }
  assert.match(await ask("GET", "/internal/files/"), /^404/);
  assert.equal(await ask("GET", "/api/internal/logs"), "404  ");
});

test("the log's last lines, as pino writes them", async (t) => {
  const logRing = new LogRing();
  const { port } = await startServer(t, { logRing });
  const log = pino({ level: "debug" }, logRing);
  log.info("first é");
  log.debug({ thing: 1 }, "second");
  log.error({ err: new TypeError("went wrong") }, "third");
  logRing.write("no json\n");
  const raw = JSON.parse((await rawRequest(port, "GET", "/internal/logs/raw")).body) as {
    entries: LogEntry[];
    size: unknown;
  };
  assert.deepEqual(raw.size, { cols: 80, rows: 24 });
  const texts = raw.entries.map(({ m }) => m);
  assert.equal(texts[0], "[INFO] first é\n");
  assert.equal(texts[1], "[DEBUG] second\n");
  assert.match(texts[2] as string, /^\[ERROR\] third\nTypeError: went wrong\n {4}at /);
  assert.equal(texts[3], "no json\n");
  for (const { t: time } of raw.entries) {
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000, "local time");
  }
  const text = JSON.parse((await rawRequest(port, "GET", "/internal/logs")).body) as string;
  assert.equal(text, raw.entries.map(({ t: time, m }) => `${time} - ${m}`).join(""));
});

test("the ring keeps 300 lines and tells them in batches", async () => {
  const ring = new LogRing();
  const batches: (readonly LogEntry[])[] = [];
  const told = Promise.withResolvers<void>();
  const end = ring.subscribe((entries) => {
    batches.push(entries);
    told.resolve();
  });
  for (let index = 0; index < 1000; index += 1) ring.write(`${index}`);
  assert.equal(batches.length, 0, "not while lines are being written");
  await told.promise;
  const last = Array.from({ length: 300 }, (_, index) => `${index + 700}\n`);
  assert.deepEqual(
    batches.map((batch) => batch.map(({ m }) => m)),
    [last],
  );
  assert.deepEqual(
    ring.entries().map(({ m }) => m),
    last,
  );
  ring.write("x".repeat(100_000));
  assert.ok((ring.entries().at(-1) as LogEntry).m.length < 20_000);
  await new Promise(setImmediate);
  assert.equal(batches.length, 2);
  end();
  ring.write("unheard");
  await new Promise(setImmediate);
  assert.equal(batches.length, 2);
});

test("subscribers hear new lines until they leave", async (t) => {
  const logRing = new LogRing();
  const connected = new Set(["one", "two"]);
  const heard: string[] = [];
  const logSockets = () => ({
    get: (id: string) => (connected.has(id) ? {} : undefined),
    sendTo: (id: string, type: string, data: unknown) => {
      const { entries, size } = data as { entries: LogEntry[]; size: unknown };
      assert.deepEqual(size, { cols: 80, rows: 24 });
      heard.push(`${id} ${type} ${entries.map(({ m }) => m.trim()).join("|")}`);
    },
  });
  const { port } = await startServer(t, { logRing, logSockets });
  const subscribe = async (body: string): Promise<string> => {
    const answer = await rawRequest(port, "PATCH", "/internal/logs/subscribe", {}, body);
    return `${answer.status} ${answer.body}`;
  };
  const say = async (...lines: string[]): Promise<string[]> => {
    for (const line of lines) logRing.write(line);
    await new Promise(setImmediate);
    return heard.splice(0);
  };
  for (const id of ["one", "two", "stranger"]) {
    assert.equal(await subscribe(JSON.stringify({ clientId: id, enabled: true })), "200 ");
  }
  assert.deepEqual(await say("a", "b"), ["one logs a|b", "two logs a|b"]);
  assert.equal(await subscribe('{"clientId": "one", "enabled": false}'), "200 ");
  assert.deepEqual(await say("c"), ["two logs c"]);
  connected.delete("two");
  assert.deepEqual(await say("d"), []);
  connected.add("two");
  assert.deepEqual(await say("e"), [], "who comes back subscribes again");
  for (const bad of [
    "{}",
    "[]",
    '{"clientId": "one"}',
    '{"clientId": 1, "enabled": true}',
    '{"clientId": "one", "enabled": 1}',
  ]) {
    assert.match(await subscribe(bad), /^400 400: the body must be/, bad);
  }
  assert.match(await subscribe("x"), /^400 /);
});
