import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type JsonObject, keysOf, type NodeClassAnnouncement, parseJson, printJson } from "@hearth/protocol";
import { applyReplacements, nodeReplacementsInfo } from "./index.ts";

function replaced(text: string, known: readonly string[]): string {
  const prompt = parseJson(text) as JsonObject;
  applyReplacements(prompt, (name) => (known.includes(name) ? ({} as NodeClassAnnouncement) : undefined));
  return printJson(prompt);
}

describe("replacements", () => {
  it("rebuild the inputs from the mapping, and keep id and metadata", () => {
    assert.equal(
      replaced(
        '{"7": {"class_type": "ImageScaleBy", "inputs": {"image": ["1", 0], "scale_by": 2.0, "upscale_method": "area", "more": 1}, "_meta": {"title": "x"}}}',
        ["ResizeImageMaskNode"],
      ),
      '{"7": {"class_type": "ResizeImageMaskNode", "inputs": {"input": ["1", 0], "resize_type": "scale by multiplier", "resize_type.multiplier": 2.0, "scale_method": "area"}, "_meta": {"title": "x"}}}',
    );
  });

  it("leave known classes, and classes whose replacement is unknown", () => {
    const text = '{"1": {"class_type": "ImageBatch", "inputs": {"image1": 1}}}';
    assert.equal(replaced(text, ["ImageBatch", "BatchImagesNode"]), text);
    assert.equal(replaced(text, []), text);
  });

  it("stand what the reference stumbles over", () => {
    assert.equal(
      replaced(
        '{"1": {"class_type": "ImageBatch", "inputs": {}}, "2": null, "3": {"class_type": "Load3DAnimation"}}',
        ["BatchImagesNode", "Load3D"],
      ),
      '{"1": {"class_type": "BatchImagesNode", "inputs": {}}, "2": null, "3": {"class_type": "Load3D", "inputs": {}}}',
    );
  });

  it("are listed by the class that they replace", () => {
    const info = nodeReplacementsInfo();
    assert.equal(keysOf(info).length, 8);
    assert.equal(
      printJson(info["T2IAdapterLoader"]),
      '[{"new_node_id": "ControlNetLoader", "old_node_id": "T2IAdapterLoader", "old_widget_ids": null, "input_mapping": [{"new_id": "control_net_name", "old_id": "t2i_adapter_name"}], "output_mapping": null}]',
    );
    assert("ConditioningAverage " in info);
  });
});
