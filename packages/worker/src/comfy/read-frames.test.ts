import assert from "node:assert/strict";
import { test } from "node:test";
import { type Preview, previewFrame, previewWithMetadataFrame, textFrame } from "@hearth/protocol";
import { readFrame } from "./read-frames.ts";

const preview: Preview = {
  format: "png",
  bytes: Buffer.from([1, 2, 3]),
  nodeId: "4.0.0.1",
  displayNodeId: "4",
  parentNodeId: "4",
  realNodeId: "4",
};

test("text frames: type, data and prompt", () => {
  const read = (text: string): unknown => readFrame(Buffer.from(text), false);
  assert.deepEqual(read('{"type": "x", "data": {"prompt_id": "p", "n": 18446744073709551615}}'), {
    kind: "json",
    type: "x",
    data: { prompt_id: "p", n: 18446744073709551615n },
    promptId: "p",
  });
  assert.deepEqual(read('{"type": "pack", "data": [1]}'), {
    kind: "json",
    type: "pack",
    data: [1],
    promptId: undefined,
  });
  for (const text of [
    '{"type": "x", "da',
    "[]",
    '{"type": 1, "data": {}}',
    '{"type": "x", "data": null}',
    "",
  ]) {
    assert.equal(read(text), undefined, text);
  }
});

test("binary frames: the three events", () => {
  const { format, bytes, ...ids } = preview;
  assert.deepEqual(readFrame(previewWithMetadataFrame(preview, "p"), true), {
    kind: "preview",
    format,
    bytes,
    ids,
    promptId: "p",
  });
  assert.deepEqual(readFrame(previewFrame(preview), true), {
    kind: "preview",
    format,
    bytes,
    ids: undefined,
    promptId: undefined,
  });
  assert.deepEqual(readFrame(textFrame("ä", "höhe: 3"), true), {
    kind: "text",
    nodeId: "ä",
    text: "höhe: 3",
    promptId: undefined,
  });
});

test("binary frames that are cut short, or of no known event, say nothing", () => {
  for (const whole of [previewWithMetadataFrame(preview, "p"), textFrame("12", "x")]) {
    for (let length = 0; length < 10; length += 1) {
      assert.equal(readFrame(whole.subarray(0, length), true), undefined, `${length} bytes`);
    }
  }
  assert.equal(readFrame(Buffer.from([0, 0, 0, 9, 1, 2, 3, 4, 5]), true), undefined);
});
