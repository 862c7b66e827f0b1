import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { test } from "node:test";
import { pino } from "pino";
import { FileNames } from "../../files/file-lists.ts";
import { defaultModelFolders } from "../../files/model-folders.ts";
import { createHttpServer } from "../server.ts";
import { temporaryFolders } from "../test-server.ts";
import { registerModels } from "./models.ts";

test("model files of workers on other machines are listed with the hub's own", async (t) => {
  const folders = temporaryFolders(t);
  const modelFolders = defaultModelFolders(folders);
  const app = createHttpServer({
    ...{
      folders,
      modelFolders,
      maxUploadBytes: 1024,
      compress: false,
      csp: false,
      featureFlags: {},
      argv: [],
    },
    log: pino({ level: "silent" }),
    auth: { allowAnonymous: false, key: "secret-key", sessionSecret: "session-secret" },
  });
  let elsewhere: Record<string, readonly string[]>[] = [];
  registerModels(app, modelFolders, new FileNames(folders, modelFolders), () => elsewhere);
  await app.listen({ host: "127.0.0.1", port: 0 });
  t.after(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  const get = async (target: string): Promise<any> => {
    const answer = await fetch(`http://127.0.0.1:${port}${target}`);
    return answer.status === 200 ? answer.json() : answer.status;
  };
  mkdirSync(path.join(folders.models, "vae"), { recursive: true });
  writeFileSync(path.join(folders.models, "vae/b.safetensors"), "12345");
  assert.deepEqual(await get("/models/vae"), ["b.safetensors"]);
  assert.equal(await get("/models/ipadapter"), 404);
  const types = ((await get("/models")) as string[]).length;

  elsewhere = [{ vae: ["a.safetensors", "b.safetensors"] }, { vae: ["c.pt"], ipadapter: ["x.bin"] }];
  assert.deepEqual(await get("/models/vae"), ["a.safetensors", "b.safetensors", "c.pt"]);
  assert.deepEqual(await get("/models/ipadapter"), ["x.bin"]);
  assert.equal(await get("/models/__proto__"), 404);
  const all = (await get("/models")) as string[];
  assert.deepEqual([all.length, all.at(-1)], [types + 1, "ipadapter"]);
  const shown = (await get("/experiment/models")) as { name: string }[];
  assert.deepEqual(shown.at(-1), { name: "ipadapter", folders: [], extensions: [] });
  const files = (await get("/experiment/models/vae")) as { name: string; pathIndex: number; size?: number }[];
  assert.deepEqual(
    files.map(({ name, size }) => [name, size]),
    [
      ["b.safetensors", 5],
      ["a.safetensors", undefined],
      ["c.pt", undefined],
    ],
  );
  assert.equal(files[1]?.pathIndex, modelFolders.get("vae")?.paths.length, "behind all folders of the hub");
  assert.deepEqual(await get("/experiment/models/ipadapter"), [{ name: "x.bin", pathIndex: 0 }]);
});
