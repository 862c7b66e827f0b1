import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isJsonObject, type JsonObject, type JsonValue, parseJson, printJson } from "@hearth/protocol";
import { INFOS, info, lookUp, node, workflow } from "./fixtures.ts";
import { ConvertError, convertWorkflow } from "./index.ts";

function prompt(source: JsonValue, ...more: [object?]): JsonObject {
  return convertWorkflow(source, lookUp, ...more).prompt;
}

function inputsOf(source: JsonValue, id: string): JsonValue | undefined {
  const found = prompt(source)[id];
  return isJsonObject(found) ? found["inputs"] : undefined;
}

function problemsOf(source: JsonValue): string {
  try {
    prompt(source);
  } catch (error) {
    assert.ok(error instanceof ConvertError);
    return error.message;
  }
  return assert.fail("it was converted");
}

describe("converting a workflow", () => {
  it("keeps seeds beyond 2^53 exact", () => {
    const source = parseJson(
      '{"nodes":[{"id":1,"type":"Source","inputs":[],"outputs":[],"widgets_values":[18446744073709551615]}],"links":[]}',
    );
    assert.match(printJson(prompt(source)), /18446744073709551615/);
  });

  it("wraps lists, which would be taken for links", () => {
    const source = workflow([node(1, "Source", {}, { widgets_values: [[1, 2], "n"] })]);
    assert.deepEqual(inputsOf(source, "1"), { size: { __value__: [1, 2] }, name: "n" });
  });

  it("fills in defaults where values are missing", () => {
    assert.deepEqual(inputsOf(workflow([node(1, "Source")]), "1"), { size: 8, name: "s" });
  });

  it("draws a choice of a text with braces", () => {
    const source = workflow([node(1, "Sink", {}, { widgets_values: ["{red|blue} // note"] })]);
    const last = prompt(source, { random: () => 0.99 })["1"] as JsonObject;
    assert.deepEqual(last["inputs"], { label: "blue " });
  });

  it("resolves dates and widgets of other nodes in file name prefixes", () => {
    const source = workflow([
      node(1, "Source", {}, { widgets_values: [5, "a/b"] }),
      node(2, "SaveImage", {}, { widgets_values: ["%date:yyyy-MM-dd%_%Source.name%_%width%_%No.x%"] }),
    ]);
    const got = prompt(source, { now: new Date(2024, 1, 3) })["2"] as JsonObject;
    assert.deepEqual(got["inputs"], { filename_prefix: "2024-02-03_a_b_%width%_%No.x%" });
  });

  it("follows SetNode and GetNode by name", () => {
    const source = workflow(
      [
        node(1, "Source"),
        node(2, "SetNode", { IMAGE: 1 }, { widgets_values: ["picture"] }),
        node(3, "GetNode", {}, { widgets_values: ["picture"] }),
        node(4, "Any", { source: 2 }),
      ],
      [
        [1, 1, 0, 2, 0],
        [2, 3, 0, 4, 0],
      ],
    );
    assert.deepEqual(Object.keys(prompt(source)), ["1", "4"]);
    assert.deepEqual(inputsOf(source, "4"), { source: ["1", 0] });
  });

  it("hands the value of an outer PrimitiveNode to the widget inside of a subgraph", () => {
    const widget = { widget: { name: "size" } };
    const source = workflow(
      [
        node(1, "PrimitiveNode", {}, { widgets_values: [99, "fixed"] }),
        node(2, "sub", {}, { inputs: [{ name: "size", type: "INT", link: 1, ...widget }] }),
      ],
      [[1, 1, 0, 2, 0]],
      {
        definitions: {
          subgraphs: [
            {
              id: "sub",
              name: "Inner",
              inputs: [{ name: "size", type: "INT", linkIds: [5] }],
              nodes: [
                node(10, "Source", {}, { inputs: [{ name: "size", type: "INT", link: 5, ...widget }] }),
              ],
              links: [{ id: 5, origin_id: -10, origin_slot: 0, target_id: 10, target_slot: 0, type: "INT" }],
            },
          ],
        },
      },
    );
    assert.deepEqual(inputsOf(source, "2:10"), { size: 99, name: "s" });
  });

  it("passes on the grown input of a bypassed node", () => {
    const grown = info(
      "Grown",
      {
        images: [
          "COMFY_AUTOGROW_V3",
          { template: { input: { required: { image: ["IMAGE", {}] } }, prefix: "image", min: 1, max: 4 } },
        ],
      },
      ["IMAGE"],
    );
    const source = workflow(
      [
        node(1, "Source"),
        node(2, "Grown", { "images.image0": 1 }, { mode: 4 }),
        node(3, "Any", { source: 2 }),
      ],
      [
        [1, 1, 0, 2, 0],
        [2, 2, 0, 3, 0],
      ],
    );
    const got = convertWorkflow(source, (name) => (name === "Grown" ? grown : lookUp(name))).prompt["3"];
    assert.deepEqual((got as JsonObject)["inputs"], { source: ["1", 0] });
  });

  it("reads objects of values by name for classes of packs, and not for ComfyUI's own", () => {
    const values = { size: 3, name: "x" };
    const pack = { ...(INFOS["Source"] as object), python_module: "custom_nodes.pack" } as never;
    const source = workflow([node(1, "Source", {}, { widgets_values: values })]);
    assert.deepEqual((convertWorkflow(source, () => pack).prompt["1"] as JsonObject)["inputs"], values);
    assert.deepEqual(inputsOf(source, "1"), {});
  });
});

describe("what cannot be converted", () => {
  it("names every node of an unknown class", () => {
    const source = workflow([
      node(1, "Nope"),
      node(2, "Nope", {}, { title: "Mine" }),
      node(3, "Nope", {}, { mode: 2 }),
    ]);
    assert.equal(
      problemsOf(source),
      "node 1 (Nope): there is no node class 'Nope'\nnode 2 'Mine' (Nope): there is no node class 'Nope'",
    );
  });

  it("names a link that the file does not list, and one from a node that is not there", () => {
    const source = workflow(
      [node(1, "Any", { source: 7 }), node(2, "Any", { source: 8 })],
      [[8, 99, 0, 2, 0]],
    );
    assert.equal(
      problemsOf(source),
      "node 1 (Any): an input names link 7, which the file does not list\n" +
        "node 2 (Any): an input is linked to node 99, which is not there",
    );
  });

  it("ends at links that go in a circle", () => {
    const source = workflow(
      [node(1, "Reroute", { "": 1 }), node(2, "Reroute", { "": 2 }), node(3, "Any", { source: 3 })],
      [
        [1, 2, 0, 1, 0],
        [2, 1, 0, 2, 0],
        [3, 2, 0, 3, 0],
      ],
    );
    assert.equal(problemsOf(source), "node 3 (Any): its input 'source' is linked in a circle");
  });

  it("ends at a subgraph that contains itself, and at one that multiplies without end", () => {
    const loop = { id: "a", name: "A", nodes: [node(2, "a")], links: [] };
    const itself = workflow([node(1, "a")], [], { definitions: { subgraphs: [loop] } });
    assert.match(problemsOf(itself), /^node 1:2 \(a\): the subgraph 'A' contains itself$/);
    const doubling = Array.from({ length: 40 }, (_, level): JsonObject => ({
      id: `d${level}`,
      name: `D${level}`,
      nodes: [node(100 + 2 * level, `d${level + 1}`), node(101 + 2 * level, `d${level + 1}`)],
      links: [],
    }));
    const bomb = workflow([node(1, "d0")], [], { definitions: { subgraphs: doubling } });
    assert.match(problemsOf(bomb), /lay out to more than 200000 nodes/);
  });

  it("says what is wrong with the file", () => {
    assert.equal(problemsOf({}), "not a workflow: it has no list of nodes");
    assert.equal(problemsOf({ nodes: [{ type: "A" }] }), "the workflow: a node has no id");
    assert.equal(problemsOf({ nodes: [{ id: 1 }] }), "the workflow: node 1 has no type");
    assert.equal(
      problemsOf(workflow([node(1, "Any"), node(1, "Any")])),
      "the workflow: two nodes have the id 1",
    );
    assert.equal(
      problemsOf({ nodes: [], links: [[1, 2]] }),
      "the workflow: a link does not say which nodes it joins",
    );
    assert.equal(problemsOf({ nodes: [], links: 5 }), "the workflow: links: expected a list");
  });
});

describe("large workflows", () => {
  it("walks a chain once, however many inputs hang on it", () => {
    const count = 10_000;
    const nodes = [node(1, "Source")];
    const links: number[][] = [];
    for (let index = 0; index < count; index += 1) {
      const id = 2 + 2 * index;
      nodes.push(node(id, "Reroute", { "": id }), node(id + 1, "Any", { source: id + 1 }));
      links.push([id, index === 0 ? 1 : id - 2, 0, id, 0], [id + 1, id, 0, id + 1, 0]);
    }
    const got = prompt(workflow(nodes, links));
    assert.equal(Object.keys(got).length, count + 1);
    assert.deepEqual((got[String(2 * count + 1)] as JsonObject)["inputs"], { source: ["1", 0] });
  });
});
