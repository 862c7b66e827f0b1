import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { resolveFolders } from "@hearth/protocol";
import { readWorkerSettings, settingsDigest, type WorkerSettings, workerEnvironment } from "./settings.ts";

const SETTINGS: WorkerSettings = {
  workerId: "native:1",
  name: "native",
  hub: { socket: "/tmp/a.sock" },
  token: "t",
  folders: resolveFolders({ base: "/base" }),
  files: "shared",
  concurrency: 1,
  tags: [],
  orphanMs: 1_000,
  engine: {
    kind: "native",
    modelFolders: {},
    metadata: true,
    previewSize: 0,
    cache: { kind: "classic" },
    packs: "all",
  },
};

/** As a worker process reads what its starter left. */
function started(settings: WorkerSettings): WorkerSettings {
  const before = { ...process.env };
  Object.assign(process.env, workerEnvironment(settings));
  try {
    return readWorkerSettings();
  } finally {
    process.env = before;
  }
}

test("a worker that this code started has the digest that its hub wants, whoever and wherever it is", () => {
  const wanted = settingsDigest(SETTINGS);
  assert.equal(settingsDigest(started(SETTINGS)), wanted);
  const other = { ...SETTINGS, workerId: "native:2", token: "u", hub: { socket: "/tmp/b.sock" } };
  assert.equal(settingsDigest(started(other)), wanted);
  assert.notEqual(settingsDigest({ ...SETTINGS, concurrency: 2 }), wanted);
});

test("a worker that code of another version started has another digest", () => {
  const file = new URL("../../../version.json", import.meta.url);
  const { components } = JSON.parse(readFileSync(file, "utf8")) as {
    components: { backend: { version: string } };
  };
  assert.equal(started(SETTINGS).version, components.backend.version);
  assert.notEqual(settingsDigest(started({ ...SETTINGS, version: "0.0.9" })), settingsDigest(SETTINGS));
});
