import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { JsonFloat, type JsonValue } from "@hearth/protocol";
import { graphShape, type SignatureAccess, SignatureBuilder, signatureOf } from "./index.ts";

type Nodes = Record<string, { class_type: string; inputs: Record<string, unknown> }>;

function access(nodes: Nodes, more: Partial<SignatureAccess> = {}): SignatureAccess {
  return { node: (id) => nodes[id], changeToken: () => false, idCounts: () => false, ...more };
}

/** A repeatable generator (Mulberry32), so that a failure can be looked at. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A random graph without cycles: every node links only to earlier ones. */
function randomGraph(random: () => number, size: number): Nodes {
  const nodes: Nodes = {};
  for (let index = 0; index < size; index += 1) {
    const inputs: Record<string, unknown> = { value: Math.floor(random() * 3) };
    for (const name of ["a", "b"]) {
      if (index > 0 && random() < 0.7)
        inputs[name] = [`n${Math.floor(random() * index)}`, Math.floor(random() * 2)];
    }
    nodes[`n${index}`] = { class_type: `C${Math.floor(random() * 3)}`, inputs };
  }
  return nodes;
}

/** The same graph under other ids, in another order, with its inputs in another order. */
function renamed(nodes: Nodes, nameOf: (id: string) => string): Nodes {
  const entries = Object.entries(nodes).reverse();
  return Object.fromEntries(
    entries.map(([id, { class_type, inputs }]) => {
      const moved = Object.entries(inputs)
        .reverse()
        .map(([name, value]) => [name, Array.isArray(value) ? [nameOf(String(value[0])), value[1]] : value]);
      return [nameOf(id), { class_type, inputs: Object.fromEntries(moved) }];
    }),
  );
}

/** Ids of a node and all that it stands on. */
function ancestry(nodes: Nodes, id: string): Set<string> {
  const found = new Set([id]);
  for (const member of found) {
    for (const value of Object.values(nodes[member]?.inputs ?? {}))
      if (Array.isArray(value)) found.add(String(value[0]));
  }
  return found;
}

describe("signatures", () => {
  it("do not depend on ids and order", () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const nodes = randomGraph(randomFrom(seed), 12);
      const nameOf = (id: string): string => `moved:${id}`;
      const before = new SignatureBuilder(access(nodes));
      const after = new SignatureBuilder(access(renamed(nodes, nameOf)));
      for (const id of Object.keys(nodes))
        assert.equal(before.signatureOf(id), after.signatureOf(nameOf(id)), `${seed}/${id}`);
    }
  });

  it("change with every ancestor, and with nothing else", () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const random = randomFrom(seed);
      const nodes = randomGraph(random, 12);
      const changed = structuredClone(nodes);
      const victim = `n${Math.floor(random() * 12)}`;
      (changed[victim] as Nodes[string]).inputs["value"] = 99;
      const before = new SignatureBuilder(access(nodes));
      const after = new SignatureBuilder(access(changed));
      for (const id of Object.keys(nodes)) {
        const isSame = before.signatureOf(id) === after.signatureOf(id);
        assert.equal(isSame, !ancestry(nodes, id).has(victim), `${seed}/${id}`);
      }
    }
  });

  it("tell slots, input names, classes and kinds of constants apart", () => {
    const keys = (
      [
        ["A", { x: 1 }],
        ["B", { x: 1 }],
        ["A", { y: 1 }],
        ["A", { x: "1" }],
        ["A", { x: new JsonFloat(1) }],
        ["A", { x: true }],
        ["A", { x: [1] }],
        ["A", { x: { a: 1 } }],
        ["A", { x: null }],
        ["A", {}],
        ["A", { x: ["source", 0] }],
        ["A", { x: ["source", 1] }],
        ["A", { x: 18446744073709551615n }],
      ] as const
    ).map(([class_type, inputs]) =>
      signatureOf("1", access({ 1: { class_type, inputs }, source: { class_type: "S", inputs: {} } })),
    );
    assert.equal(new Set(keys).size, keys.length);
  });

  it("hold the id where it counts", () => {
    const nodes: Nodes = { a: { class_type: "A", inputs: {} }, b: { class_type: "A", inputs: {} } };
    assert.equal(signatureOf("a", access(nodes)), signatureOf("b", access(nodes)));
    const counting = access(nodes, { idCounts: () => true });
    assert.notEqual(signatureOf("a", counting), signatureOf("b", counting));
    assert.equal(signatureOf("a", counting), signatureOf("a", counting));
  });

  it("change with the change token of an ancestor", () => {
    const nodes: Nodes = {
      a: { class_type: "A", inputs: {} },
      b: { class_type: "B", inputs: { x: ["a", 0] } },
    };
    const withToken = (token: JsonValue): string =>
      signatureOf("b", access(nodes, { changeToken: (id) => (id === "a" ? token : false) }));
    assert.equal(withToken("x"), withToken("x"));
    assert.notEqual(withToken("x"), withToken("y"));
    assert.notEqual(withToken(Number.NaN), withToken(Number.NaN));
  });

  it("never match where a value cannot be written down", () => {
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    for (const value of [
      Number.NaN,
      [{ deep: Number.NaN }],
      new Map(),
      () => 1,
      loop,
      ["missing", 0],
      ["a", 0],
    ]) {
      const nodes: Nodes = { a: { class_type: "A", inputs: { x: value } } };
      assert.notEqual(signatureOf("a", access(nodes)), signatureOf("a", access(nodes)));
    }
  });

  it("of a chain of 10,000 nodes need no stack", () => {
    const nodes: Nodes = { n0: { class_type: "S", inputs: {} } };
    for (let index = 1; index < 10_000; index += 1) {
      nodes[`n${index}`] = { class_type: "P", inputs: { a: [`n${index - 1}`, 0], b: [`n${index - 1}`, 1] } };
    }
    assert.match(signatureOf("n9999", access(nodes)), /^[\w-]{43}$/);
  });
});

describe("graphShape", () => {
  it("does not depend on ids, order, values and titles", () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const nodes = randomGraph(randomFrom(seed), 12);
      const other = renamed(nodes, (id) => `moved:${id}`);
      for (const node of Object.values(other)) {
        node.inputs["value"] = "other";
        Object.assign(node, { _meta: { title: "T" } });
      }
      assert.equal(graphShape(other as never), graphShape(nodes as never));
    }
  });

  it("changes with a class, a link and a slot", () => {
    const shape = (inputs: Record<string, JsonValue>, class_type = "B"): string =>
      graphShape({ a: { class_type: "A", inputs: {} }, b: { class_type, inputs } });
    const shapes = [
      shape({}),
      shape({}, "C"),
      shape({ x: ["a", 0] }),
      shape({ x: ["a", 1] }),
      shape({ y: ["a", 0] }),
    ];
    assert.equal(new Set(shapes).size, shapes.length);
  });

  it("is the same every time, also of broken prompts", () => {
    const prompt = {
      1: { class_type: "A", inputs: { x: ["2", 0] } },
      2: { class_type: "A", inputs: { x: ["1", 0], y: ["9", 0] } },
      __proto__x: null,
      3: { class_type: 5n, inputs: [] },
    };
    assert.equal(graphShape(prompt), graphShape(structuredClone(prompt)));
  });
});
