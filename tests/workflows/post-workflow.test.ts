/** `POST /prompt` with a workflow in place of a prompt. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import sharp from "sharp";
import { TestServer } from "../support/server.ts";

let server: TestServer;
before(async () => {
  server = await TestServer.start();
});
after(() => server.stop());

/** As an editor saves it: two nodes, one link. */
function workflow(savedClass = "SaveImage"): object {
  return {
    id: "11111111-2222-4333-8444-555555555555",
    last_node_id: 2,
    last_link_id: 1,
    nodes: [
      {
        id: 1,
        type: "EmptyImage",
        pos: [0, 0],
        size: [200, 100],
        order: 0,
        mode: 0,
        inputs: [],
        outputs: [{ name: "IMAGE", type: "IMAGE", links: [1] }],
        widgets_values: [24, 16, 1, 255],
      },
      {
        id: 2,
        type: savedClass,
        pos: [300, 0],
        size: [200, 100],
        order: 1,
        mode: 0,
        inputs: [{ name: "images", type: "IMAGE", link: 1 }],
        outputs: [],
        widgets_values: ["from-workflow"],
      },
    ],
    links: [[1, 1, 0, 2, 0, "IMAGE"]],
    version: 0.4,
  };
}

test("a workflow runs as the editor would have sent it, and its picture carries it", async () => {
  const answer = await server.post("/prompt", { workflow: workflow() });
  assert.equal(answer.status, 200);
  const { prompt_id } = (await answer.json()) as { prompt_id: string };
  await server.idle();
  const history = await server.json<
    Record<
      string,
      { prompt: [number, string, object]; outputs: Record<string, { images: { filename: string }[] }> }
    >
  >(`/history/${prompt_id}`);
  const entry = history[prompt_id];
  assert.deepEqual(Object.keys(entry?.prompt[2] ?? {}), ["1", "2"]);
  const [image] = entry?.outputs["2"]?.images ?? [];
  const picture = Buffer.from(
    await (await fetch(`${server.url}/view?filename=${image?.filename}`)).arrayBuffer(),
  );
  const { width, height } = await sharp(picture).metadata();
  assert.deepEqual([width, height], [24, 16]);
  assert.ok(picture.includes("11111111-2222-4333-8444-555555555555"), "the workflow is inside");
});

test("what cannot be converted names the node and the reason", async () => {
  const answer = await server.post("/prompt", { workflow: workflow("NoSuchClass") });
  assert.equal(answer.status, 400);
  const body = (await answer.json()) as {
    error: { type: string; details: string };
    node_errors: Record<string, { class_type: string; errors: { message: string }[] }>;
  };
  assert.equal(body.error.type, "workflow_not_convertible");
  assert.match(body.error.details, /node 2 .*NoSuchClass/);
  assert.equal(body.node_errors["2"]?.class_type, "NoSuchClass");
});

test("a prompt wins over a workflow, and something else in its place is no prompt", async () => {
  const both = await server.post("/prompt", { prompt: {}, workflow: workflow() });
  assert.equal(((await both.json()) as { error: { type: string } }).error.type, "prompt_no_outputs");
  const neither = await server.post("/prompt", { workflow: "text" });
  assert.equal(((await neither.json()) as { error: { type: string } }).error.type, "no_prompt");
});
