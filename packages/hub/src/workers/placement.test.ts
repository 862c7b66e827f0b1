import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { JsonObject } from "@hearth/protocol";
import { temporaryFolders } from "../http/test-server.ts";
import { NodeCatalog } from "../nodes/catalog.ts";
import { placementOver } from "./placement.ts";
import { nodeClass, testFleet } from "./test-support.ts";
import { validatorOver } from "./validators.ts";

const SAVE = nodeClass("Save", {}, { isOutput: true });
const PROMPT: JsonObject = {
  "1": { class_type: "Loader", inputs: { ckpt: "b.safetensors" } },
  "2": { class_type: "Save", inputs: { images: ["1", 0] } },
};

test("a prompt that no worker can ever run is refused with what each one lacks", async (t) => {
  const { fleet, join } = await testFleet(t);
  const catalog = new NodeCatalog(fleet);
  const place = placementOver({ fleet, catalog, folders: temporaryFolders(t) });
  assert.deepEqual(place(PROMPT, ["2"]), { needs: undefined }, "nobody is known yet");
  await join({ name: "native" }, [SAVE]);
  await join({ name: "gpu-1", engine: "comfyui" }, [
    nodeClass("Loader", { ckpt: [["a.safetensors"], {}] }),
    SAVE,
  ]);
  const placed = place(PROMPT, ["2"]);
  assert.ok("error" in placed);
  assert.deepEqual(placed.error, {
    type: "no_eligible_worker",
    message: "No worker can run this prompt",
    details:
      "native: does not know the node class 'Loader'; gpu-1: does not have 'b.safetensors' (Loader, ckpt)",
    extra_info: {
      workers: [
        { worker: "native", reasons: ["does not know the node class 'Loader'"] },
        { worker: "gpu-1", reasons: ["does not have 'b.safetensors' (Loader, ckpt)"] },
      ],
    },
  });
  // A worker that has it, and is only paused, is waited for.
  const gpu2 = await join({ name: "gpu-2", engine: "comfyui" }, [
    nodeClass("Loader", { ckpt: [["b.safetensors"], {}] }),
    SAVE,
  ]);
  await fleet.configure("gpu-2", { mode: "paused" });
  fleet.lost(gpu2);
  const waits = place(PROMPT, ["2"]);
  assert.ok("needs" in waits);
  assert.equal(waits.needs, '[["Loader","Save"],[["Loader","ckpt","b.safetensors"]],["b.safetensors"],[]]');
  assert.ok(
    "error" in place(PROMPT, ["2"], ["gpu"]) === false,
    "no worker carries a tag: they restrict nothing",
  );
  await fleet.configure("gpu-1", { tags: ["other"] });
  assert.ok("error" in place(PROMPT, ["2"], ["gpu"]));
  await fleet.configure("gpu-2", { mode: "disabled" });
  assert.ok("error" in place(PROMPT, ["2"]));
});

test("a native worker answers for its class, the hub for files where no native worker knows it", async (t) => {
  const { fleet, join } = await testFleet(t);
  const folders = temporaryFolders(t);
  const catalog = new NodeCatalog(fleet);
  const validate = validatorOver({ fleet, catalog, folders });
  const ask = (image: string) => validate("LoadImage", { inputs: { image }, inputTypes: {} });
  const image = (...there: string[]) => nodeClass("LoadImage", { image: [there, { image_upload: true }] });
  writeFileSync(path.join(folders.input, "mine.png"), "");
  const gpu = await join({ name: "gpu-1", engine: "comfyui" }, [image("theirs.png")]);
  gpu.outcome = { result: "a ComfyUI is not asked" };
  assert.deepEqual(await ask("mine.png"), { result: true });
  assert.deepEqual(await ask("theirs.png"), { result: true });
  assert.deepEqual(await ask("none.png"), { result: "Invalid image file: none.png" });
  assert.deepEqual(await ask("../input/mine.png"), { result: true });
  const lists = [{ path: ["input", "required", "image", 0], folder: "input", media: ["image"] as const }];
  const native = await join({ name: "native" }, [
    { ...nodeClass("LoadImage", { image: [[], { image_upload: true }] }, { lists }), validates: ["image"] },
  ]);
  native.outcome = { result: "the native worker's own words" };
  assert.deepEqual(await ask("mine.png"), native.outcome);
  assert.deepEqual(await ask("theirs.png"), { result: true }, "the native worker cannot see it");
  native.outcome = undefined;
  assert.deepEqual(await ask("mine.png"), { result: true }, "nobody answers");
});
