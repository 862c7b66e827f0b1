import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import https from "node:https";
import net from "node:net";
import { test, type TestContext } from "node:test";
import { fastify } from "fastify";
import { type Listening, listen } from "./listen.ts";

const read = (name: string): string =>
  readFileSync(new URL(`../../../tests/support/tls/${name}.pem`, import.meta.url), "utf8");
const TLS = { key: read("key"), cert: read("cert") };
const BOTH = [
  { host: "127.0.0.1", port: 0 },
  { host: "127.0.0.2", port: 0 },
];

async function started(t: TestContext, tls?: typeof TLS): Promise<Listening> {
  const app = fastify(tls === undefined ? {} : ({ https: tls } as object));
  app.get("/", async () => "here");
  const listening = await listen(app, BOTH, tls);
  t.after(async () => {
    listening.close();
    await app.close();
  });
  return listening;
}

test("one server answers on several addresses", async (t) => {
  const { urls } = await started(t);
  assert.equal(urls.length, 2);
  for (const url of urls) assert.equal(await (await fetch(url)).text(), "here");
});

test("with a key and a certificate all addresses speak TLS", async (t) => {
  const { urls } = await started(t, TLS);
  for (const url of urls) {
    assert.match(url, /^https:/);
    const answer = await new Promise<string>((resolve, reject) => {
      const request = https.get(url, { ca: TLS.cert, checkServerIdentity: () => undefined }, (response) => {
        response.setEncoding("utf8").on("data", resolve);
      });
      request.on("error", reject);
    });
    assert.equal(answer, "here");
  }
});

test("a port that stays busy is named, and nothing is left open", async (t) => {
  const other = net.createServer().listen(0, "127.0.0.2");
  await new Promise((resolve) => other.once("listening", resolve));
  t.after(() => other.close());
  const { port } = other.address() as net.AddressInfo;
  const app = fastify();
  t.after(() => app.close());
  await assert.rejects(
    listen(app, [
      { host: "127.0.0.1", port: 0 },
      { host: "127.0.0.2", port },
    ]),
    new RegExp(`port ${port} on 127\\.0\\.0\\.2 is in use`),
  );
});
