/** Fills the database of a Hearth that does not run yet with finished jobs: seconds instead of minutes. */
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { openSqliteStore } from "@hearth/jobs";
import { smallPrompt } from "./prompts.ts";

const BATCH = 500;

export async function fillHistory(base: string, jobs: number): Promise<void> {
  const folder = path.join(base, "studio");
  mkdirSync(folder, { recursive: true });
  const store = await openSqliteStore(path.join(folder, "hearth.db"));
  const begin = Date.now() - jobs * 10;
  const finishNext = async (index: number): Promise<void> => {
    const job = await store.claim("bench", { leaseMs: 60_000 });
    if (job === undefined) throw new Error("no job to claim");
    const timestamp = begin + index * 10;
    const id = { prompt_id: job.promptId, timestamp };
    const text = "tensor([[[[0.1, 0.2, 0.3], [0.1, 0.2, 0.3], [0.1, 0.2, 0.3]]]])";
    await store.finish(job.id, job.attempt, {
      state: "completed",
      outputs: JSON.stringify({ "3": { text: [text] } }),
      status: JSON.stringify({
        status_str: "success",
        completed: true,
        messages: [
          ["execution_start", id],
          ["execution_cached", { nodes: [], ...id }],
          ["execution_success", id],
        ],
      }),
      meta: JSON.stringify({
        "3": { node_id: "3", display_node: "3", parent_node: null, real_node_id: "3" },
      }),
      error: undefined,
      nodeTimes: "{}",
      outputsCount: 1,
      previewableCount: 1,
      previewOutput: JSON.stringify({ content: text, nodeId: "3", mediaType: "text" }),
      startedAt: timestamp,
      endedAt: timestamp + 5,
    });
  };
  try {
    for (let done = 0; done < jobs; done += BATCH) {
      const indexes = Array.from({ length: Math.min(BATCH, jobs - done) }, (_, index) => done + index);
      await Promise.all(
        indexes.map((index) =>
          store.accept({
            promptId: randomUUID(),
            prompt: JSON.stringify(smallPrompt()),
            extraData: JSON.stringify({ create_time: begin + index * 10 }),
            sensitive: undefined,
            outputsToExecute: ["3"],
            number: undefined,
            front: false,
            clientId: undefined,
            owner: "anonymous",
            createdAt: begin + index * 10,
            workflowId: undefined,
          }),
        ),
      );
      await Promise.all(indexes.map(finishNext));
    }
  } finally {
    await store.close();
  }
}
