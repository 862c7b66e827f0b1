import assert from "node:assert/strict";
import { test } from "node:test";
import { closeContract, ownContract, studioError } from "../own-contract.ts";
import { startServer } from "../test-server.ts";
import { route } from "../twin.ts";
import { compareTable, openApiDocument, type OpenApiDocument, templateOf } from "./document.ts";
import { registerOpenApi } from "./index.ts";
import { MESSAGES } from "./schemas/messages.ts";
import { SCHEMAS } from "./schemas/index.ts";
import { TABLE } from "./table/index.ts";

test("every reference to a schema leads to one, and every schema is used", () => {
  const text = JSON.stringify([TABLE, SCHEMAS, MESSAGES]);
  const used = new Set(
    [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name),
  );
  assert.deepEqual([...used].sort(), Object.keys(SCHEMAS).sort());
});

test("rows are unique, and describe exactly the parameters of their paths", () => {
  const ids = TABLE.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { id, path, parameters = [], twin } of TABLE) {
    const inTemplate = [...templateOf(path).matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const described = parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
    assert.deepEqual(described, inTemplate, id);
    assert.ok(twin !== true || path.startsWith("/api/"), id);
  }
});

test("/openapi.json describes what this server serves, /reference is a page that needs nothing else", async (t) => {
  const { url, app } = await startServer(t, {}, registerOpenApi);
  const answer = await fetch(`${url}/openapi.json`);
  assert.equal(answer.headers.get("content-type"), "application/json; charset=utf-8");
  const document = (await answer.json()) as OpenApiDocument;
  assert.equal(document.openapi, "3.1.0");
  assert.deepEqual(document.paths["/api/view"]?.["get"]?.["x-also-at"], ["/view"]);
  assert.equal(document.paths["/view"], undefined);
  assert.equal(document.paths["/internal/logs"]?.["get"]?.["operationId"], "getLog");
  assert.equal(document.paths["/api/queue"], undefined, "no queue is registered here");
  assert.deepEqual(compareTable(app).withoutRow, []);
  assert.ok(compareTable(app).notServed.includes("POST /api/prompt"));

  const page = await fetch(`${url}/reference`);
  assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
  const html = await page.text();
  assert.match(html, /<html lang="en">/);
  assert.ok(html.includes("function tryForm") && html.includes("color-scheme: light dark"));
  const foreign = [...html.matchAll(/(?:src|href|url\()\s*=?\s*["']?((?:https?:)?\/\/[^"')\s]+)/g)];
  assert.deepEqual(foreign, [], "the page asks nobody else");
});

test("what has no row is in the document as such", async (t) => {
  const { app } = await startServer(t, {}, (server) => {
    registerOpenApi(server);
    route(server, "GET", "/odd/:name", (_request, reply) => reply.send());
  });
  assert.deepEqual(compareTable(app).withoutRow, ["GET /odd/:name"]);
  assert.equal(openApiDocument(app).paths["/odd/{name}"]?.["get"]?.["x-undescribed"], true);
});

test("what only refuses is no operation", async (t) => {
  const { app, url } = await startServer(t, {}, (server) => {
    registerOpenApi(server);
    ownContract(server, studioError)("GET", "/api/admin/keys", "admin", (_request, reply) => reply.send());
    closeContract(server, "/api/admin", studioError);
  });
  const { withoutRow, notServed } = compareTable(app);
  assert.deepEqual(withoutRow, []);
  assert.ok(!notServed.includes("GET /api/admin/keys"));
  assert.ok(notServed.includes("POST /api/admin/keys"), "it is answered 405");
  const described = openApiDocument(app).paths["/api/admin/keys"];
  assert.deepEqual(Object.keys(described ?? {}), ["get"]);
  assert.equal((await fetch(`${url}/api/admin/keys`)).status, 401);
});

test("operations of Studio and Control say their scope, want a key, and word errors their way", () => {
  const rows = TABLE.filter(({ path }) => /^\/(v1|api\/(admin|run|comfyui))\//.test(path));
  assert.ok(rows.length > 120);
  for (const { id, path, open, description, answers, extra } of rows) {
    const problem = path.startsWith("/v1/") ? "ControlProblem" : "StudioProblem";
    const refusals = Object.entries(answers).filter(([status]) => Number(status) >= 400 && status !== "416");
    for (const [status, { content }] of refusals) {
      const schema = { $ref: `#/components/schemas/${problem}` };
      assert.deepEqual(content, { "application/json": schema }, `${id} ${status}`);
    }
    if (open === true) continue;
    assert.match(description ?? "", /^Needs a key with the scope `(read|run|admin)`\./, id);
    const security = extra?.["security"] as object[];
    assert.ok(security.length > 0 && security.every((scheme) => Object.keys(scheme).length === 1), id);
    assert.ok(
      [401, 403, 429].every((status) => answers[status] !== undefined),
      id,
    );
  }
});

test("nothing is registered past the table", async (t) => {
  const urls = new Set<string>();
  await startServer(t, {}, (server) => {
    server.addHook("onRoute", ({ url }) => void urls.add(url));
    registerOpenApi(server);
  });
  const described = new Set(
    TABLE.flatMap(({ path, twin }) => (twin === true ? [path, path.slice(4)] : [path])),
  );
  // These two only refuse: what is below `/internal` without an operation.
  const refusals = ["/internal", "/internal/*"];
  assert.deepEqual(
    [...urls].filter((url) => !described.has(url) && !refusals.includes(url)),
    [],
  );
});
