import assert from "node:assert/strict";
import { test } from "node:test";
import { type JsonObject, printJson, type RunMessage } from "@hearth/protocol";
import { until } from "../../../../tests/support/server.ts";
import type { ComfyFrame } from "./read-frames.ts";
import { RunReader } from "./run-reader.ts";

interface Reading {
  readonly told: RunMessage[];
  readonly reader: RunReader;
  readonly hear: (...frames: ComfyFrame[]) => void;
}

function reading(options: { namesPreviews?: boolean; comfyId?: string } = {}): Reading {
  const told: RunMessage[] = [];
  const reader = new RunReader({
    comfyId: options.comfyId ?? "p",
    promptId: "p",
    namesPreviews: () => options.namesPreviews ?? true,
    tell: (message) => told.push(message),
  });
  return {
    told,
    reader,
    hear: (...frames) => {
      for (const frame of frames) reader.hear(frame);
    },
  };
}

const json = (type: string, data: JsonObject, promptId: string | null = "p"): ComfyFrame => ({
  kind: "json",
  type,
  data: promptId === null ? data : { ...data, prompt_id: promptId },
  promptId: promptId ?? undefined,
});
const ids = { nodeId: "1", displayNodeId: "1", parentNodeId: null, realNodeId: "1" };
const picture = (byte: number, named = true): ComfyFrame => ({
  kind: "preview",
  format: "jpeg",
  bytes: Buffer.from([byte]),
  ids: named ? ids : undefined,
  promptId: named ? "p" : undefined,
});
/** what was told, in one word each */
const words = (told: readonly RunMessage[]): string[] =>
  told.map((message) => {
    if (message.kind !== "progress") return message.kind === "json" ? message.type : "text";
    const { state, preview, progress } = message;
    return [state && "state", preview && `picture ${preview.bytes[0]}`, progress && "progress"]
      .filter((word) => word !== undefined)
      .join("+");
  });

test("a preview joins the progress that follows it", () => {
  const { told, hear } = reading();
  hear(json("progress_state", { nodes: {} }), picture(1), json("progress", { value: 1, max: 2, node: "1" }));
  assert.deepEqual(words(told), ["state", "picture 1+progress"]);
});

test("a preview that no progress follows is told in its place, or after a moment", async () => {
  const { told, hear } = reading();
  hear(picture(1), picture(2), json("executed", { node: "1", output: {} }), picture(3));
  assert.deepEqual(words(told), ["picture 1", "picture 2", "executed"]);
  await until("the last one", () => (words(told).at(-1) === "picture 3" ? true : undefined));
});

test("older versions: the picture comes after its progress, and belongs to the node that executes", async () => {
  const { told, hear } = reading({ namesPreviews: false });
  const nodes = { "7.0": { display_node_id: "7", parent_node_id: "7", real_node_id: "7" } };
  hear(json("progress_state", { nodes }), json("executing", { node: "7.0" }));
  hear(json("progress", { value: 1, max: 2 }), picture(1, false), json("progress", { value: 2, max: 2 }));
  assert.deepEqual(words(told), ["state", "executing", "picture 1+progress"]);
  const joined = told[2];
  assert.ok(joined?.kind === "progress" && joined.preview !== undefined);
  const { bytes: _bytes, format: _format, ...named } = joined.preview;
  assert.deepEqual(named, { nodeId: "7.0", displayNodeId: "7", parentNodeId: "7", realNodeId: "7" });
  await until("the progress without a picture", () => (words(told)[3] === "progress" ? true : undefined));
});

test("who hears it: the client; everyone for interruptions and for what packs say to all", () => {
  const { told, hear } = reading();
  hear(json("execution_interrupted", {}), json("pack.monitor", { cpu: 1 }, null), json("pack.mine", {}));
  assert.deepEqual(
    told.map((message) => message.kind === "json" && message.audience),
    ["everyone", "everyone", "client"],
  );
});

test("the end is not told, and node times add up per node of the prompt", () => {
  const { told, hear, reader } = reading();
  const nodes = { "2.0": { real_node_id: "2" }, "2": { real_node_id: "2" }, "1": { real_node_id: "1" } };
  hear(json("progress_state", { nodes }));
  for (const node of ["1", "2", "2.0"]) hear(json("executing", { node }));
  hear(json("executing", { node: null }));
  assert.deepEqual(words(told), ["state", "executing", "executing", "executing"]);
  assert.deepEqual(Object.keys(reader.nodeTimes).sort(), ["1", "2"]);
});

test("another id of the ComfyUI's becomes the job's own, also inside", () => {
  const { told, hear } = reading({ comfyId: "other" });
  hear(json("progress_state", { nodes: { "1": { prompt_id: "other" } } }, "other"));
  assert.equal(printJson(told).includes("other"), false);
});
