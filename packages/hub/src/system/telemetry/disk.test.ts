import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { DiskReader } from "./disk.ts";

function folder(t: TestContext): string {
  const made = mkdtempSync(path.join(os.tmpdir(), "hearth-disk-"));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

function environment(values: Readonly<Record<string, string>>): ConstructorParameters<typeof DiskReader>[1] {
  const get = (key: string): string => values[key] ?? "";
  return { get, orDefault: get, isRunpod: values["RUNPOD_POD_ID"] !== undefined };
}

test("S-84 the figures of the file system", async (t) => {
  const { total, used } = await new DiskReader(folder(t), environment({})).read();
  assert.ok(total > 0 && used > 0 && used <= total);
});

test("S-98 on RunPod the size comes from its API, asked once, and the use is counted", async (t) => {
  const asked: string[] = [];
  const api = http.createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    response.setHeader("content-type", "application/json");
    response.end('{"id": "vol 1", "name": "models", "size": 100, "dataCenterId": "EU-RO-1"}');
  });
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  t.after(() => api.close());
  const at = folder(t);
  writeFileSync(path.join(at, "model"), Buffer.alloc(3_000_000, 1));
  const reader = new DiskReader(
    at,
    environment({
      RUNPOD_POD_ID: "pod",
      RUNPOD_VOLUME_ID: "vol 1",
      RUNPOD_API_KEY: "rp-key",
      RUNPOD_API_ROOT: `http://127.0.0.1:${(api.address() as AddressInfo).port}/v1/`,
    }),
  );
  let disk = await reader.read();
  const deadline = performance.now() + 20_000;
  while (disk.used === 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    disk = await reader.read();
  }
  assert.equal(disk.total, 107374182400);
  assert.ok(disk.used >= 3_000_000 && disk.used < 4_000_000, String(disk.used));
  assert.deepEqual(asked, ["/v1/networkvolumes/vol%201 Bearer rp-key"]);
});

test("S-84 on RunPod a size that the API does not tell is 0", async (t) => {
  const reader = new DiskReader(
    folder(t),
    environment({
      RUNPOD_POD_ID: "pod",
      RUNPOD_VOLUME_ID: "v",
      RUNPOD_API_ROOT: "http://127.0.0.1:9",
    }),
  );
  assert.equal((await reader.read()).total, 0);
});
