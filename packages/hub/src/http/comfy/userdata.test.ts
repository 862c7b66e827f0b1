import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import type { Folders } from "@hearth/protocol";
import { pino } from "pino";
import { rawExchange, rawRequest, startServer } from "../test-server.ts";

/** Everything below the base directory, as paths; files in the making too. */
function everything(folders: Folders): string[] {
  return readdirSync(folders.base, { recursive: true, encoding: "utf8" }).sort();
}

function userFolder(folders: Folders): string {
  const folder = path.join(folders.user, "default");
  mkdirSync(folder, { recursive: true });
  return folder;
}

test("write, read, list, move, remove", async (t) => {
  const { port, folders } = await startServer(t);
  const ask = async (method: string, target: string, body = ""): Promise<string> => {
    const answer = await rawRequest(port, method, target, {}, body);
    return `${answer.status} ${answer.body}`;
  };
  assert.equal(await ask("GET", "/userdata?dir=wf"), "404 Directory not found");
  assert.equal(await ask("POST", "/userdata/wf%2Fdeep%2Fa.json", "{}"), '200 "wf/deep/a.json"');
  assert.equal(await ask("POST", "/api/userdata/wf%252F100%2525.txt", "%"), '200 "wf/100%.txt"');
  assert.equal(await ask("GET", "/userdata/wf%2F100%25.txt"), "200 %");
  assert.equal(
    await ask("POST", "/userdata/wf%2Fdeep%2Fa.json?overwrite=false", "x"),
    "409 File already exists",
  );
  assert.equal(
    await ask("POST", "/userdata/wf%2Fdeep%2Fa.json?overwrite=False", "new"),
    '200 "wf/deep/a.json"',
  );
  assert.equal(await ask("GET", "/userdata/wf%2Fdeep%2Fa.json"), "200 new");
  assert.equal(await ask("GET", "/userdata?dir=wf&recurse=TRUE"), '200 ["100%.txt", "deep/a.json"]');
  assert.equal(await ask("GET", "/userdata?dir=wf&recurse=yes"), '200 ["100%.txt"]');
  assert.equal(
    await ask("GET", "/userdata?dir=wf&recurse=true&split=true"),
    '200 [["100%.txt", "100%.txt"], ["deep/a.json", "deep", "a.json"]]',
  );
  assert.equal(await ask("GET", "/userdata?dir="), "400 Directory not provided");
  assert.equal(await ask("GET", "/userdata"), "400 Directory not provided");
  assert.equal(await ask("POST", "/userdata/e.txt"), '200 "e.txt"');
  assert.equal(
    await ask("POST", "/userdata/e.txt/move/wf%2Fdeep%2Fa.json?overwrite=false"),
    "409 File already exists",
  );
  assert.equal(await ask("POST", "/userdata/e.txt/move/new%2Fe.txt?overwrite=false"), '200 "new/e.txt"');
  assert.equal(await ask("POST", "/userdata/new/move/newer%2Fplace"), '200 "newer/place"');
  assert.equal(
    await ask("POST", "/userdata/newer%2Fplace%2Fe.txt/move/wf%2Fdeep%2Fa.json"),
    '200 "wf/deep/a.json"',
  );
  assert.equal(await ask("GET", "/userdata/wf%2Fdeep%2Fa.json"), "200 ");
  assert.equal(await ask("POST", "/userdata/gone/move/x"), "404 ");
  assert.equal(await ask("DELETE", "/userdata/wf%2Fdeep%2Fa.json"), "204 ");
  assert.equal(await ask("DELETE", "/userdata/wf%2Fdeep%2Fa.json"), "404 ");
  assert.equal(await ask("DELETE", "/userdata/wf"), '400 400: "wf" is a folder');
  assert.equal(await ask("GET", "/userdata/wf"), "403 ");
  assert.equal(await ask("GET", "/userdata/"), "404 ");
  assert.deepEqual(readdirSync(path.join(folders.user, "__temporary")), []);
});

test("full information has sizes and times in milliseconds", async (t) => {
  const { port, folders } = await startServer(t);
  const folder = userFolder(folders);
  mkdirSync(path.join(folder, "wf"));
  writeFileSync(path.join(folder, "wf/a.json"), "{}");
  utimesSync(path.join(folder, "wf/a.json"), 1_600_000_000, 1_600_000_000.25);
  const get = async (method: string, target: string, body = ""): Promise<unknown> =>
    JSON.parse((await rawRequest(port, method, target, {}, body)).body);
  const [entry] = (await get("GET", "/userdata?dir=wf&full_info=true&split=true")) as Record<
    string,
    unknown
  >[];
  assert.deepEqual(
    { ...entry, created: 0 },
    { path: "a.json", size: 2, modified: 1_600_000_000_250, created: 0 },
  );
  const written = (await get("POST", "/userdata/x%2Fb?full_info=true", "123")) as Record<string, unknown>;
  assert.deepEqual(Object.keys(written), ["path", "size", "modified", "created"]);
  assert.equal(written["path"], "x/b");
  assert.equal(written["size"], 3);
  assert.ok(Number.isInteger(written["modified"]) && Number.isInteger(written["created"]));
  const moved = (await get("POST", "/userdata/x%2Fb/move/c?full_info=true")) as Record<string, unknown>;
  assert.equal(moved["path"], "c");
});

test("files come with safe types, and user.css as a style sheet", async (t) => {
  const { port, folders } = await startServer(t);
  const folder = userFolder(folders);
  for (const name of ["a.html", "a.css", "user.css", "a.png", "a.svg", "sub/user.css"]) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), "0123456789");
  }
  const get = (name: string, headers = {}) =>
    rawRequest(port, "GET", `/userdata/${encodeURIComponent(name)}`, headers);
  const types: string[] = [];
  for (const name of ["a.html", "a.css", "user.css", "a.png", "a.svg", "sub/user.css"]) {
    const { headers } = await get(name);
    assert.equal(headers["x-content-type-options"], "nosniff");
    types.push(`${headers["content-type"]} ${headers["content-disposition"]}`);
  }
  const hidden = "application/octet-stream attachment";
  assert.deepEqual(types, [hidden, hidden, "text/css inline", "image/png attachment", hidden, hidden]);
  assert.equal((await get("a.png", { range: "bytes=2-4" })).body, "234");
  assert.equal((await rawRequest(port, "HEAD", "/userdata/a.png")).headers["content-length"], "10");
});

test("hidden files are not listed, and loops end", async (t) => {
  const { port, folders } = await startServer(t);
  const folder = userFolder(folders);
  mkdirSync(path.join(folder, "wf/.git"), { recursive: true });
  writeFileSync(path.join(folder, "wf/.hidden"), "");
  writeFileSync(path.join(folder, "wf/.git/config"), "");
  writeFileSync(path.join(folder, "wf/a"), "");
  symlinkSync("..", path.join(folder, "wf/loop"));
  symlinkSync("a", path.join(folder, "wf/link"));
  symlinkSync(folders.base, path.join(folder, "wf/out"));
  const get = async (target: string): Promise<unknown> =>
    JSON.parse((await rawRequest(port, "GET", target)).body);
  assert.deepEqual(await get("/userdata?dir=wf&recurse=true"), ["a", "link"]);
  assert.deepEqual(await get("/userdata?dir=wf%2Fa"), []);
});

const CLIMBS = [
  "..%2Fsecret.txt",
  "..%2F..%2Fsecret.txt",
  "%2e%2e%2f%2e%2e%2fsecret.txt",
  "%252e%252e%252f%252e%252e%252fsecret.txt",
  "..%252F..%252Fsecret.txt",
  "wf%2F..%2F..%2F..%2Fsecret.txt",
  "%2Fetc%2Fpasswd",
  "%252Fetc%252Fpasswd",
  "x%00.txt",
  "x%2500.txt",
  "out%2Fsecret.txt",
  "secret-link.txt",
  "dangling.txt",
  "..%2F__temporary%2Fx",
  "..%2Fusers.json",
];

test("no spelling of a path leads out", async (t) => {
  const { port, folders } = await startServer(t);
  const folder = userFolder(folders);
  writeFileSync(path.join(folders.base, "secret.txt"), "secret");
  writeFileSync(path.join(folders.user, "users.json"), "{}");
  writeFileSync(path.join(folder, "mine.txt"), "mine");
  symlinkSync(folders.base, path.join(folder, "out"));
  symlinkSync(path.join(folders.base, "secret.txt"), path.join(folder, "secret-link.txt"));
  symlinkSync(path.join(folders.base, "planted.txt"), path.join(folder, "dangling.txt"));
  const before = everything(folders);
  for (const climb of CLIMBS) {
    for (const [method, target] of [
      ["GET", `/userdata/${climb}`],
      ["POST", `/userdata/${climb}`],
      ["DELETE", `/userdata/${climb}`],
      ["POST", `/userdata/${climb}/move/stolen.txt`],
      ["POST", `/userdata/mine.txt/move/${climb}`],
      ["GET", `/userdata?dir=${climb}`],
    ] as const) {
      const { status, body } = await rawRequest(port, method, target, {}, method === "POST" ? "evil" : "");
      assert.equal(status, 403, `${method} ${target}`);
      assert.equal(body, target.includes("?") ? "Invalid directory" : "");
    }
  }
  // On this system these are odd names and nothing more.
  for (const name of ["%5C%5Chost%5Cshare", "C:%5Cx"]) {
    assert.equal(
      (await rawRequest(port, "GET", `/userdata/${name}`)).status,
      process.platform === "win32" ? 403 : 404,
    );
  }
  assert.deepEqual(everything(folders), before);
  assert.equal(readFileSync(path.join(folders.base, "secret.txt"), "utf8"), "secret");
});

test("names that the system refuses leave nothing behind", async (t) => {
  const { port, folders } = await startServer(t);
  const folder = userFolder(folders);
  mkdirSync(path.join(folder, "dir"));
  writeFileSync(path.join(folder, "file"), "f");
  mkdirSync(path.join(folders.user, "__temporary"));
  const before = everything(folders);
  for (const name of ["dir", "file%2Fx", `new%2F${"x".repeat(300)}`, ".", "dir%2F.."]) {
    const text = await rawExchange(
      port,
      `POST /userdata/${name} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx`,
    );
    assert.match(text, /^HTTP\/1\.1 400 Invalid filename \(E[A-Z]+\)/, name);
  }
  for (const dest of ["dir", "file%2Fx"]) {
    assert.equal((await rawRequest(port, "POST", `/userdata/file/move/${dest}`)).status, 400, dest);
  }
  assert.equal((await rawRequest(port, "POST", "/userdata/dir/move/dir%2Finside")).status, 400);
  assert.deepEqual(everything(folders), before);
});

test(
  "a file appears when its body is whole, and not at all when it never is",
  { timeout: 20_000 },
  async (t) => {
    const problems: string[] = [];
    const log = pino({ level: "warn" }, { write: (line: string) => problems.push(line) });
    const { port, url, folders } = await startServer(t, { maxUploadBytes: 1000, log });
    const folder = userFolder(folders);
    const temporary = path.join(folders.user, "__temporary");
    const started = (name: string): net.Socket => {
      const socket = net.connect(port, "127.0.0.1");
      socket.write(`POST /userdata/${name} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n01234`);
      return socket;
    };
    const until = async (condition: () => boolean): Promise<void> => {
      while (!condition()) await new Promise(setImmediate);
    };
    const inTheMaking = (): number => (existsSync(temporary) ? readdirSync(temporary).length : 0);
    const cut = started("cut.txt");
    await until(() => inTheMaking() === 1);
    assert.deepEqual(readdirSync(folder), []);
    cut.destroy();
    await until(() => inTheMaking() === 0);
    const whole = started("whole.txt");
    await until(() => inTheMaking() === 1);
    whole.write("56789");
    await until(() => existsSync(path.join(folder, "whole.txt")));
    whole.destroy();
    assert.equal(readFileSync(path.join(folder, "whole.txt"), "utf8"), "0123456789");
    const large = await rawRequest(port, "POST", "/userdata/large.txt", {}, "x".repeat(1001));
    assert.equal(large.status, 413);
    // A sender that is refused in the middle of its body still gets to read why.
    let sent = 0;
    const endless = new ReadableStream({
      pull: (controller) => (sent++ < 64 ? controller.enqueue(new Uint8Array(65_536)) : controller.close()),
    });
    const init = { method: "POST", body: endless, duplex: "half" };
    assert.equal((await fetch(`${url}/userdata/large.txt`, init as RequestInit)).status, 413);
    await until(() => inTheMaking() === 0);
    assert.deepEqual(readdirSync(folder), ["whole.txt"]);
    assert.deepEqual(problems, [], "none of this is an error of the server");
  },
);

test("of two that must not overwrite each other, one wins", async (t) => {
  const { port, folders } = await startServer(t);
  const post = (text: string) => rawRequest(port, "POST", "/userdata/one.txt?overwrite=false", {}, text);
  const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => post(`text ${index}`)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array<number>(7).fill(409)]);
  const winner = answers.findIndex(({ status }) => status === 200);
  assert.equal(readFileSync(path.join(folders.user, "default/one.txt"), "utf8"), `text ${winner}`);
});
