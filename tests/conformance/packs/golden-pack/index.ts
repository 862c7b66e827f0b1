/** Sources and collectors of the conformance test: values go in as descriptions, and come out as files. */
import { writeFile } from "node:fs/promises";
import { defineNode, input, parseDescription, string, type NodeClass } from "./sdk.ts";
import { describeValues } from "./describe.ts";
import { makeValue } from "./make.ts";

const description = string({ default: "null", multiline: true });

/** One value, described as JSON. */
const source = defineNode({
  name: "GoldenSource",
  api: "v1",
  category: "golden",
  inputs: { description },
  outputs: ["*"],
  execute: ({ description: text }) => [makeValue(parseDescription(text))],
});

/** A list output: a JSON array of descriptions. */
const list = defineNode({
  name: "GoldenList",
  api: "v1",
  category: "golden",
  inputs: { description },
  outputs: [{ type: "*", list: true }],
  execute: ({ description: text }) => {
    const values = parseDescription(text);
    if (!Array.isArray(values)) throw new TypeError("a list needs an array of descriptions");
    return [values.map(makeValue)];
  },
});

/** Writes all values that it receives to `<file>.json`, and their tensors' float32 values to `<file>.f32`. */
const collect = defineNode({
  name: "GoldenCollect",
  api: "v1",
  category: "golden",
  inputs: { value: input("*"), file: string({ default: "" }) },
  outputs: [],
  outputNode: true,
  inputIsList: true,
  execute: async ({ value, file: [file = ""] }) => {
    const { json, floats } = await describeValues(value);
    await writeFile(`${file}.f32`, floats);
    // The description comes last: whoever finds it finds the values too.
    await writeFile(`${file}.json`, json);
    return [];
  },
});

export const nodes: NodeClass[] = [source, list, collect];
