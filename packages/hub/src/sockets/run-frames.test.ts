import assert from "node:assert/strict";
import { test } from "node:test";
import { RunFrames } from "./run-frames.ts";

const NEITHER = { previewMetadata: false, progressText: false };

test("a node's text goes out as binary event 3, and as JSON only to who takes it", () => {
  const frames = new RunFrames({ kind: "text", nodeId: "7", text: "half done" }, "p1");
  const plain = frames.for(NEITHER);
  assert.equal(plain.length, 1);
  assert.equal((plain[0] as Buffer).readUInt32BE(0), 3);
  const both = frames.for({ ...NEITHER, progressText: true });
  assert.equal(both.length, 2);
  assert.deepEqual(JSON.parse(both[1] as string), {
    type: "progress_text",
    data: { nodeId: "7", text: "half done", prompt_id: "p1" },
  });
});

test("each kind of client has its frames built once", () => {
  const frames = new RunFrames({ kind: "text", nodeId: "7", text: "x" }, "p1");
  assert.equal(frames.for(NEITHER), frames.for({ ...NEITHER }));
});
