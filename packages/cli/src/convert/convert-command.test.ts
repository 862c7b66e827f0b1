import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { after, describe, it, mock } from "node:test";
import { fileURLToPath } from "node:url";
import { convertCommand } from "./index.ts";

const golden = fileURLToPath(new URL("../../../../tests/golden/ui2api/", import.meta.url));
const infos = path.join(golden, "object_info.json");
const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-convert-"));
after(() => rmSync(folder, { recursive: true }));

/** Runs the command and keeps what it prints. */
async function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const out = mock.method(console, "log", () => undefined);
  const err = mock.method(console, "error", () => undefined);
  const printed = (calls: readonly { readonly arguments: readonly unknown[] }[]): string =>
    calls.map((call) => String(call.arguments[0])).join("\n");
  try {
    const status = await convertCommand(args);
    return { status, out: printed(out.mock.calls), err: printed(err.mock.calls) };
  } finally {
    out.mock.restore();
    err.mock.restore();
  }
}

function saved(name: string, content: unknown): string {
  const file = path.join(folder, name);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

const UNKNOWN = { nodes: [{ id: 4, type: "Nope", title: "Mine", widgets_values: [3] }], links: [] };

describe("hearth convert", () => {
  it("prints the prompt of a workflow, and of a media file", async () => {
    const file = path.join(golden, "inputs/hand-plain-two-nodes.json");
    const { status, out, err } = await run(file, "--object-info", infos);
    assert.deepEqual([status, err], [0, ""]);
    assert.deepEqual(JSON.parse(out)["2"].inputs, { filename_prefix: "out", images: ["1", 0] });
    const carrier = await run(
      path.join(golden, "carriers/carrier-mp4-top-udta.mov"),
      `--object-info=${infos}`,
    );
    assert.equal(JSON.parse(carrier.out)["1"].class_type, "EmptyImage");
  });

  it("asks a server for node infos", async () => {
    const server = http.createServer((request, response) => {
      response.writeHead(request.url === "/object_info" ? 200 : 404);
      response.end(JSON.stringify({ Nope: { input: { required: { size: ["INT", {}] } }, output: [] } }));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const { status, out } = await run(saved("unknown.json", UNKNOWN), "--server", `${url}/`);
      assert.equal(status, 0);
      assert.deepEqual(JSON.parse(out)["4"], {
        inputs: { size: 3 },
        class_type: "Nope",
        _meta: { title: "Mine" },
      });
      assert.match((await run(saved("unknown.json", UNKNOWN), "--server", `${url}/x`)).err, /status 404$/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it("names the nodes that it cannot convert, and prints no prompt", async () => {
    const { status, out, err } = await run(saved("unknown.json", UNKNOWN), "--object-info", infos);
    assert.deepEqual([status, out], [1, ""]);
    assert.match(err, /unknown\.json: node 4 'Mine' \(Nope\): there is no node class 'Nope'$/);
    const kept = await run(saved("unknown.json", UNKNOWN), "--object-info", infos, "--keep-unknown");
    assert.deepEqual(JSON.parse(kept.out), { "4": { inputs: { UNKNOWN: 3 }, _meta: { title: "Mine" } } });
  });

  it("says what is wrong with its files", async () => {
    const workflow = path.join(golden, "inputs/hand-plain-two-nodes.json");
    assert.match(
      (await run(path.join(folder, "absent.json"), "--object-info", infos)).err,
      /there is no such file$/,
    );
    assert.match(
      (await run(saved("a.txt", "hello"), "--object-info", infos)).err,
      /neither JSON nor a format/,
    );
    assert.match((await run(workflow, "--object-info", saved("b.json", "{"))).err, /b\.json is not JSON: /);
    const odd = saved("c.json", { EmptyImage: 5 });
    assert.match(
      (await run(workflow, "--object-info", odd)).err,
      /the entry of 'EmptyImage' is no node info$/,
    );
  });

  it("refuses calls that it does not understand", async () => {
    assert.equal((await run()).status, 2);
    assert.match((await run("a", "b")).err, /one file at a time/);
    assert.match((await run("a", "--nope")).err, /there is no option --nope/);
    assert.match((await run("a", "--server")).err, /--server needs a value/);
    assert.match(
      (await run("a", "--server", "u", "--object-info", "f")).err,
      /give one of --server and --object-info/,
    );
  });
});
