import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { InputDeclaration, JsonObject, JsonValue, NodeInfo } from "@hearth/protocol";
import { expandInputs, nestInputs } from "./index.ts";

function info(required: Record<string, InputDeclaration>): NodeInfo {
  return { input: { required }, price_badge: null } as unknown as NodeInfo;
}

const grown: InputDeclaration = [
  "COMFY_AUTOGROW_V3",
  { template: { input: { required: { image: ["IMAGE", {}] } }, prefix: "image", min: 1, max: 3 } },
];
const named: InputDeclaration = [
  "COMFY_AUTOGROW_V3",
  { template: { input: { required: { value: ["FLOAT", {}] } }, names: ["a", "b"], min: 0 } },
];
const combo: InputDeclaration = [
  "COMFY_DYNAMICCOMBO_V3",
  {
    options: [
      {
        key: "by",
        inputs: { required: { factor: ["FLOAT", { min: 0 }] }, optional: { crop: ["BOOLEAN", {}] } },
      },
      {
        key: "nested",
        inputs: {
          required: {
            inner: [
              "COMFY_DYNAMICCOMBO_V3",
              { options: [{ key: "x", inputs: { required: { images: grown as JsonValue } } }] },
            ],
          },
        },
      },
    ],
  },
];

function names(node: NodeInfo, given: JsonObject): string[] {
  return expandInputs(node, given).map(({ name, group }) => (group === "required" ? name : `${name}?`));
}

describe("expandInputs", () => {
  it("lets an input grow from its prefix or its names", () => {
    assert.deepEqual(names(info({ images: grown }), {}), [
      "images.image0",
      "images.image1?",
      "images.image2?",
    ]);
    assert.deepEqual(names(info({ values: named }), {}), ["values.a?", "values.b?"]);
  });

  it("gives the inputs of the chosen option, and none without a choice", () => {
    const node = info({ mode: combo });
    assert.deepEqual(names(node, { mode: "by" }), ["mode", "mode.factor", "mode.crop?"]);
    assert.deepEqual(names(node, {}), []);
    assert.deepEqual(names(node, { mode: "constructor" }), []);
    assert.deepEqual(names(node, { mode: "nested", "mode.inner": "x" }), [
      "mode",
      "mode.inner",
      "mode.inner.images.image0",
      "mode.inner.images.image1?",
      "mode.inner.images.image2?",
    ]);
  });

  it("gives the dependents of a slot only when it is given, with the type that the slot names", () => {
    const slot: InputDeclaration = [
      "COMFY_DYNAMICSLOT_V3",
      { slotType: "IMAGE", inputs: { required: { size: ["INT", {}] } } },
    ];
    const node = info({ extra: slot });
    assert.deepEqual(names(node, {}), ["extra"]);
    assert.deepEqual(names(node, { extra: ["1", 0] }), ["extra", "extra.size"]);
    assert.equal(expandInputs(node, {})[0]?.declaration[0], "IMAGE");
  });

  it("stops at a hundred names", () => {
    const template = { input: { required: { v: ["INT", {}] } }, prefix: "v", min: 0, max: 5000 };
    assert.equal(
      expandInputs(info({ v: ["COMFY_AUTOGROW_V3", { template } as JsonObject] }), {}).length,
      100,
    );
  });
});

describe("nestInputs", () => {
  it("gathers what has grown, in the order of the names", () => {
    const nested = nestInputs(info({ images: grown }), { "images.image1": 2, "images.image0": 1, other: 3 });
    assert.deepEqual(nested, { images: { image0: 1, image1: 2 }, other: 3 });
    assert.deepEqual(nestInputs(info({ values: named }), {}), { values: {} });
  });

  it("puts a choice under its own name beside its inputs", () => {
    assert.deepEqual(nestInputs(info({ mode: combo }), { mode: "by", "mode.factor": 2 }), {
      mode: { mode: "by", factor: 2 },
    });
    assert.deepEqual(
      nestInputs(info({ mode: combo }), { mode: "nested", "mode.inner": "x", "mode.inner.images.image0": 7 }),
      { mode: { mode: "nested", inner: { inner: "x", images: { image0: 7 } } } },
    );
  });

  it("leaves undeclared names where they are, and takes away a choice that there is not", () => {
    assert.deepEqual(nestInputs(info({ images: grown }), { "images.image9": 1 }), {
      images: {},
      "images.image9": 1,
    });
    assert.deepEqual(nestInputs(info({ mode: combo }), { mode: "nope" }), {});
  });

  it("reads the choice of a class that takes lists from its list", () => {
    assert.deepEqual(nestInputs(info({ mode: combo }), { mode: ["by"], "mode.factor": [1, 2] }), {
      mode: { mode: ["by"], factor: [1, 2] },
    });
  });
});
