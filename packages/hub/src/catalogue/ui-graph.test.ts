import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { ConvertError, convertWorkflow, isPrompt, rebuildPrompt } from "@hearth/graph/convert";
import { type JsonObject, parseJson, printJson } from "@hearth/protocol";
import { announcements, golden, nodeInfo } from "./test-support.ts";
import { workflowOfPrompt } from "./ui-graph.ts";

/** The nodes in an order of their own, with the inputs by name: neither order means anything to a server. */
function canonical(prompt: JsonObject): string {
  const nodes = Object.entries(prompt).map(([id, node]) => {
    const { inputs, class_type } = node as { inputs: JsonObject; class_type: string };
    return [id, class_type, Object.entries(inputs).sort(([a], [b]) => (a < b ? -1 : 1))];
  });
  const text = printJson(nodes.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
  // A list that is a value goes wrapped, since it could be taken for a link.
  return text.replaceAll('{"__value__": []}', "[]");
}

test("the editor makes the same prompt of a workflow as it was made from", () => {
  const files = globSync(golden("cpu-workflows/prompts/*.json"));
  let compared = 0;
  for (const file of files) {
    const prompt = parseJson(readFileSync(file, "utf8")) as JsonObject;
    if (!isPrompt(prompt) || !Object.keys(prompt).every((id) => /^[1-9]\d*$/.test(id))) continue;
    const known = Object.values(prompt).every(
      (node) => nodeInfo((node as JsonObject)["class_type"] as string) !== undefined,
    );
    if (!known) continue;
    const workflow = workflowOfPrompt(prompt, nodeInfo);
    assert.equal(
      canonical(convertWorkflow(workflow, nodeInfo).prompt),
      canonical(rebuildPrompt(prompt, nodeInfo)),
      file,
    );
    compared += 1;
  }
  assert.ok(compared > 30, `${compared} prompts were compared`);
});

const VALUELESS = [
  "WebcamCapture",
  "Load3D",
  "Load3DAdvanced",
  "Preview3DAdvanced",
  "PreviewGaussianSplat",
  "PreviewPointCloud",
  "CustomCombo",
  "Save3DAdvanced",
  "SaveGaussianSplat",
  "SavePointCloud",
];

test("every class can be exported with its defaults and comes back the same", () => {
  const infos = parseJson(readFileSync(golden("object_info.json"), "utf8")) as JsonObject;
  // Without any file to choose, there is no default either.
  const classes = announcements(new Proxy({}, { get: () => ["a.file"] }));
  const filled = (name: string) => classes(name)?.info;
  const different: string[] = [];
  for (const name of Object.keys(infos)) {
    // Its choices come from another route.
    const inputs = name === "LoadImageOutput" ? { image: "a.file" } : {};
    const prompt = rebuildPrompt({ "1": { class_type: name, inputs } }, filled);
    const back = convertWorkflow(workflowOfPrompt(prompt, filled), filled).prompt;
    if (canonical(back) !== canonical(prompt)) different.push(name);
  }
  // A viewer, a camera and a list of choices that nobody touched have no value, so their place cannot be told.
  assert.deepEqual(different, VALUELESS);
});

test("nodes whose ids are no numbers get some, and stand right of what they take from", () => {
  const workflow = workflowOfPrompt(
    {
      "save-it": { class_type: "SaveImage", inputs: { images: ["load-1", 0], filename_prefix: "x" } },
      "load-1": { class_type: "EmptyImage", inputs: { width: 8 }, _meta: { title: "Mine" } },
    },
    nodeInfo,
  );
  const [save, load] = workflow["nodes"] as JsonObject[];
  assert.deepEqual([save?.["id"], load?.["id"], load?.["title"]], [1, 2, "Mine"]);
  const left = (node: JsonObject | undefined): number =>
    (node?.["pos"] as number[] | undefined)?.[0] ?? Number.NaN;
  assert.ok(left(save) > left(load));
  assert.deepEqual(workflow["links"], [[1, 2, 0, 1, 0, "IMAGE"]]);
});

test("a class that nobody has cannot be exported", () => {
  assert.throws(
    () => workflowOfPrompt({ "1": { class_type: "Nothing", inputs: {} } }, nodeInfo),
    (error) => error instanceof ConvertError && /no node class 'Nothing'/.test(error.message),
  );
});
