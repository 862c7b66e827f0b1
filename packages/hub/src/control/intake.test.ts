import assert from "node:assert/strict";
import { test } from "node:test";
import { GRAPH, graphPart, reach, startControlServer } from "../http/control/test-control.ts";

test("a workflow's tags are among what its worker must have, and one that no worker can run is invalid", async (t) => {
  const { store, submit, ask } = await startControlServer(
    t,
    {},
    {
      place: (_prompt, outputs, tags) =>
        tags?.includes("tpu") === true
          ? {
              error: {
                ...{ type: "no_eligible_worker", message: "No worker can run this prompt" },
                ...{ details: "gpu-1: lacks the tag 'tpu'", extra_info: { workers: [] } },
              },
            }
          : { needs: JSON.stringify({ outputs, tags }) },
    },
  );
  const create = async (tags: string, state: string): Promise<string> => {
    const answer = await submit([
      { name: "name", content: "test" },
      { name: "tags", content: tags },
      graphPart(GRAPH),
    ]);
    const { id } = (await answer.json()) as { id: string };
    await reach(store, id, state);
    return id;
  };
  const queued = await create("gpu, big", "queued");
  const job = await store.getByPromptId(queued);
  assert.deepEqual(JSON.parse(job?.needs ?? "{}"), { outputs: ["2"], tags: ["gpu", "big"] });
  const invalid = await create("tpu", "invalid");
  const shown = (await (await ask("GET", `/v1/workflow/${invalid}`)).json()) as Record<string, unknown>;
  assert.equal(shown["status"], "invalid");
  assert.equal(shown["exception_message"], "No worker can run this prompt: gpu-1: lacks the tag 'tpu'");
});
