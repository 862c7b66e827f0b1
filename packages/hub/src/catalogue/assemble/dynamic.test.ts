import assert from "node:assert/strict";
import { test } from "node:test";
import { type JsonObject } from "@hearth/protocol";
import { checkManifest } from "../manifest/read-manifest.ts";
import type { Block } from "../manifest/schema.ts";
import { nodeInfo } from "../test-support.ts";
import { Seeds } from "../values/seeds.ts";
import { assembleDynamic } from "./dynamic.ts";

type Made = Record<string, { class_type: string; inputs: JsonObject }>;

function assemble(
  pipeline: object[],
  blocks: Record<string, Block>,
  values: JsonObject = {},
  inputs: object[] = [],
  seeds = new Seeds(),
): Made {
  const manifest = checkManifest({ id: "w", name: "w", type: "dynamic", inputs, pipeline }, "w");
  return assembleDynamic(
    manifest,
    new Map(Object.entries(blocks)),
    values,
    seeds,
    nodeInfo,
  ) as unknown as Made;
}

const SOURCE: Block = {
  nodes: {
    a: { class_type: "EmptyImage", inputs: { width: "{{n}}" } },
    b: { class_type: "ImageInvert", inputs: { image: ["a", 0] } },
  },
  exports: { image: ["b", 0] },
};
const FILTER: Block = {
  nodes: { f: { class_type: "ImageInvert", inputs: {} } },
  imports: { image: "f.image" },
  exports: { image: ["f", 0] },
};
const SAVE: Block = {
  nodes: { s: { class_type: "SaveImage", inputs: { filename_prefix: "{{word}}" } } },
  imports: { image: "s.images" },
};
const INPUTS = [
  { id: "n", type: "int" },
  { id: "on", type: "boolean" },
  { id: "word", type: "text" },
];

test("ids get the step's name, and imports are linked to the last export", () => {
  const made = assemble(
    [{ block: "source" }, { block: "filter", id: "one" }, { block: "filter", id: "two" }, { block: "save" }],
    { source: SOURCE, filter: FILTER, save: SAVE },
    { n: 8, word: "x", on: false },
    INPUTS,
  );
  assert.deepEqual(Object.keys(made), ["source-a", "source-b", "one-f", "two-f", "save-s"]);
  assert.deepEqual(made["source-b"]?.inputs, { image: ["source-a", 0] });
  assert.deepEqual(made["one-f"]?.inputs, { image: ["source-b", 0] });
  assert.deepEqual(made["two-f"]?.inputs, { image: ["one-f", 0] });
  assert.deepEqual(made["save-s"]?.inputs, { filename_prefix: "x", images: ["two-f", 0] });
});

test("a step is left out by a boolean, and the export before it goes on", () => {
  const run = (on: boolean): Made =>
    assemble(
      [{ block: "source" }, { block: "filter", when: "on" }, { block: "save" }],
      { source: SOURCE, filter: FILTER, save: SAVE },
      { n: 8, word: "x", on },
      INPUTS,
    );
  assert.deepEqual(run(true)["save-s"]?.inputs["images"], ["filter-f", 0]);
  assert.deepEqual(run(false)["save-s"]?.inputs["images"], ["source-b", 0]);
});

test("a repeated step chains, and can be gathered into a list", () => {
  const made = assemble(
    [{ block: "source" }, { block: "filter", repeat: "n", collect: { image: "all" } }, { block: "grid" }],
    {
      source: SOURCE,
      filter: FILTER,
      grid: {
        nodes: { g: { class_type: "BatchImagesNode", inputs: {} } },
        imports: { all: "g.images.image*", other: "g.more" },
        optional: ["other"],
      },
    },
    { n: 3, word: "", on: false },
    INPUTS,
  );
  assert.deepEqual(made["filter-3-f"]?.inputs["image"], ["filter-2-f", 0]);
  assert.deepEqual(made["grid-g"]?.inputs, {
    "images.image0": ["filter-1-f", 0],
    "images.image1": ["filter-2-f", 0],
    "images.image2": ["filter-3-f", 0],
  });
});

const SEEDED: Block = {
  nodes: {
    n: { class_type: "RandomNoise", inputs: { noise_seed: "{{seed}}", at: "{{number}} of {{count}}" } },
  },
};
const SEED = { id: "seed", type: "seed" };

test("a batch has a seed of its own for each item, one more each time", () => {
  const seeds = new Seeds();
  const made = assemble(
    [{ block: "b", repeat: "n" }],
    { b: SEEDED },
    { n: 2, seed: 40 },
    [SEED, { id: "n", type: "int" }],
    seeds,
  );
  assert.deepEqual(made["b-1-n"]?.inputs, { noise_seed: 40, at: "1 of 2" });
  assert.deepEqual(made["b-2-n"]?.inputs, { noise_seed: 41, at: "2 of 2" });
  assert.deepEqual(seeds.used, { batch_1: 40, batch_2: 41 });
});

test("scenes have their fields, and a seed each", () => {
  const scenes = { id: "scenes", type: "scenes", fields: [{ id: "text", type: "text" }] };
  const block: Block = {
    nodes: { n: { class_type: "RandomNoise", inputs: { noise_seed: "{{seed}}", text: "{{item.text}}" } } },
  };
  const seeds = new Seeds();
  const list = [{ text: "a" }, { text: "b" }];
  const made = assemble(
    [{ block: "b", repeat: "scenes" }],
    { b: block },
    { scenes: list, seed: 7 },
    [SEED, scenes],
    seeds,
  );
  assert.deepEqual(made["b-2-n"]?.inputs, { noise_seed: 8, text: "b" });
  assert.deepEqual(seeds.used, { scene_1: 7, scene_2: 8 });

  const own = { ...scenes, fields: [...scenes.fields, { id: "own", type: "seed" }] };
  const ownBlock: Block = {
    nodes: { n: { class_type: "RandomNoise", inputs: { noise_seed: "{{item.own}}" } } },
  };
  const drawn = new Seeds({}, () => 99);
  const second = assemble(
    [{ block: "b", repeat: "scenes" }],
    { b: ownBlock },
    {
      scenes: [
        { text: "a", own: 3 },
        { text: "b", own: -1 },
      ],
    },
    [own],
    drawn,
  );
  assert.equal(second["b-2-n"]?.inputs["noise_seed"], 99);
  assert.deepEqual(drawn.used, { scene_1: 3, scene_2: 99 });
});

test("LoRAs repeat a block without changing the seed", () => {
  const seeds = new Seeds();
  const block: Block = {
    nodes: {
      l: {
        class_type: "LoraLoaderModelOnly",
        inputs: { lora_name: "{{item.name}}", strength_model: "{{item.strength}}", s: "{{seed}}" },
      },
    },
    imports: { model: "l.model" },
    exports: { model: ["l", 0] },
  };
  const made = assemble(
    [{ block: "base" }, { block: "lora", repeat: "loras" }],
    {
      base: { nodes: { u: { class_type: "UNETLoader", inputs: {} } }, exports: { model: ["u", 0] } },
      lora: block,
    },
    {
      loras: [
        { name: "a", strength: 0.5 },
        { name: "b", strength: 1 },
      ],
      seed: 5,
    },
    [SEED, { id: "loras", type: "loras" }],
    seeds,
  );
  assert.deepEqual(made["lora-2-l"]?.inputs["model"], ["lora-1-l", 0]);
  assert.deepEqual([made["lora-1-l"]?.inputs["s"], made["lora-2-l"]?.inputs["s"]], [5, 5]);
  assert.deepEqual(seeds.used, {});
});

test("what the author of a pipeline got wrong is named", () => {
  const run =
    (blocks: Record<string, Block>, pipeline: object[] = [{ block: "b" }]) =>
    () =>
      assemble(pipeline, blocks, { n: 1 }, [{ id: "n", type: "int" }]);
  const nodes = { x: { class_type: "ImageInvert", inputs: {} } };
  assert.throws(run({}), /there is no block 'b'/);
  assert.throws(run({ b: { nodes } }, [{ block: "b", repeat: 1e9 }]), /repeated more than 10000 times/);
  assert.throws(run({ b: { nodes: { x: {} } } }), /node x of a block in step 'b' has no class_type/);
  assert.throws(
    run({ b: { nodes, imports: { image: "x.image" } } }),
    /imports 'image', which no step before it exports/,
  );
  assert.throws(run({ b: { nodes, exports: { image: ["y", 0] } } }), /exports node y/);
  const source: Block = { nodes, exports: { image: ["x", 0] } };
  const user = (place: string): Block => ({ nodes, imports: { image: place } });
  const both = [{ block: "a" }, { block: "b" }];
  assert.throws(run({ a: source, b: user("y.image") }, both), /'y\.image', which is no node and field/);
  const listed = [{ block: "a", repeat: "n", collect: { image: "all" } }, { block: "b" }];
  assert.throws(run({ a: source, b: { nodes, imports: { all: "x.image" } } }, listed), /write 'x\.image\*'/);
  assert.throws(
    run({ a: { nodes: { "1-x": nodes.x } }, b: { nodes } }, [{ block: "a" }, { block: "b", id: "a-1" }]),
    /two steps make nodes of the same id/,
  );
});
