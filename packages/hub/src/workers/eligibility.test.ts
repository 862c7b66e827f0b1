import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { FileNames } from "../files/file-lists.ts";
import { defaultModelFolders } from "../files/model-folders.ts";
import { temporaryFolders } from "../http/test-server.ts";
import { AWAY_MS, isPassing } from "./eligibility.ts";
import type { Fleet } from "./fleet.ts";
import type { Needs } from "./needs.ts";
import { nodeClass, testFleet } from "./test-support.ts";

const LOADER = nodeClass("Loader", { ckpt: [["a.safetensors"], {}] });
const SAVE = nodeClass("Save", {}, { isOutput: true });

function needs(more: Partial<Needs> = {}): Needs {
  return { classes: ["Save"], values: [], models: [], tags: [], ...more };
}

const WITH_MODEL = needs({
  classes: ["Loader", "Save"],
  values: [["Loader", "ckpt", "a.safetensors"]],
  models: ["a.safetensors"],
});

function reasons(fleet: Fleet, name: string, wanted: Needs): string[] {
  const member = fleet.named(name);
  assert.ok(member !== undefined);
  return fleet.eligibility.whyNot(member, wanted).map(({ kind, text }) => `${kind}: ${text}`);
}

test("a worker must know the classes and have the files, and says what it lacks", async (t) => {
  const { fleet, join } = await testFleet(t);
  await join({ name: "gpu-1", engine: "comfyui" }, [LOADER, SAVE]);
  await join({ name: "gpu-2", engine: "comfyui" }, [nodeClass("Loader", { ckpt: [["b.safetensors"], {}] })]);
  assert.deepEqual(reasons(fleet, "gpu-1", WITH_MODEL), []);
  assert.deepEqual(reasons(fleet, "gpu-2", WITH_MODEL), [
    "unknown-class: does not know the node class 'Save'",
    "missing-file: does not have 'a.safetensors' (Loader, ckpt)",
  ]);
  const many = needs({ classes: Array.from({ length: 8 }, (_, index) => `C${index}`) });
  assert.equal(reasons(fleet, "gpu-1", many).length, 5);
  assert.equal(
    reasons(fleet, "gpu-1", many).at(-1),
    "unknown-class: does not know the node class 'C4' and 3 more",
  );
  const choice = needs({ values: [["Loader", "ckpt", 7]] });
  assert.deepEqual(reasons(fleet, "gpu-1", choice), ["missing-choice: does not have '7' (Loader, ckpt)"]);
});

test("what an operator set, what the worker says and its link are looked at", async (t) => {
  const { fleet, join } = await testFleet(t);
  const link = await join({ name: "gpu-1", engine: "comfyui" }, [SAVE]);
  const kinds = (): string[] => reasons(fleet, "gpu-1", needs()).map((text) => text.split(":", 1)[0] ?? "");
  fleet.stateChanged(link, { isAvailable: false, problem: "http://g:8188 does not answer" });
  assert.deepEqual(reasons(fleet, "gpu-1", needs()), [
    "unavailable: cannot run anything now: http://g:8188 does not answer",
  ]);
  fleet.stateChanged(link, { isAvailable: true });
  fleet.canaryEnded("gpu-1", { isOk: false, at: 1, tookMs: 1, problem: "it showed no picture" });
  assert.deepEqual(reasons(fleet, "gpu-1", needs()), [
    "unavailable: failed its canary: it showed no picture",
  ]);
  fleet.canaryEnded("gpu-1", { isOk: true, at: 2, tookMs: 1 });
  await fleet.configure("gpu-1", { mode: "paused" });
  assert.deepEqual(kinds(), ["paused"]);
  fleet.jobStarted(link, "p", undefined);
  await fleet.configure("gpu-1", { mode: "draining" });
  assert.deepEqual(kinds(), ["draining"]);
  fleet.jobEnded(link, "p", { ok: true });
  assert.deepEqual(kinds(), ["disabled"]);
  await fleet.configure("gpu-1", { mode: "on" });
  fleet.lost(link);
  assert.deepEqual(kinds(), ["offline"]);
});

test("being away passes for a minute, and for ever where this hub starts the worker", async (t) => {
  const { fleet, join, reopen } = await testFleet(t);
  const at = (one: Fleet): ReturnType<Fleet["eligibility"]["whyNot"]> =>
    one.eligibility.whyNot(one.members[0]!, needs());
  fleet.lost(await join({ name: "gpu-1", engine: "comfyui" }, [SAVE]));
  const [reason] = at(fleet);
  assert.equal(isPassing(reason!), true);
  assert.equal(isPassing(reason!, Date.now() + AWAY_MS + 1_000), false);
  await fleet.supervise(["gpu-1"]);
  assert.equal(isPassing(at(fleet)[0]!, Date.now() + 10 * AWAY_MS), true);
  // For a hub that starts, everybody is away at first.
  const again = await reopen();
  const [early] = at(again);
  assert.ok((early?.until ?? 0) >= again.openedAt + AWAY_MS);
});

test("tags count once any worker carries one", async (t) => {
  const { fleet, join } = await testFleet(t);
  await join({ name: "a", engine: "comfyui" }, [SAVE]);
  assert.deepEqual(reasons(fleet, "a", needs({ tags: ["gpu"] })), []);
  await join({ name: "b", engine: "comfyui", tags: ["gpu", "big"] }, [SAVE]);
  assert.deepEqual(reasons(fleet, "a", needs({ tags: ["gpu"] })), ["tag: lacks the tag 'gpu'"]);
  assert.deepEqual(reasons(fleet, "b", needs({ tags: ["gpu"] })), []);
  assert.deepEqual(reasons(fleet, "b", needs({ tags: ["fast", "gpu"] })), ["tag: lacks the tag 'fast'"]);
  assert.deepEqual(reasons(fleet, "b", needs()), []);
});

test("the native worker leaves graphs with models to the ComfyUI workers, where one can take them", async (t) => {
  const { fleet, join } = await testFleet(t);
  await join({ name: "native" }, [LOADER, SAVE]);
  assert.deepEqual(reasons(fleet, "native", WITH_MODEL), [], "alone it takes all that it knows");
  const gpu = await join({ name: "gpu-1", engine: "comfyui" }, [LOADER, SAVE]);
  assert.deepEqual(reasons(fleet, "native", WITH_MODEL), [
    "loads-models: leaves graphs that load model files to the ComfyUI workers",
  ]);
  assert.deepEqual(reasons(fleet, "native", needs()), []);
  fleet.eligibility.preferNative = "always";
  assert.deepEqual(reasons(fleet, "native", WITH_MODEL), []);
  fleet.eligibility.preferNative = "modelless";
  fleet.lost(gpu);
  await fleet.configure("gpu-1", { mode: "disabled" });
  assert.deepEqual(reasons(fleet, "native", WITH_MODEL), []);
});

test("the native worker has what lies in the hub's folders of now", async (t) => {
  const folders = temporaryFolders(t);
  const names = new FileNames(folders, defaultModelFolders(folders));
  const { fleet, join } = await testFleet(t, { names });
  const lists = [{ path: ["input", "required", "vae", 0], folder: "vae", fixed: ["pixel_space"] }];
  await join({ name: "native" }, [nodeClass("VAE", { vae: [[], {}] }, { lists })]);
  const wanted = (name: string): Needs => needs({ classes: ["VAE"], values: [["VAE", "vae", name]] });
  assert.deepEqual(reasons(fleet, "native", wanted("pixel_space")), []);
  assert.equal(reasons(fleet, "native", wanted("x.safetensors")).length, 1);
  mkdirSync(path.join(folders.models, "vae"), { recursive: true });
  writeFileSync(path.join(folders.models, "vae/x.safetensors"), "");
  names.touch("vae");
  assert.deepEqual(reasons(fleet, "native", wanted("x.safetensors")), []);
});
