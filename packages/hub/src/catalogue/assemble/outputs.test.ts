import assert from "node:assert/strict";
import { test } from "node:test";
import { type JsonObject } from "@hearth/protocol";
import { nodeInfo } from "../test-support.ts";
import { patchOutputs, stampOf } from "./outputs.ts";

test("every node that writes files is led into the job's directory", () => {
  const prompt: JsonObject = {
    "1": { class_type: "EmptyImage", inputs: {} },
    "2": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "../../etc" } },
    "3": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
    "4": { class_type: "VHS_VideoCombine", inputs: { save_output: false, filename_prefix: "v" } },
    "5": { class_type: "SaveImage", inputs: { images: ["1", 0] } },
    "6": { class_type: "StringConcatenate", inputs: { filename_prefix: "stays" } },
  };
  patchOutputs(prompt, "20260324_143052_a1b2c3", [{ node_id: 5, kind: "intermediate" }], nodeInfo);
  const of = (id: string) => prompt[id] as { class_type: string; inputs: JsonObject };
  assert.equal(of("2").inputs["filename_prefix"], "20260324_143052_a1b2c3/final/final");
  assert.equal(of("3").class_type, "SaveImage", "the temp folder is emptied, so previews are kept too");
  assert.equal(of("3").inputs["filename_prefix"], "20260324_143052_a1b2c3/preview/preview");
  assert.deepEqual(of("4").inputs, {
    save_output: true,
    filename_prefix: "20260324_143052_a1b2c3/intermediate/intermediate",
  });
  assert.equal(of("5").inputs["filename_prefix"], "20260324_143052_a1b2c3/intermediate/intermediate");
  assert.deepEqual(of("6").inputs, { filename_prefix: "stays" });
  assert.deepEqual(of("1").inputs, {});
});

test("a directory is named by the local time", () => {
  assert.equal(stampOf("2026-03-24T14:30:52"), "20260324_143052");
});
