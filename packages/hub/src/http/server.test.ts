import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, gunzipSync, gzipSync } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { bodyJson, sendEmpty, sendJson, sendText } from "./answers.ts";
import { rawExchange, rawRequest, startServer } from "./test-server.ts";
import { route, twin } from "./twin.ts";

function operations(app: FastifyInstance): void {
  twin(app, "GET", "/thing", (_request, reply) => sendJson(reply, { text: "é", float: 0.1 }));
  twin(app, "POST", "/thing", (request, reply) => sendJson(reply, { got: bodyJson(request) }));
  twin(app, "POST", "/nothing-back", (_request, reply) => sendEmpty(reply));
  twin(app, "GET", "/named/:name", (request, reply) => sendJson(reply, request.params));
  twin(app, "GET", "/query", (request, reply) => sendJson(reply, { ...(request.query as object) }));
  twin(app, "GET", "/text", (_request, reply) => sendText(reply, "x".repeat(500)));
  twin(app, "GET", "/breaks", () => {
    throw new Error("a secret path /home/x");
  });
  route(app, "DELETE", "/thing", (_request, reply) => sendEmpty(reply));
}

test("answers use Python's JSON", async (t) => {
  const { url } = await startServer(t, {}, operations);
  const answer = await fetch(`${url}/api/thing`);
  assert.equal(answer.headers.get("content-type"), "application/json; charset=utf-8");
  assert.equal(await answer.text(), '{"text": "\\u00e9", "float": 0.1}');
});

test("an empty answer has a length and no type", async (t) => {
  const { url } = await startServer(t, {}, operations);
  const answer = await fetch(`${url}/nothing-back`, { method: "POST" });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-length"), "0");
  assert.equal(answer.headers.get("content-type"), null);
});

test("a wrong method says which are right", async (t) => {
  const { url } = await startServer(t, {}, operations);
  const wrong = await fetch(`${url}/thing`, { method: "PUT", body: "{}" });
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.get("allow"), "DELETE,GET,HEAD,POST");
  assert.equal(await wrong.text(), "405: Method Not Allowed");
  assert.equal((await fetch(`${url}/api/thing`, { method: "PATCH" })).headers.get("allow"), "GET,HEAD,POST");
  const unknown = await fetch(`${url}/unknown`, { method: "POST", body: "{}" });
  assert.equal(unknown.status, 405);
  assert.equal(unknown.headers.get("allow"), "GET,HEAD");
});

test("HEAD goes where GET goes; a trailing slash is another path", async (t) => {
  const { url } = await startServer(t, {}, operations);
  const head = await fetch(`${url}/thing`, { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(head.headers.get("content-length"), "32");
  const slash = await fetch(`${url}/thing/`);
  assert.equal(slash.status, 404);
  assert.equal(slash.headers.get("content-type"), "application/octet-stream");
});

test("JSON is read under any content type", async (t) => {
  const { port } = await startServer(t, {}, operations);
  for (const type of [
    "text/plain",
    "multipart/form-data",
    "garbage",
    "a/b/c",
    ";;",
    "application/json; charset",
    "",
  ]) {
    const answer = await rawRequest(port, "POST", "/thing", { "content-type": type }, '{"a": 1}');
    assert.equal(answer.body, '{"got": {"a": 1}}', JSON.stringify(type));
  }
  assert.equal((await rawRequest(port, "POST", "/thing", {}, "[NaN]")).body, '{"got": [NaN]}');
});

test("bad JSON is a clear 400", async (t) => {
  const { port } = await startServer(t, {}, operations);
  for (const body of ["{", "", "[".repeat(20_000), "{'a': 1}"]) {
    const answer = await rawRequest(port, "POST", "/thing", {}, body);
    assert.equal(answer.status, 400);
    const { error, node_errors } = JSON.parse(answer.body) as {
      error: { type: string };
      node_errors: object;
    };
    assert.equal(error.type, "invalid_json");
    assert.deepEqual(node_errors, {});
  }
});

test("compressed bodies are inflated, within the limit", async (t) => {
  const { url } = await startServer(t, { maxUploadBytes: 10_000 }, operations);
  const post = (body: Buffer, encoding: string): Promise<Response> =>
    fetch(`${url}/thing`, {
      method: "POST",
      headers: { "content-encoding": encoding },
      body: new Uint8Array(body),
    });
  assert.equal(await (await post(gzipSync('{"a": 1}'), "gzip")).text(), '{"got": {"a": 1}}');
  assert.equal(await (await post(deflateSync("[]"), "deflate")).text(), '{"got": []}');
  const bomb = await post(gzipSync(`"${"a".repeat(5_000_000)}"`), "gzip");
  assert.equal(bomb.status, 413);
  assert.equal((await post(Buffer.from("no gzip at all"), "gzip")).status, 400);
  assert.equal((await post(Buffer.from("{}"), "br")).status, 415);
});

test("a body beyond the limit is 413, declared or not, and the client gets to read it", async (t) => {
  const { url, port } = await startServer(t, { maxUploadBytes: 10_000 }, operations);
  const declared = await fetch(`${url}/thing`, { method: "POST", body: "x".repeat(3_000_000) });
  assert.equal(declared.status, 413);
  assert.equal(await declared.text(), "413: Payload Too Large");
  const chunk = `${(4096).toString(16)}\r\n${"x".repeat(4096)}\r\n`;
  const answer = await rawExchange(
    port,
    `POST /thing HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(200)}0\r\n\r\n`,
  );
  assert.match(answer, /^HTTP\/1.1 413 /);
});

test("a body that stands still is given up", async (t) => {
  const { port } = await startServer(t, { bodyIdleMs: 50 }, operations);
  const answer = await rawExchange(
    port,
    "POST /thing HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n12",
  );
  assert.doesNotMatch(answer, /200 OK/);
});

test("path parameters are one decoded segment", async (t) => {
  const { port } = await startServer(t, {}, operations);
  const name = async (segment: string): Promise<unknown> =>
    (JSON.parse((await rawRequest(port, "GET", `/named/${segment}`)).body) as { name: string }).name;
  assert.equal(await name("a%2Fb"), "a/b");
  assert.equal(await name("a%252Fb"), "a%2Fb");
  assert.equal(await name("%zz"), "%zz");
  assert.equal(await name("%ff"), "%ff");
  assert.equal(await name("%C3%A9"), "é");
  assert.equal(await name("x".repeat(2000)), "x".repeat(2000));
  assert.equal((await rawRequest(port, "GET", "/named/a/b")).status, 404);
  assert.equal((await rawRequest(port, "GET", "http://elsewhere.example/thing")).status, 200);
});

test("of a repeated query name the first value counts", async (t) => {
  const { port } = await startServer(t, {}, operations);
  const answer = await rawRequest(port, "GET", "/query?a=1&a=2&b&c=x+y%20z&__proto__=p&d=%zz");
  assert.equal(answer.body, '{"a": "1", "b": "", "c": "x y z", "__proto__": "p", "d": "%zz"}');
});

test("an error of our own says nothing", async (t) => {
  const { url } = await startServer(t, { csp: true }, operations);
  const answer = await fetch(`${url}/breaks`);
  assert.equal(answer.status, 500);
  assert.equal(answer.headers.get("content-security-policy"), null);
  assert.equal(await answer.text(), "500 Internal Server Error\n\nServer got itself in trouble");
});

test("foreign pages are refused, plain clients are not", async (t) => {
  const { port } = await startServer(t, {}, operations);
  const status = async (headers: Record<string, string>, method = "GET"): Promise<number> =>
    (await rawRequest(port, method, "/thing", headers)).status;
  assert.equal(await status({}), 200);
  assert.equal(await status({ "sec-fetch-site": "cross-site" }), 403);
  assert.equal(await status({ origin: "http://evil.example" }), 403);
  assert.equal(await status({ origin: `http://127.0.0.1:${port}` }), 200);
  assert.equal(await status({ origin: "http://127.0.0.1:1" }), 403);
  assert.equal(await status({ origin: "http://127.0.0.1" }), 200);
  assert.equal(await status({ origin: "null" }), 200);
  assert.equal(await status({ host: "[::1]:80", origin: "http://[::1]:80" }), 200);
  assert.equal(await status({ host: "[::1]:80", origin: "http://[::2]:80" }), 403);
  assert.equal(await status({}, "OPTIONS"), 200);
});

test("CORS mode answers everybody", async (t) => {
  const { url } = await startServer(t, { corsOrigin: "https://page.example" }, operations);
  const preflight = await fetch(`${url}/anything`, { method: "OPTIONS" });
  assert.equal(preflight.status, 200);
  assert.equal(preflight.headers.get("access-control-allow-origin"), "https://page.example");
  const answer = await fetch(`${url}/thing`, { headers: { "sec-fetch-site": "cross-site" } });
  assert.equal(answer.headers.get("access-control-allow-credentials"), "true");
  assert.equal(
    (await fetch(`${url}/x`, { method: "POST" })).headers.get("access-control-allow-origin"),
    null,
  );
});

test("text and JSON are compressed when asked for", async (t) => {
  const { port } = await startServer(t, { compress: true }, operations);
  const packed = await rawRequest(port, "GET", "/text", { "accept-encoding": "gzip" });
  assert.equal(packed.headers["content-encoding"], "gzip");
  assert.equal(gunzipSync(Buffer.from(packed.body, "latin1")).toString(), "x".repeat(500));
  assert.equal(
    (await rawRequest(port, "GET", "/text", { "accept-encoding": "br" })).headers["content-encoding"],
    undefined,
  );
  assert.equal((await rawRequest(port, "GET", "/text")).body, "x".repeat(500));
});
