import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveFolders, type JsonObject } from "@hearth/protocol";
import { EngineBusyError } from "./errors.ts";
import { NodeError } from "./node-class.ts";
import { NodeRegistry } from "./node-registry.ts";
import { any, commonNodes, node, nodeClass, recorder } from "./test-nodes.ts";

test("a pack's class names its pack, never replaces a built-in one, but one of another pack", () => {
  const registry = new NodeRegistry();
  const plain = nodeClass("Plain", { execute: () => [] });
  registry.add(plain);
  assert.equal(registry.add(nodeClass("Plain", { execute: () => [1] }), "pack"), false);
  assert.equal(registry.get("Plain"), plain);
  registry.add(nodeClass("Other", { execute: () => [] }), "one");
  registry.add(nodeClass("Other", { execute: () => [] }), "two");
  assert.deepEqual(
    registry.announcements().map(({ info }) => [info.name, info.python_module]),
    [
      ["Plain", "nodes"],
      ["Other", "custom_nodes.two"],
    ],
  );
});

test("announcements say what the hub must know of validators", () => {
  const registry = new NodeRegistry();
  registry.add(
    nodeClass("V", { validates: ["a"], validatesTypes: true, validate: () => true, execute: () => [] }),
  );
  const [{ info: _info, ...rest } = assert.fail()] = registry.announcements();
  assert.deepEqual(rest, { validates: ["a"], validatesTypes: true });
});

test("validators answer, or their exception is told; folders are theirs to use", async () => {
  const own = nodeClass("Own", {
    validates: "*",
    validate: async ({ inputs }, { folders }) =>
      inputs["value"] === 1 ? folders.base === resolveFolders({ base: folders.base }).base : "not one",
    execute: () => [],
  });
  const raises = nodeClass("Raises", {
    validates: "*",
    validate: () => {
      throw new NodeError("bad", "KeyError");
    },
    execute: () => [],
  });
  const { engine } = recorder([own, raises]);
  assert.deepEqual(await engine.validate("Own", { inputs: { value: 1 }, inputTypes: {} }), { result: true });
  assert.deepEqual(await engine.validate("Own", { inputs: { value: 2 }, inputTypes: {} }), {
    result: "not one",
  });
  assert.deepEqual(await engine.validate("Raises", { inputs: {}, inputTypes: {} }), {
    exception: "bad",
    exceptionType: "KeyError",
  });
  assert.deepEqual(await engine.validate("Unknown", { inputs: {}, inputTypes: {} }), { result: true });
});

test("the engine runs one prompt at a time", async () => {
  const gate = Promise.withResolvers<void>();
  const waits = nodeClass("Waits", { outputNode: true, execute: async () => (await gate.promise, []) });
  const { run } = recorder([waits]);
  const first = run({ "1": node("Waits") });
  await assert.rejects(run({ "1": node("Waits") }), EngineBusyError);
  gate.resolve();
  assert.equal((await first).status, "success");
});

test("models are unloaded by who holds them", () => {
  let unloaded = 0;
  const { engine } = recorder([], { kind: "classic" }, { unloadModels: () => (unloaded += 1) });
  engine.free({ unloadModels: false, freeMemory: true });
  engine.free({ unloadModels: true, freeMemory: false });
  assert.equal(unloaded, 1);
});

const image = ["IMAGE", {}] as const;
const growing = nodeClass("Batch", {
  required: {
    images: [
      "COMFY_AUTOGROW_V3",
      { template: { input: { required: { image: [...image] } }, prefix: "image", min: 1, max: 50 } },
    ],
  },
  execute: ({ images }) => [JSON.stringify(images)],
});
const choosing = nodeClass("Resize", {
  required: {
    how: [
      "COMFY_DYNAMICCOMBO_V3",
      { options: [{ key: "by", inputs: { required: { factor: ["FLOAT", {}] } } }] },
    ],
  },
  execute: ({ how }) => [JSON.stringify(how)],
});

test("dynamic inputs are rebuilt before the call, and unknown members refused as Python would", async () => {
  const { run, messages } = recorder([growing, choosing]);
  const ok = await run({
    "1": node("Value", { value: "a" }),
    "2": node("Batch", { "images.image0": ["1", 0], "images.image3": ["1", 0] }),
    "3": node("Show", { value: ["2", 0] }),
    "4": node("Resize", { how: "by", "how.factor": 2.5 }),
    "5": node("Show", { value: ["4", 0] }),
  });
  assert.deepEqual(ok.outputs, {
    "3": { text: ['{"image0":"a","image3":"a"}'] },
    "5": { text: ['{"how":"by","factor":2.5}'] },
  });
  const messageOf = async (prompt: JsonObject): Promise<unknown> => {
    await run(prompt);
    const last = messages.at(-1) as { data: JsonObject };
    assert.equal(last.data["exception_type"], "TypeError");
    return last.data["exception_message"];
  };
  assert.match(
    String(
      await messageOf({
        "1": node("Value", { value: "a" }),
        "2": node("Batch", { "images.image0": ["1", 0], "images.image60": ["1", 0] }),
        "3": node("Show", { value: ["2", 0] }),
      }),
    ),
    /got an unexpected keyword argument 'images.image60'\n$/,
  );
  assert.match(
    String(await messageOf({ "4": node("Resize", { how: "nope" }), "5": node("Show", { value: ["4", 0] }) })),
    /missing 1 required positional argument: 'how'\n$/,
  );
});

test("a class that vanished since validation fails the run", async () => {
  const { run, said } = recorder();
  assert.ok(!commonNodes().some(({ name }) => name === "Gone"));
  const result = await run({ "1": node("Gone"), "2": node("Show", { value: ["1", 0] }) });
  assert.equal(result.status, "error");
  assert.match(said().at(-1) ?? "", /Gone, which is not registered/);
});

test("a concurrent node whose later call throws at once leaves no stray rejection", async () => {
  const mixed = nodeClass("Mixed", {
    required: { value: any },
    concurrent: true,
    execute: ({ value }) => {
      if (value === 2) throw new NodeError("at once");
      return Promise.reject(new NodeError("later"));
    },
  });
  const { run, said } = recorder([mixed]);
  await run({
    "1": node("MakeList", { x: 1, y: 2 }),
    "2": node("Mixed", { value: ["1", 0] }),
    "3": node("Show", { value: ["2", 0] }),
  });
  assert.equal(said().at(-1), "error 2 at once");
});
