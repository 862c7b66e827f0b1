import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { pino } from "pino";
import { temporaryFolders, rawRequest } from "./test-server.ts";
import { defaultModelFolders } from "../files/model-folders.ts";
import { sendJson } from "./answers.ts";
import { LateContracts } from "./late-contracts.ts";
import type { HttpOptions } from "./options.ts";
import { ownContract, studioError } from "./own-contract.ts";
import { createHttpServer } from "./server.ts";
import { route } from "./twin.ts";

const KEY = { "x-api-key": "secret-key" };

interface Hosted {
  readonly port: number;
  readonly contracts: LateContracts;
  /** how often they were opened */
  opened(): number;
  /** lets the opening go on, or fail */
  go(error?: Error): void;
}

async function hosted(t: TestContext): Promise<Hosted> {
  const folders = temporaryFolders(t);
  const log = pino({ level: "silent" });
  const options: HttpOptions = {
    ...{ folders, modelFolders: defaultModelFolders(folders), log },
    ...{ maxUploadBytes: 1024 * 1024, compress: false, csp: false, featureFlags: {}, argv: [] },
    auth: { allowAnonymous: false, key: "secret-key", sessionSecret: "s" },
  };
  const gate = Promise.withResolvers<void>();
  gate.promise.catch(() => undefined);
  let opened = 0;
  const contracts = new LateContracts(async () => {
    opened += 1;
    await gate.promise;
    const own = createHttpServer(options, { sharedWith: app });
    ownContract(own, studioError)("POST", "/api/admin/things", "run", (request, reply) =>
      sendJson(reply, { body: String(request.body) }),
    );
    await own.ready();
    return {
      routing: own.routing,
      upgrade: () => undefined,
      healthy: () => Promise.resolve(),
      closeStreams: () => Promise.resolve(),
      close: () => own.close(),
    };
  }, log);
  const app = createHttpServer(options, { others: contracts });
  route(app, "GET", "/plain", (_request, reply) => sendJson(reply, "here"));
  await app.listen({ host: "127.0.0.1", port: 0 });
  t.after(async () => {
    await contracts.closeStreams();
    app.server.closeAllConnections();
    await app.close();
    await contracts.close();
  });
  const { port } = app.server.address() as { port: number };
  return {
    port,
    contracts,
    opened: () => opened,
    go: (error) => (error === undefined ? gate.resolve() : gate.reject(error)),
  };
}

test("who asks for something else does not wait, who asks for them does, and they are opened once", async (t) => {
  const { port, opened, go } = await hosted(t);
  assert.equal((await rawRequest(port, "GET", "/plain")).body, '"here"');
  assert.equal(opened(), 0);
  const answers = [1, 2].map((n) => rawRequest(port, "POST", "/api/admin/things", KEY, `body ${n}`));
  assert.equal((await rawRequest(port, "GET", "/plain")).body, '"here"');
  go();
  assert.deepEqual(
    (await Promise.all(answers)).map(({ status, body }) => [status, body]),
    [
      [200, '{"body": "body 1"}'],
      [200, '{"body": "body 2"}'],
    ],
  );
  assert.equal(opened(), 1);
});

test("keys and their throttling are one with the server that listens", async (t) => {
  const { port, go } = await hosted(t);
  go();
  const wrong = { host: "hearth.example", "x-api-key": "wrong" };
  for (let count = 0; count < 9; count += 1) {
    assert.equal((await rawRequest(port, "POST", "/api/admin/things", wrong, "{}")).status, 401);
  }
  assert.equal((await rawRequest(port, "GET", "/plain", wrong)).status, 429, "the tenth, on the other side");
});

test("what cannot be opened is said, and the rest goes on", async (t) => {
  const { port, go } = await hosted(t);
  go(new Error("on purpose"));
  assert.equal((await rawRequest(port, "POST", "/api/admin/things", KEY, "{}")).status, 500);
  assert.equal((await rawRequest(port, "GET", "/plain")).status, 200);
});
