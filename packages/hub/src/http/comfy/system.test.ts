import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import os from "node:os";
import { test } from "node:test";
import type { JsonObject } from "@hearth/protocol";
import { pino } from "pino";
import { FileNames } from "../../files/file-lists.ts";
import { defaultModelFolders } from "../../files/model-folders.ts";
import { comfyUiDevices } from "../../workers/devices.ts";
import { nodeClass, testFleet } from "../../workers/test-support.ts";
import { createHttpServer } from "../server.ts";
import { temporaryFolders } from "../test-server.ts";
import { registerSystem } from "./system.ts";

const CARD: JsonObject = {
  ...{ name: "cuda:0 NVIDIA H100", type: "cuda", index: 0, vram_total: 85_520_809_984 },
  ...{ vram_free: 85_000_000_000, torch_vram_total: 0, torch_vram_free: 0 },
};
const PROCESSOR: JsonObject = { ...CARD, name: "cpu", type: "cpu", index: null };

test("/system_stats lists the devices of the ComfyUIs that can run jobs, else this machine's processor", async (t) => {
  const { fleet, join } = await testFleet(t);
  const folders = temporaryFolders(t);
  const options = {
    ...{ folders, modelFolders: defaultModelFolders(folders), maxUploadBytes: 1024, compress: false },
    ...{ csp: false, featureFlags: {}, argv: ["hearth", "serve"], log: pino({ level: "silent" }) },
    auth: { allowAnonymous: false, key: "secret-key", sessionSecret: "session-secret" },
  };
  const app = createHttpServer(options);
  const names = new FileNames(folders, options.modelFolders);
  registerSystem(app, { ...options, devices: () => comfyUiDevices(fleet.members) }, names);
  await app.listen({ host: "127.0.0.1", port: 0 });
  t.after(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  const devices = async (): Promise<JsonObject[]> => {
    const answer = await fetch(`http://127.0.0.1:${port}/system_stats`);
    return ((await answer.json()) as { devices: JsonObject[] }).devices;
  };
  const own = async (): Promise<void> => {
    const [only, ...others] = await devices();
    assert.deepEqual([only?.["name"], only?.["vram_total"], others], ["cpu", os.totalmem(), []]);
  };

  const classes = [nodeClass("EmptyImage")];
  await join({ name: "native" }, classes);
  await own();
  const slow = await join({ name: "a", engine: "comfyui" }, classes);
  await own();
  fleet.stateChanged(slow, { isAvailable: true, devices: [PROCESSOR] });
  const fast = await join({ name: "b", engine: "comfyui" }, classes);
  fleet.stateChanged(fast, { isAvailable: true, devices: [CARD] });
  assert.deepEqual(await devices(), [CARD, PROCESSOR]);
  await fleet.configure("a", { mode: "disabled" });
  assert.deepEqual(await devices(), [CARD]);
  fleet.stateChanged(fast, { isAvailable: false, devices: [CARD] });
  await own();
  fleet.stateChanged(fast, { isAvailable: true, devices: [CARD] });
  fleet.lost(fast);
  await own();
});
