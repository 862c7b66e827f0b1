import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type InputDeclaration,
  type JsonObject,
  type JsonValue,
  type NodeClassAnnouncement,
  type NodeInfo,
  parseJson,
  printJson,
  type ValidatorOutcome,
} from "@hearth/protocol";
import { validatePrompt, type ValidationResult } from "./index.ts";

function announce(
  name: string,
  required: Record<string, InputDeclaration>,
  more: Partial<NodeInfo> & Omit<NodeClassAnnouncement, "info"> = {},
): NodeClassAnnouncement {
  const { validates, validatesTypes, ...info } = more;
  return {
    info: {
      input: { required },
      output: ["IMAGE"],
      name,
      output_node: false,
      is_input_list: false,
      ...info,
    } as NodeInfo,
    ...(validates === undefined ? {} : { validates }),
    ...(validatesTypes === undefined ? {} : { validatesTypes }),
  };
}

const CLASSES = new Map(
  [
    announce("Source", { size: ["INT", { min: 1 }] }),
    announce("Pass", { image: ["IMAGE"] }),
    announce("Join", { a: ["IMAGE"], b: ["IMAGE"] }),
    announce("Show", { image: ["IMAGE"] }, { output_node: true }),
    announce("Any", { value: ["*"] }, { output_node: true }),
    announce("Bounded", { value: ["*", { max: 5 }] }, { output_node: true }),
    announce("Checked", { value: ["*"], image: ["IMAGE"] }, { output_node: true, validates: "*" }),
    announce(
      "CheckedList",
      { value: ["*"] },
      { output_node: true, validates: ["value"], is_input_list: true },
    ),
    announce("constructor", { __proto__x: ["INT"] }, { output_node: true }),
  ].map((announced) => [announced.info.name, announced]),
);

interface Called {
  readonly inputs: Record<string, JsonValue>;
  readonly inputTypes: Record<string, JsonValue>;
}

async function validate(
  prompt: string | JsonObject,
  say: (given: Called) => ValidatorOutcome = () => ({ result: true }),
): Promise<{ result: ValidationResult; prompt: JsonObject; calls: Called[] }> {
  const parsed = typeof prompt === "string" ? (parseJson(prompt) as JsonObject) : prompt;
  const calls: Called[] = [];
  const result = await validatePrompt(parsed, {
    classes: (name) => CLASSES.get(name),
    runValidator: async (_className, given) => {
      calls.push(given);
      return say(given);
    },
  });
  return { result, prompt: parsed, calls };
}

function typesOf(result: ValidationResult, id: string): string[] {
  const entry = result.nodeErrors[id] as { errors: { type: string }[] } | undefined;
  return entry?.errors.map((error) => error.type) ?? [];
}

describe("a prompt's shape", () => {
  for (const [what, prompt] of [
    ["a node that is null", '{"1": null}'],
    ["a node that is a list", '{"1": []}'],
    ["a node that is a number", '{"1": 5}'],
    ["a class name that is a list", '{"1": {"class_type": ["Show"], "inputs": {}}}'],
    ["a class name that is null", '{"1": {"class_type": null}}'],
    ["metadata that is null", '{"1": {"class_type": "Nope", "_meta": null}}'],
    ["inputs that are null", '{"1": {"class_type": "Show", "inputs": null}}'],
    ["inputs that are a list", '{"1": {"class_type": "Show", "inputs": []}}'],
    [
      "a source whose inputs are a text",
      '{"1": {"class_type": "Show", "inputs": {"image": ["2", 0]}}, "2": {"class_type": "Pass", "inputs": "x"}}',
    ],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const { result } = await validate(prompt);
      assert.equal(result.valid, false);
      assert(!result.valid && String(result.error["message"]).length > 0);
    });
  }

  it("takes names of JavaScript's own for ordinary ones", async () => {
    for (const id of ["__proto__", "constructor", "toString"]) {
      const { result } = await validate(
        `{"${id}": {"class_type": "Show", "inputs": {"image": ["hasOwnProperty", 0]}}}`,
      );
      assert.equal(result.valid, false);
      assert.deepEqual(Object.keys(result.nodeErrors), [id]);
      assert.deepEqual(typesOf(result, id), ["exception_during_validation"]);
    }
    const { result } = await validate('{"1": {"class_type": "toString", "inputs": {}}}');
    assert(!result.valid && result.error["type"] === "missing_node_type");
    const known = await validate('{"1": {"class_type": "constructor", "inputs": {"constructor": 1}}}');
    assert.deepEqual(typesOf(known.result, "1"), ["required_input_missing"]);
  });

  it("keeps the order of ids in its errors", async () => {
    const { result } = await validate(
      '{"9": {"class_type": "Show", "inputs": {}}, "3": {"class_type": "Show", "inputs": {}}, "a": {"class_type": "Show", "inputs": {}}}',
    );
    assert.match(printJson(result.nodeErrors), /^\{"9".*"3".*"a"/);
  });
});

describe("links", () => {
  it("refuses a stray link to a node that does not exist, also further on", async () => {
    const direct = await validate('{"1": {"class_type": "Any", "inputs": {"value": 1, "more": ["7", 0]}}}');
    assert(!direct.result.valid);
    assert.match(String(direct.result.error["details"]), /'7'/);
    const further = await validate(
      '{"1": {"class_type": "Any", "inputs": {"value": 1, "more": ["2", 0]}}, "2": {"class_type": "Pass", "inputs": {"image": ["7", 0]}}}',
    );
    assert.equal(further.result.valid, false);
  });

  it("lets a stray link to a node that exists pass", async () => {
    const { result } = await validate(
      '{"1": {"class_type": "Any", "inputs": {"value": 1, "more": ["2", 0]}}, "2": {"class_type": "Source", "inputs": {"size": 1}}}',
    );
    assert.equal(result.valid, true);
  });

  it("counts a slot of true as 1", async () => {
    const { result } = await validate(
      '{"1": {"class_type": "Show", "inputs": {"image": ["2", true]}}, "2": {"class_type": "Source", "inputs": {"size": 1}}}',
    );
    assert(!result.valid && String(result.error["details"]).endsWith("tuple index out of range"));
  });

  it("drops the unsound outputs and keeps the sound ones", async () => {
    const { result } = await validate(
      '{"1": {"class_type": "Source", "inputs": {"size": 1}}, "2": {"class_type": "Show", "inputs": {"image": ["1", 0]}}, "3": {"class_type": "Show", "inputs": {}}}',
    );
    assert(result.valid);
    assert.deepEqual(result.outputs, ["2"]);
    assert.deepEqual(typesOf(result, "3"), ["required_input_missing"]);
  });
});

describe("constants", () => {
  it("says which comparison Python has no order for", async () => {
    const { result } = await validate('{"1": {"class_type": "Bounded", "inputs": {"value": "x"}}}');
    assert(!result.valid);
    assert.match(String(result.error["details"]), /'>' not supported between instances of 'str' and 'int'/);
  });

  it("keeps every digit of a seed", async () => {
    const { prompt } = await validate(
      '{"1": {"class_type": "Show", "inputs": {"image": ["2", 0]}}, "2": {"class_type": "Source", "inputs": {"size": "18446744073709551615"}}}',
    );
    assert.match(printJson(prompt), /"size": 18446744073709551615/);
  });
});

describe("validators of classes", () => {
  const image = '"2": {"class_type": "Source", "inputs": {"size": 1}}';

  it("run once per element of a list constant, shorter ones repeating their last", async () => {
    const { result, calls } = await validate(
      `{"1": {"class_type": "Checked", "inputs": {"value": {"__value__": [1, 2, 3]}, "image": ["2", 0]}}, ${image}}`,
      ({ inputs }) => ({ result: inputs["value"] !== 2 || "no twos" }),
    );
    assert.deepEqual(
      calls.map((call) => call.inputs),
      [1, 2, 3].map((value) => ({ value, image: null })),
    );
    assert.deepEqual(calls[0]?.inputTypes, { image: "IMAGE" });
    assert(!result.valid);
    assert.deepEqual(String(result.error["details"]).split("\n"), [
      "Custom validation failed for node: value - no twos",
      "Custom validation failed for node: image - no twos",
    ]);
  });

  it("of classes that take lists see lists", async () => {
    const { calls } = await validate(
      '{"1": {"class_type": "CheckedList", "inputs": {"value": {"__value__": [1, 2]}}}}',
    );
    assert.deepEqual(calls, [{ inputs: { value: [1, 2] }, inputTypes: {} }]);
    const single = await validate('{"1": {"class_type": "CheckedList", "inputs": {"value": 4}}}');
    assert.deepEqual(single.calls[0]?.inputs, { value: [4] });
  });

  it("that throw make the node's error", async () => {
    const { result } = await validate(
      `{"1": {"class_type": "Checked", "inputs": {"value": 1, "image": ["2", 0]}}, ${image}}`,
      () => ({ exception: "boom", exceptionType: "ValueError" }),
    );
    assert(!result.valid && String(result.error["details"]).endsWith("boom"));
    assert.match(printJson(result.nodeErrors), /"exception_type": "ValueError"/);
  });

  it("that cannot be asked stop the validation", async () => {
    const prompt = parseJson('{"1": {"class_type": "CheckedList", "inputs": {"value": 4}}}') as JsonObject;
    const asked = validatePrompt(prompt, {
      classes: (name) => CLASSES.get(name),
      runValidator: () => Promise.reject(new Error("the link is down")),
    });
    await assert.rejects(asked, /the link is down/);
  });
});

describe("large prompts", () => {
  const SIZE = 10_000;

  function chain(last: JsonValue): JsonObject {
    const prompt: JsonObject = { source: { class_type: "Source", inputs: { size: 1 } } };
    for (let index = 0; index < SIZE; index += 1) {
      const image: JsonValue = index === SIZE - 1 ? last : [`n${index + 1}`, 0];
      prompt[`n${index}`] = { class_type: "Pass", inputs: { image } };
    }
    prompt["out"] = { class_type: "Show", inputs: { image: ["n0", 0] } };
    return prompt;
  }

  it("need no stack", async () => {
    const { result } = await validate(chain(["source", 0]));
    assert.equal(result.valid, true);
  });

  it("carry a failure down the whole chain", async () => {
    const { result } = await validate(chain(["nowhere", 0]));
    assert.equal(result.valid, false);
    assert.deepEqual(Object.keys(result.nodeErrors), [`n${SIZE - 1}`]);
    assert.deepEqual(typesOf(result, `n${SIZE - 1}`), ["exception_during_inner_validation"]);
  });

  it("of nothing but cycles give an answer of bounded size", async () => {
    const prompt: JsonObject = { out: { class_type: "Show", inputs: { image: ["n0", 0] } } };
    for (let index = 0; index < SIZE; index += 1) {
      prompt[`n${index}`] = {
        class_type: "Join",
        inputs: { a: [`n${(index + 1) % SIZE}`, 0], b: ["n0", 0] },
      };
    }
    const { result } = await validate(prompt);
    assert.equal(result.valid, false);
    assert.deepEqual(typesOf(result, "n0").slice(0, 1), ["dependency_cycle"]);
    assert(printJson(result.nodeErrors).length < 10_000_000);
  });

  it("of nothing but unsound outputs give an answer of bounded size", async () => {
    const prompt: JsonObject = {};
    for (let index = 0; index < SIZE; index += 1) prompt[`n${index}`] = { class_type: "Show", inputs: {} };
    const { result } = await validate(prompt);
    assert.equal(Object.keys(result.nodeErrors).length, SIZE);
    assert(printJson(result.nodeErrors).length < 10_000_000);
  });
});
