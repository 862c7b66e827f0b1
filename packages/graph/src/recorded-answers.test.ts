/** Replays the recorded answers of `POST /prompt` in this process: every error, text and converted value. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import {
  cloneJson,
  entriesOf,
  type InputDeclaration,
  isJsonObject,
  isNumeric,
  type JsonObject,
  type JsonValue,
  type NodeClassAnnouncement,
  type NodeInfo,
  parseJson,
  printJson,
  pyStr,
  toNumber,
  type ValidatorOutcome,
} from "@hearth/protocol";
import { applyReplacements, validatePrompt } from "./index.ts";

const golden = new URL("../../../tests/golden/", import.meta.url);
const isPresent =
  existsSync(new URL("object_info.json", golden)) && existsSync(new URL("validation", golden));

function read(name: string): JsonValue {
  return parseJson(readFileSync(new URL(name, golden), "utf8"));
}

/** True when `value` matches a recorded pattern; the operators and placeholders that these recordings use. */
function matches(pattern: JsonValue, value: JsonValue | undefined): boolean {
  if (value === undefined) return false;
  if (typeof pattern === "string" && pattern.startsWith("<")) {
    const kind = PLACEHOLDERS[pattern];
    if (kind !== undefined) return kind(value);
  }
  if (isNumeric(pattern))
    return isNumeric(value) && (Object.is(toNumber(pattern), toNumber(value)) || pattern == value);
  if (Array.isArray(pattern)) {
    return (
      Array.isArray(value) &&
      value.length === pattern.length &&
      pattern.every((item, index) => matches(item, value[index]))
    );
  }
  if (!isJsonObject(pattern)) return pattern === value;
  const [[operator, wanted] = ["", null], ...others] = entriesOf(pattern);
  if (others.length === 0 && operator.startsWith("<") && wanted !== null)
    return matchesOperator(operator, wanted, value);
  return (
    isJsonObject(value) &&
    Object.keys(value).length === Object.keys(pattern).length &&
    entriesOf(pattern).every(([key, item]) => matches(item, value[key]))
  );
}

const PLACEHOLDERS: Record<string, (value: JsonValue) => boolean> = {
  "<any>": () => true,
  "<prose>": (value) => value === null || typeof value === "string",
  "<string>": (value) => typeof value === "string",
  "<number>": isNumeric,
  "<traceback>": (value) => Array.isArray(value) && value.every((line) => typeof line === "string"),
};

function matchesOperator(operator: string, wanted: JsonValue, value: JsonValue): boolean {
  if (operator === "<lines-any-order>")
    return matchesOperator("<any-order>", wanted, String(value).split("\n"));
  if (operator === "<regex>") return new RegExp(`^(?:${String(wanted)})$`, "s").test(String(value));
  assert(Array.isArray(wanted) && Array.isArray(value), `operator ${operator}`);
  const left = [...value];
  for (const item of wanted) {
    const at = left.findIndex((candidate) => matches(item, candidate));
    if (at < 0) return false;
    left.splice(at, 1);
  }
  return operator === "<contains>" || left.length === 0;
}

const UNION: InputDeclaration = ["IMAGE,FLOAT", {}];
const UNIT: InputDeclaration = ["FLOAT", parseJson('{"min": 0.0, "max": 1.0}') as JsonObject];

/** The classes of the recordings' own pack, as far as validation sees them. */
function packClass(
  name: string,
  required: Record<string, InputDeclaration>,
  output: string[],
  more: Omit<NodeClassAnnouncement, "info"> = {},
): NodeClassAnnouncement {
  const info = {
    input: { required },
    is_input_list: false,
    output,
    name,
    output_node: false,
  } as unknown as NodeInfo;
  return { info, ...more };
}

const PACK = [
  packClass(
    "StubImage",
    { content: [["WHITE", "BLACK", "NOISE"]], height: ["INT", {}], width: ["INT", {}] },
    ["IMAGE"],
  ),
  packClass("StubMask", { value: ["FLOAT", {}] }, ["MASK"]),
  packClass("StubInt", { value: ["INT", {}] }, ["INT"]),
  packClass("StubFloat", { value: ["FLOAT", {}] }, ["FLOAT"]),
  packClass("TestCustomValidation1", { input1: UNION, input2: UNION }, ["IMAGE"], {
    validates: ["input1", "input2"],
  }),
  packClass("TestCustomValidation2", { input1: UNION, input2: UNION }, ["IMAGE"], {
    validates: ["input1", "input2"],
    validatesTypes: true,
  }),
  packClass("TestCustomValidation3", { input1: UNION, input2: UNION }, ["IMAGE"]),
  packClass("TestCustomValidation4", { input1: ["FLOAT", {}], input2: ["FLOAT", {}] }, ["IMAGE"], {
    validates: ["input1", "input2"],
  }),
  packClass("TestCustomValidation5", { input1: UNIT, input2: UNIT }, ["IMAGE"], { validates: "*" }),
  packClass("TestAsyncValidation", { value: ["FLOAT", {}], threshold: ["FLOAT", {}] }, ["IMAGE"], {
    validates: ["value", "threshold"],
  }),
  packClass("TestForLoopClose", { flow_control: ["FLOW_CONTROL", { rawLink: true }] }, ["*"], {
    validates: [],
    validatesTypes: true,
  }),
  packClass("TestAccumulationHeadNode", { accumulation: ["ACCUMULATION", {}] }, ["ACCUMULATION", "*"], {
    validates: [],
    validatesTypes: true,
  }),
  packClass("TestVariadicAverage", { input1: ["IMAGE", {}] }, ["IMAGE"]),
];

type Given = { inputs: Record<string, JsonValue>; inputTypes: Record<string, JsonValue> };

function wrongType(given: Given, expected: Record<string, readonly string[]>, suffix = ""): string | true {
  for (const [name, types] of Object.entries(expected)) {
    const received = given.inputTypes[name];
    if (received !== undefined && !types.includes(String(received)))
      return `Invalid type of ${name}: ${received}${suffix}`;
    if (typeof given.inputs[name] === "string") return `Invalid type of ${name}: <class 'str'>`;
  }
  return true;
}

/** What the validators of the recorded server's classes say. */
function ownValidators(files: ReadonlySet<string>): (className: string, given: Given) => ValidatorOutcome {
  return (className, given) => {
    const { inputs } = given;
    switch (className) {
      case "LoadImage":
      case "LoadImageMask": {
        const { image = null } = inputs;
        if (typeof image !== "string") return { exception: "expected str", exceptionType: "TypeError" };
        return { result: files.has(`input/${image}`) || `Invalid image file: ${image}` };
      }
      case "TestCustomValidation2":
        return { result: wrongType(given, { input1: ["IMAGE", "FLOAT"], input2: ["IMAGE", "FLOAT"] }) };
      case "TestCustomValidation5":
        return { result: toNumber(inputs["input2"]) !== 7 || "7s are not allowed. I've never liked 7s." };
      case "TestForLoopClose":
        return { result: wrongType(given, { flow_control: ["FLOW_CONTROL"] }, " (expected FLOW_CONTROL)") };
      case "TestAccumulationHeadNode":
        return { result: wrongType(given, { accumulation: ["ACCUMULATION"] }, " (expected ACCUMULATION)") };
      case "TestAsyncValidation": {
        const { value = null, threshold = null } = inputs;
        if (value === null) return { exception: "no order", exceptionType: "TypeError" };
        const isBeyond = toNumber(value) > toNumber(threshold);
        return { result: !isBeyond || `Value ${pyStr(value)} exceeds threshold ${pyStr(threshold)}` };
      }
      default:
        return { result: true };
    }
  };
}

interface Table {
  readonly infos: JsonObject;
  readonly lists: readonly {
    class: string;
    path: (string | number)[];
    folder: string;
    fixed_entries: string[];
  }[];
}

/** The class table, with the lists filled from the files that a scenario writes. */
function classesWith(
  { infos, lists }: Table,
  files: ReadonlySet<string>,
): Map<string, NodeClassAnnouncement> {
  const classes = new Map(PACK.map((announced) => [announced.info.name, announced]));
  for (const [name, info] of Object.entries(infos)) {
    const own = name.startsWith("LoadImage") ? { validates: ["image"] } : {};
    classes.set(name, { info: info as unknown as NodeInfo, ...own });
  }
  for (const { class: name, path, folder, fixed_entries } of lists) {
    const found = [...files].filter((file) => file.startsWith(`models/${folder}/`));
    const known = classes.get(name);
    if (found.length === 0 || known === undefined) continue;
    const info = cloneJson(known.info as unknown as JsonObject);
    const holder = path
      .slice(0, -1)
      .reduce((value, step) => (value as JsonObject)[step] as JsonValue, info as JsonValue);
    (holder as JsonObject)[path.at(-1) as string] = [
      ...fixed_entries,
      ...found.map((file) => file.split("/").at(-1) ?? ""),
    ];
    classes.set(name, { ...known, info: info as unknown as NodeInfo });
  }
  return classes;
}

function bodyOf(request: JsonObject): JsonValue {
  const body = (request["body"] ?? {}) as JsonObject;
  const { text } = body;
  return typeof text === "string" && text.startsWith("{") ? parseJson(text) : (body["json"] ?? null);
}

/** The prompt that the recorded history shows for an id: constants as validation left them. */
function recordedPrompt(steps: readonly JsonObject[], promptId: JsonValue): JsonValue | undefined {
  for (const step of steps) {
    const { request, expect } = step as { request?: JsonObject; expect?: JsonObject };
    if (request?.["path"] !== `/history/${String(promptId)}`) continue;
    const json = (expect?.["body"] as JsonObject | undefined)?.["json"];
    const entry = isJsonObject(json) ? json[String(promptId)] : undefined;
    const prompt = isJsonObject(entry) ? entry["prompt"] : undefined;
    return Array.isArray(prompt) ? prompt[2] : undefined;
  }
  return undefined;
}

const KINDS = ["missing_node_type", "prompt_no_outputs", "prompt_outputs_failed_validation"];

async function replay(table: Table, scenario: JsonObject, isConvert: boolean): Promise<number> {
  const start = scenario["start"] as JsonObject;
  const files = new Set((start["files"] as JsonObject[]).map((file) => String(file["path"])));
  const classes = classesWith(table, files);
  const steps = scenario["steps"] as JsonObject[];
  let played = 0;
  for (const step of steps) {
    const { request, expect } = step as { request?: JsonObject; expect?: JsonObject };
    if (request?.["method"] !== "POST" || request["path"] !== "/prompt" || expect === undefined) continue;
    const body = bodyOf(request);
    const prompt = isJsonObject(body) ? body["prompt"] : undefined;
    if (!isJsonObject(body) || !isJsonObject(prompt)) continue;
    const answer = (expect["body"] as JsonObject | undefined)?.["json"] as JsonObject | undefined;
    const error = answer?.["error"] as JsonObject | undefined;
    // What the request itself does wrong is the server's business.
    if (expect["status"] !== 200 && error !== undefined && !KINDS.includes(String(error["type"]))) continue;
    if (expect["status"] === 500 && "number" in body) continue;
    applyReplacements(prompt, (name) => classes.get(name));
    const validator = ownValidators(files);
    const result = await validatePrompt(prompt, {
      classes: (name) => classes.get(name),
      runValidator: async (className, given) => validator(className, given),
      targets: (body["partial_execution_targets"] ?? null) as string[] | null,
    });
    played += 1;
    if (expect["status"] === 500) {
      assert.equal(result.valid, false, "an accident is answered with a clear error");
      continue;
    }
    const got: JsonObject = { node_errors: result.nodeErrors };
    const wanted: JsonObject = { node_errors: answer?.["node_errors"] ?? {} };
    if (!result.valid) got["error"] = result.error;
    if (error !== undefined) wanted["error"] = error;
    assert(matches(wanted, got), `wanted ${printJson(wanted, "indent2")}\ngot ${printJson(got, "indent2")}`);
    const kept = recordedPrompt(steps, body["prompt_id"] ?? null);
    if (kept === undefined) continue;
    assert(matches(kept, prompt), `wanted ${printJson(kept)}\ngot ${printJson(prompt)}`);
    // The recordings keep `8.0` and `8` apart in their text, which is what history shows.
    if (isConvert) assert.equal(printJson(prompt), printJson(kept));
  }
  return played;
}

describe("recorded answers", { skip: isPresent ? false : "no recordings here" }, () => {
  if (!isPresent) return;
  const table: Table = {
    infos: read("object_info.json") as JsonObject,
    lists: read("object_info.files.json") as unknown as Table["lists"],
  };
  const areas = readdirSync(new URL("validation", golden))
    .filter((name) => name.endsWith(".json"))
    .map((name) => `validation/${name}`);
  for (const area of [...areas, "http/prompt.json", "http/replace.json"]) {
    const { scenarios } = read(area) as unknown as { scenarios: JsonObject[] };
    describe(area, () => {
      for (const scenario of scenarios) {
        it(String(scenario["name"]), async (context) => {
          const played = await replay(table, scenario, area === "validation/convert.json");
          if (played === 0) context.skip("nothing of it is about the prompt itself");
        });
      }
    });
  }
});
