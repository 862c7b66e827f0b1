import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { rawRequest, startServer } from "../test-server.ts";

/** A web root with neighbours that must not be served. */
function webRoot(t: TestContext): string {
  const base = mkdtempSync(path.join(os.tmpdir(), "hearth-web-"));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const root = path.join(base, "web");
  mkdirSync(path.join(root, "extensions/core"), { recursive: true });
  mkdirSync(path.join(base, "pack/sub"), { recursive: true });
  writeFileSync(path.join(base, "secret.txt"), "secret");
  writeFileSync(path.join(base, "web-secret.txt"), "secret");
  writeFileSync(path.join(root, "index.html"), "<p>index");
  writeFileSync(path.join(root, "a b.txt"), "spaced");
  writeFileSync(path.join(root, "pic.png"), "png");
  writeFileSync(path.join(root, "index-1.json"), "{}");
  writeFileSync(path.join(root, "extensions/core/x.js"), "x");
  writeFileSync(path.join(base, "pack/p.js"), "p");
  writeFileSync(path.join(base, "pack/sub/q.js"), "q");
  symlinkSync(path.join(base, "secret.txt"), path.join(root, "link.txt"));
  symlinkSync(base, path.join(root, "up"));
  return root;
}

test("files of the web root, and nothing beside it", async (t) => {
  const frontEndRoot = webRoot(t);
  const { port } = await startServer(t, { frontEndRoot });
  const get = (target: string) => rawRequest(port, "GET", target);
  assert.equal((await get("/")).body, "<p>index");
  assert.equal((await get("/api/")).headers["cache-control"], "no-store, must-revalidate");
  assert.equal((await get("/a%20b.txt?v=1")).body, "spaced");
  assert.equal((await get("/extensions/../a%20b.txt")).body, "spaced");
  for (const target of [
    "/../secret.txt",
    "/..%2Fsecret.txt",
    "/%2e%2e/secret.txt",
    "/%2e%2e%2fsecret.txt",
    "/extensions/..%2F..%2Fsecret.txt",
    "/../web-secret.txt",
    "/%00",
    "/a%00.txt",
  ]) {
    const { status, body } = await get(target);
    assert.equal(`${status} ${body}`, "404 404: Not Found", target);
  }
  for (const target of [
    "/%252e%252e/secret.txt",
    "/nothing",
    "/index.html/",
    "/a%20b.txt/x",
    `/${"x".repeat(300)}`,
  ]) {
    const { status, body, headers } = await get(target);
    assert.equal(`${status} ${body}`, "404 ", target);
    assert.equal(headers["content-type"], "application/octet-stream");
  }
  for (const target of ["/link.txt", "/up/secret.txt", "/extensions", "/extensions/", "//etc/passwd"]) {
    const { status, body } = await get(target);
    assert.ok(!body.includes("secret") && !body.includes("root:"), target);
    if (target === "/link.txt" || target === "/up/secret.txt") assert.equal(status, 403, target);
  }
  assert.equal((await get("/extensions/core")).status, 403);
});

test("caching by path", async (t) => {
  const { port } = await startServer(t, { frontEndRoot: webRoot(t) });
  const cache = async (target: string): Promise<string | undefined> =>
    (await rawRequest(port, "GET", target)).headers["cache-control"];
  assert.equal(await cache("/extensions/core/x.js"), "no-store");
  assert.equal(await cache("/index-1.json"), "no-store");
  assert.equal(await cache("/pic.png"), "public, max-age=86400");
  assert.equal(await cache("/missing.PNG"), "public, max-age=3600");
  assert.equal(await cache("/a%20b.txt"), undefined);
});

test("web folders of packs", async (t) => {
  const frontEndRoot = webRoot(t);
  const folder = path.join(frontEndRoot, "../pack");
  const { port } = await startServer(t, {
    frontEndRoot,
    webDirectories: () => [{ name: "my pack", folder }],
  });
  const list = await rawRequest(port, "GET", "/extensions");
  assert.deepEqual(JSON.parse(list.body), [
    "/extensions/core/x.js",
    "/extensions/my%20pack/p.js",
    "/extensions/my%20pack/sub/q.js",
  ]);
  assert.equal((await rawRequest(port, "GET", "/extensions/my%20pack/sub/q.js")).body, "q");
  assert.equal((await rawRequest(port, "GET", "/extensions/my%20pack/..%2F..%2Fsecret.txt")).status, 404);
});

test("without a front end there is a page of our own", async (t) => {
  const { port } = await startServer(t);
  const page = await rawRequest(port, "GET", "/");
  assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
  assert.match(page.body, /<h1>Hearth<\/h1>/);
  assert.equal((await rawRequest(port, "GET", "/x.js")).status, 404);
  assert.deepEqual(JSON.parse((await rawRequest(port, "GET", "/api/extensions")).body), []);
});
