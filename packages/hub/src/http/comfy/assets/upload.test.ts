import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { test } from "node:test";
import { BOUNDARY, postForm } from "../../test-server.ts";
import { answerOf, type AssetServer, send, startAssetServer, upload } from "./test-server.ts";

const ABC = "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
const ZERO = `blake3:${"0".repeat(64)}`;

function refusal(answer: { status: number; body: unknown }): [number, string, string] {
  const { error } = answer.body as { error: { code: string; message: string } };
  return [answer.status, error.code, error.message];
}

test("new bytes are 201, known ones 200, by their hash alone too", async (t) => {
  const server = await startAssetServer(t);
  const first = await upload(server, "abc", { tags: '["input", " x "]', user_metadata: '{"k": 1.0}' });
  assert.equal(first.status, 201);
  assert.equal(first.body["created_new"], true);
  assert.equal(first.body["hash"], ABC);
  assert.deepEqual(first.body["tags"], ["input", "uploaded", "x"]);
  assert.deepEqual(Object.keys(first.body["user_metadata"]), ["k", "filename"]);
  const file = path.join(server.folders.input, `${ABC.slice(7)}.txt`);
  assert.equal(readFileSync(file, "utf8"), "abc");

  const second = await upload(server, "abc", { name: "second" });
  assert.equal(second.status, 200);
  assert.equal(second.body["created_new"], false);
  assert.equal(second.body["name"], "second");
  assert.equal(second.body["loader_path"], undefined);
  const hashFirst = await upload(server, "other bytes", {
    hash: ABC.toUpperCase().replace("BLAKE", "blake"),
  });
  assert.equal(hashFirst.status, 200);
  assert.deepEqual(readdirSync(server.folders.input), [path.basename(file)]);
  const alone = await answerOf(await postForm(`${server.url}/api/assets`, [{ name: "hash", content: ABC }]));
  assert.equal(alone.status, 200);
  const made = await send(server, "POST", "/api/assets/from-hash", { hash: ABC, tags: ["b", "a", "b"] });
  assert.equal(made.status, 201);
  assert.equal(made.body["name"], ABC.slice(7));
  assert.deepEqual(made.body["tags"], ["a", "b"]);
  const head = (hash: string): Promise<Response> =>
    fetch(`${server.url}/api/assets/hash/${hash}`, { method: "HEAD" });
  assert.equal((await head(ABC)).status, 200);
  assert.equal((await head(ZERO)).status, 404);
  assert.equal((await head("abc")).status, 400);
  const other = await fetch(`${server.url}/api/assets/hash/${ABC}`, { method: "POST" });
  assert.equal(other.status, 405);
});

test("models go to the folder of their type", async (t) => {
  const server = await startAssetServer(t);
  const tags = "models,model_type:loras";
  const { status, body } = await upload(server, "weights", { tags }, "x.SafeTensors");
  assert.equal(status, 201);
  assert.match(String(body["loader_path"]), /^[0-9a-f]{64}\.safetensors$/);
  assert.equal(body["display_name"], `loras/${body["loader_path"]}`);
  assert.deepEqual(body["tags"], ["model_type:loras", "models", "uploaded"]);
  assert.equal(body["preview_url"], undefined);
  assert.deepEqual(readdirSync(path.join(server.folders.models, "loras")), [body["loader_path"]]);
  // What no loader takes is an asset all the same, and stays one.
  const notes = await upload(server, "notes", { tags }, "notes.txt");
  assert.equal(notes.status, 201);
  await server.assets.scan();
  assert.equal(await server.assets.prune(), 0);
  assert.equal((await send(server, "GET", `/api/assets/${notes.body["id"]}`)).status, 200);
});

test("what is wrong with an upload is said, and nothing is left of it", async (t) => {
  const server = await startAssetServer(t);
  const { folders } = server;
  const cases: [Record<string, string>, string, RegExp][] = [
    [{}, "INVALID_BODY", /^tags are required for new asset uploads$/],
    [{ tags: "x" }, "INVALID_BODY", /^uploads require exactly one destination role/],
    [{ tags: "models" }, "INVALID_BODY", /^models uploads require exactly one model_type/],
    [
      { tags: "models,model_type:../../input" },
      "INVALID_BODY",
      /^unknown model category '\.\.\/\.\.\/input'$/,
    ],
    [{ tags: "[1]" }, "INVALID_BODY", /^Validation failed: \[\{"type": "string_type"/],
    [{ tags: '["a"' }, "INVALID_BODY", /^Validation failed: \[/],
    [{ tags: "input", user_metadata: "[]" }, "INVALID_BODY", /^Validation failed: \[/],
    [{ tags: "input", user_metadata: "{" }, "INVALID_BODY", /^Validation failed: \[/],
    [{ tags: "input", preview_id: "x" }, "INVALID_BODY", /^Validation failed: \[/],
    [{ tags: "input", name: "n".repeat(513) }, "INVALID_BODY", /^Validation failed: \[/],
    [{ tags: "input", hash: "md5:1" }, "INVALID_HASH", /^hash must be like 'blake3:<hex>'$/],
    [{ tags: "input", hash: ZERO }, "HASH_MISMATCH", /does not match/],
    [{ tags: "input", id: "x" }, "UNSUPPORTED_FIELD", /'id' is not supported/],
  ];
  for (const [fields, code, message] of cases) {
    const [status, given, text] = refusal(await upload(server, "bytes", fields));
    assert.deepEqual([status, given], [400, code], JSON.stringify(fields));
    assert.match(text, message);
  }
  assert.deepEqual(refusal(await upload(server, "")), [400, "EMPTY_UPLOAD", "Uploaded file is empty."]);
  const preview = await upload(server, "bytes", {
    tags: "input",
    preview_id: "00000000-0000-4000-8000-000000000001",
  });
  assert.equal(refusal(preview)[0], 404);
  const hashOnly = await answerOf(
    await postForm(`${server.url}/api/assets`, [{ name: "hash", content: ZERO }]),
  );
  assert.deepEqual(refusal(hashOnly).slice(0, 2), [400, "MISSING_INPUT"]);
  const { body } = await send(server, "GET", "/api/assets");
  assert.equal(body["total"], 0);
  assert.deepEqual(
    readdirSync(folders.input).filter((name) => name.startsWith(".")),
    [],
  );
});

test("names lead nowhere", async (t) => {
  const server = await startAssetServer(t);
  const names = ["../../../evil.txt", "/etc/passwd", "..\\..\\evil.exe", "a/b/c.PNG", ".", "..", "x.p/../ng"];
  for (const [index, name] of names.entries()) {
    const { status, body } = await upload(server, `content ${index}`, { tags: "input" }, name);
    assert.equal(status, 201, name);
    assert.match(String(body["loader_path"]), /^[0-9a-f]{64}(\.[a-z0-9_-]+)?$/);
  }
  assert.equal(readdirSync(server.folders.input).length, names.length);
  assert.deepEqual(
    readdirSync(server.folders.base).filter((name) => /evil/.test(name)),
    [],
  );
});

test("a destination that was made a link out of its folder is refused", async (t) => {
  const server = await startAssetServer(t);
  const { folders } = server;
  const outside = path.join(folders.base, "outside");
  mkdirSync(outside);
  symlinkSync(path.join(outside, "x"), path.join(folders.input, `${ABC.slice(7)}.txt`));
  assert.deepEqual(refusal(await upload(server, "abc")), [
    400,
    "INVALID_BODY",
    "the destination leads out of its folder",
  ]);
  assert.deepEqual(readdirSync(outside), []);
});

test("bodies that are no form, and forms that break off", async (t) => {
  const server = await startAssetServer(t);
  const { url, folders } = server;
  const post = async (type: string | undefined, body: string): Promise<[number, string, string]> =>
    refusal(
      await answerOf(
        await fetch(`${url}/api/assets`, {
          method: "POST",
          body,
          headers: type === undefined ? {} : { "content-type": type },
        }),
      ),
    );
  assert.equal((await post("application/json", "{}"))[0], 415);
  assert.deepEqual((await post("multipart/form-data", "x")).slice(0, 2), [400, "INVALID_BODY"]);
  const broken = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf`;
  const type = `multipart/form-data; boundary=${BOUNDARY}`;
  assert.deepEqual((await post(type, broken)).slice(0, 2), [400, "INVALID_BODY"]);
  const parts = Array.from({ length: 300 }, (_, index) => ({ name: `f${index}`, content: "x" }));
  const many = refusal(await answerOf(await postForm(`${url}/api/assets`, parts)));
  assert.deepEqual(many, [400, "INVALID_BODY", "The form has too many parts."]);
  const large = await upload(server, Buffer.alloc(9 * 1024 * 1024));
  assert.deepEqual(refusal(large).slice(0, 2), [413, "PAYLOAD_TOO_LARGE"]);
  assert.deepEqual(readdirSync(folders.input), []);
});

test("a client that goes away in the middle leaves no file and no asset", async (t) => {
  const server = await startAssetServer(t);
  await abort(server);
  while (readdirSync(server.folders.input).length > 0) await new Promise(setImmediate);
  assert.equal((await send(server, "GET", "/api/assets")).body["total"], 0);
});

/** Sends half a file, sees it arrive, and hangs up. */
async function abort({ port, folders }: AssetServer): Promise<void> {
  const request = http.request({
    port,
    host: "127.0.0.1",
    method: "POST",
    path: "/api/assets",
    headers: { "content-type": `multipart/form-data; boundary=${BOUNDARY}`, "content-length": 1_000_000 },
  });
  request.on("error", () => undefined);
  request.write(
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n${"x".repeat(300_000)}`,
  );
  while (readdirSync(folders.input).length === 0) await new Promise(setImmediate);
  request.destroy();
}

test("from-hash says what is wrong", async (t) => {
  const server = await startAssetServer(t);
  const post = async (body: unknown): Promise<[number, string, string]> =>
    refusal(await send(server, "POST", "/api/assets/from-hash", body));
  assert.deepEqual(await post({ hash: ZERO }), [
    404,
    "ASSET_NOT_FOUND",
    `Asset content ${ZERO} does not exist`,
  ]);
  for (const body of [
    {},
    [],
    null,
    { hash: 5 },
    { hash: null },
    { hash: "x" },
    { hash: ZERO, tags: "a" },
    { hash: ZERO, tags: [1, null] },
    { hash: ZERO, user_metadata: [] },
    { hash: ZERO, preview_id: "x" },
    { hash: ZERO, name: 5 },
  ]) {
    assert.deepEqual((await post(body)).slice(0, 2), [400, "INVALID_BODY"], JSON.stringify(body));
  }
  for (const body of ["{", "", "\ud800"]) assert.deepEqual((await post(body))[1], "INVALID_JSON");
});
