import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { sendJson } from "./answers.ts";
import { registerSignIn } from "./sign-in.ts";
import { type RawAnswer, rawRequest, startServer } from "./test-server.ts";
import { twin } from "./twin.ts";

/** Requests as they come from another machine, whose name for this one is no proof of anything. */
const AWAY = { host: "hearth.example" };

type Ask = (
  method: string,
  target: string,
  headers?: Record<string, string>,
  body?: string,
) => Promise<RawAnswer>;

async function asker(t: TestContext): Promise<Ask> {
  const { port } = await startServer(t, {}, (app) => {
    registerSignIn(app);
    twin(app, "GET", "/thing", (_request, reply) => sendJson(reply, {}));
    twin(app, "POST", "/thing", (_request, reply) => sendJson(reply, {}));
  });
  return (method, target, headers = {}, body = "") =>
    rawRequest(port, method, target, { ...AWAY, ...headers }, body);
}

const login = (ask: Ask, body: object): Promise<RawAnswer> =>
  ask("POST", "/api/auth/login", { "content-type": "application/json" }, JSON.stringify(body));

const cookieOf = (answer: RawAnswer): string => answer.headers["set-cookie"]?.split(";")[0] ?? "";

test("the right key begins a session, which opens what the key opens", async (t) => {
  const ask = await asker(t);
  const answer = await login(ask, { api_key: "secret-key", next: "/queue?x=1" });
  assert.equal(answer.status, 200);
  assert.deepEqual(JSON.parse(answer.body), { status: "ok", redirect: "/queue?x=1" });
  assert.doesNotMatch(answer.headers["set-cookie"] ?? "", /Secure/, "it came over plain HTTP");
  const cookie = cookieOf(answer);
  assert.equal((await ask("GET", "/thing")).status, 401);
  assert.equal((await ask("GET", "/thing", { cookie })).status, 200);
  assert.equal((await ask("POST", "/thing", { cookie })).status, 200);
  assert.equal((await ask("GET", "/thing", { cookie, "x-api-key": "wrong" })).status, 200);
});

test("a wrong key is refused, and after ten of them nobody listens for a while", async (t) => {
  const ask = await asker(t);
  const cookie = cookieOf(await login(ask, { api_key: "secret-key" }));
  const wrong = await login(ask, { api_key: "schlüssel" });
  assert.equal(wrong.status, 401);
  assert.deepEqual(JSON.parse(wrong.body), { detail: "Invalid API key" });
  assert.equal(wrong.headers["set-cookie"], undefined);
  for (let count = 1; count < 9; count += 1) {
    assert.equal((await ask("GET", "/thing", { "x-api-key": "wrong" })).status, 401);
  }
  const tenth = await login(ask, { api_key: "wrong" });
  assert.equal(tenth.status, 429);
  assert.match(tenth.headers["retry-after"] ?? "", /^\d+$/);
  assert.equal((await login(ask, { api_key: "secret-key" })).status, 429, "also the right one");
  assert.equal((await ask("GET", "/thing", { "x-api-key": "secret-key" })).status, 429);
  assert.equal((await ask("GET", "/thing", { cookie })).status, 200, "who has signed in goes on");
});

test("a page asks for signing in, and comes back to itself", async (t) => {
  const ask = await asker(t);
  const page = await ask("GET", "/thing?a=1&b=2", { accept: "text/html,*/*" });
  assert.equal(page.status, 302);
  assert.equal(page.headers["location"], "/login?next=%2Fthing%3Fa%3D1%26b%3D2");
  assert.equal((await ask("GET", "/api/thing", { accept: "text/html" })).status, 401);
  assert.equal((await ask("POST", "/thing", { accept: "text/html" })).status, 401);
  const login_ = await ask("GET", "/login");
  assert.equal(login_.status, 200);
  assert.match(login_.body, /<form method="post" action="\/api\/auth\/login">/);
});

test("signing in leads to no other host", async (t) => {
  const ask = await asker(t);
  for (const next of [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "javascript:x",
    "/a\r\nb",
    5,
  ]) {
    const answer = await login(ask, { api_key: "secret-key", next });
    assert.equal((JSON.parse(answer.body) as { redirect: string }).redirect, "/", String(next));
  }
});

test("a form without scripts signs in too", async (t) => {
  const ask = await asker(t);
  const type = { "content-type": "application/x-www-form-urlencoded" };
  const answer = await ask("POST", "/api/auth/login", type, "api_key=secret-key&next=%2Fqueue");
  assert.equal(answer.status, 303);
  assert.equal(answer.headers["location"], "/queue");
  assert.match(cookieOf(answer), /^session=./);
});

test("bad bodies are refused by name, and another page cannot sign anybody in", async (t) => {
  const ask = await asker(t);
  assert.equal((await login(ask, { api_key: 5 })).status, 422);
  assert.equal((await login(ask, [])).status, 422);
  assert.equal((await ask("POST", "/api/auth/login", {}, "{")).status, 400);
  const foreign = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
  const answer = await ask("POST", "/api/auth/login", foreign, JSON.stringify({ api_key: "secret-key" }));
  assert.equal(answer.status, 403);
});

test("over HTTPS, also behind a proxy, the cookie is secure; signing out ends it", async (t) => {
  const ask = await asker(t);
  const proxied = { "x-forwarded-proto": "https", "content-type": "application/json" };
  const answer = await ask("POST", "/api/auth/login", proxied, '{"api_key": "secret-key"}');
  assert.match(answer.headers["set-cookie"] ?? "", /Secure/);
  const out = await ask("POST", "/api/auth/logout", { cookie: cookieOf(answer) });
  assert.equal(out.status, 302);
  assert.equal(out.headers["location"], "/login");
  assert.match(out.headers["set-cookie"] ?? "", /^session=; Max-Age=0/);
});
