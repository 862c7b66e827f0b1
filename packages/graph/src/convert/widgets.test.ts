import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonValue, NodeInfo } from "@hearth/protocol";
import { info } from "./fixtures.ts";
import { readWidgets } from "./widgets.ts";

/** Sent values by name. */
function read(of: NodeInfo, values: JsonValue | undefined): Record<string, JsonValue | undefined> {
  const node = {
    id: "1",
    type: of.name,
    title: undefined,
    mode: 0,
    inputs: [],
    outputs: [],
    values,
    properties: {},
  };
  const sent = readWidgets(of, node).filter(({ isSent }) => isSent);
  return Object.fromEntries(sent.map(({ name, value }) => [name, value]));
}

describe("reading widget values", () => {
  const sampler = info("Sampler", {
    model: ["MODEL"],
    seed: ["INT", { default: 0 }],
    method: [["a", "b"], { default: "b" }],
    file: ["COMBO", { options: ["x", "y"], control_after_generate: true }],
    last: ["FLOAT", { default: 1 }],
  });

  it("passes over control words and filters", () => {
    assert.deepEqual(read(sampler, [5, "fixed", "a", "y", "increment", "", 0.5]), {
      seed: 5,
      method: "a",
      file: "y",
      last: 0.5,
    });
  });

  it("keeps null, except for combos, which take their first option", () => {
    assert.deepEqual(read(sampler, [null, null, null, null, null, null, null]), {
      seed: null,
      method: "a",
      file: "x",
      last: null,
    });
  });

  it("reads the widgets of a choice behind it, and none for a choice that does not exist", () => {
    const choice = info("Choice", {
      mode: [
        "COMFY_DYNAMICCOMBO_V3",
        {
          options: [
            { key: "off", inputs: { required: {} } },
            {
              key: "on",
              inputs: { required: { level: ["INT", { default: 3 }] }, optional: { note: ["STRING", {}] } },
            },
          ],
        },
      ],
      after: ["INT", {}],
    });
    assert.deepEqual(read(choice, ["on", 7, "n", 1]), {
      mode: "on",
      "mode.level": 7,
      "mode.note": "n",
      after: 1,
    });
    assert.deepEqual(read(choice, ["on"]), { mode: "on", "mode.level": 3, "mode.note": "", after: 0 });
    assert.deepEqual(read(choice, ["gone", 1]), { mode: "gone", after: 1 });
    assert.deepEqual(read(choice, []), { mode: "off", after: 0 });
  });

  it("leaves out the places of inputs that became sockets, when the file still has them", () => {
    const forced = info("Forced", { a: ["INT", { forceInput: true }], b: ["INT", {}], c: ["INT", {}] });
    assert.deepEqual(read(forced, [1, 2, 3]), { b: 2, c: 3 });
    assert.deepEqual(read(forced, [2, 3]), { b: 2, c: 3 });
  });

  it("counts the choice of a CustomCombo, and ends its choices with an empty one", () => {
    const custom = info("CustomCombo", { choice: ["COMBO", { options: [] }] });
    assert.deepEqual(read(custom, ["b", 0, "a", "b"]), {
      choice: "b",
      index: 1,
      option1: "a",
      option2: "b",
      option3: "",
    });
  });
});
