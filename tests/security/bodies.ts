/** Bodies that are no prompt, and prompts that are no graph. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestServer } from "../support/server.ts";
import { ask, postPrompt, type Shared } from "./hostile.ts";

const MB = 1024 * 1024;

async function refused(server: TestServer, body: string | Buffer, type: string): Promise<string> {
  const { status, answer } = await postPrompt(server, body);
  assert.equal(status, 400);
  assert.equal(answer.error.type, type);
  return answer.error.details;
}

const nodes = (prompt: unknown): string => JSON.stringify({ prompt });

export function testBodies(shared: Shared): void {
  test("a malformed body is 400", async () => {
    const server = shared();
    for (const body of [
      "",
      "{",
      '{"prompt": {}',
      "{'prompt': {}}",
      "\u0000",
      '{"prompt": {}} x',
      '{"a": 1,}',
    ]) {
      await refused(server, body, "invalid_json");
    }
    await refused(server, Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), "invalid_json");
    for (const body of ["null", "[]", "7", '"prompt"', "{}"]) await refused(server, body, "no_prompt");
    await refused(server, '{"prompt": []}', "invalid_prompt");
  });

  test("a body that is not what its headers say is 4xx", async () => {
    const server = shared();
    const coded = (encoding: string): Record<string, string> => ({ "Content-Encoding": encoding });
    assert.equal((await ask(server, "POST", "/prompt", coded("gzip"), "no gzip")).status, 400);
    assert.equal((await ask(server, "POST", "/prompt", coded("br"), "{}")).status, 415);
  });

  test("50 MB of JSON are answered within seconds, whatever they hold", async () => {
    const server = shared();
    const wrapped = (part: string): string =>
      `{"prompt": [${part.repeat(Math.floor((50 * MB) / part.length))}1]}`;
    await refused(server, `{"prompt": "${"a".repeat(50 * MB)}"}`, "invalid_prompt");
    assert.match(await refused(server, wrapped("1,"), "invalid_json"), /^More than \d+ values/);
    assert.match(await refused(server, wrapped("{},"), "invalid_json"), /^More than \d+ values/);
    assert.match(
      await refused(server, `{"prompt": ${"9".repeat(50 * MB)}}`, "invalid_json"),
      /^Integer of more than 4300 digits/,
    );
  });

  test("10,000 nested brackets are 400", async () => {
    const server = shared();
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      const body = `{"prompt": ${open.repeat(10_000)}1${close.repeat(10_000)}}`;
      assert.match(await refused(server, body, "invalid_json"), /^Nested deeper than \d+/);
    }
    await refused(server, "[".repeat(10_000), "invalid_json");
    await refused(server, "]".repeat(10_000), "invalid_json");
  });

  test("an unknown class is 400 and named", async () => {
    const server = shared();
    for (const name of ["NoSuchClass", "__proto__", "constructor", "toString", ""]) {
      const { status, answer } = await postPrompt(server, nodes({ "1": { class_type: name, inputs: {} } }));
      assert.equal(status, 400, name);
      assert.equal(answer.error.type, "missing_node_type", name);
      assert.ok(answer.error.message.includes(name));
    }
    await refused(
      server,
      '{"prompt": {"__proto__": {"class_type": "NoSuchClass", "inputs": {}}}}',
      "missing_node_type",
    );
  });

  test("a link into nothing is 400", async () => {
    const server = shared();
    const links = [
      ["9", 0],
      ["9", -1],
      ["__proto__", 0],
      ["2", 99],
    ];
    for (const images of [...links, [], [1], [[["1", 0]], 0], [null, 0]]) {
      const prompt = {
        "1": { class_type: "SaveImage", inputs: { images, filename_prefix: "x" } },
        "2": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color: 0 } },
      };
      const { status, answer } = await postPrompt(server, nodes(prompt));
      assert.equal(status, 400, JSON.stringify(images));
      assert.equal(answer.error.type, "prompt_outputs_failed_validation", JSON.stringify(images));
    }
  });

  test("a cycle is 400", async () => {
    const server = shared();
    const invert = (from: string): unknown => ({ class_type: "ImageInvert", inputs: { image: [from, 0] } });
    for (const others of [{ "2": invert("2") }, { "2": invert("3"), "3": invert("4"), "4": invert("2") }]) {
      const prompt = { "1": { class_type: "PreviewImage", inputs: { images: ["2", 0] } }, ...others };
      const { status, answer } = await postPrompt(server, nodes(prompt));
      assert.equal(status, 400);
      const types = Object.values(answer.node_errors).flatMap(({ errors }) => errors.map(({ type }) => type));
      assert.ok(types.includes("dependency_cycle"), types.join());
    }
  });
}
