/** Jobs and files that no request may touch: planted before, looked for afterwards. */
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestServer, until } from "../support/server.ts";

export interface Kept {
  readonly jobs: readonly string[];
  /** content by absolute path */
  readonly files: ReadonlyMap<string, string>;
}

/** Their names are unguessable: who deletes them was not told to. */
export async function plant(server: TestServer): Promise<Kept> {
  const files = new Map<string, string>();
  for (const folder of ["input", "output", "user/default/workflows", "models/loras"]) {
    const file = path.join(server.base, folder, `kept-${randomUUID()}.json`);
    mkdirSync(path.dirname(file), { recursive: true });
    const content = `{"kept": "${randomUUID()}"}`;
    writeFileSync(file, content);
    files.set(file, content);
  }
  const jobs: string[] = [];
  for (let color = 0; color < 5; color += 1) {
    const prompt = {
      "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color } },
      "2": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
    };
    const id = randomUUID();
    const { status } = await server.post("/prompt", { prompt, prompt_id: id });
    if (status !== 200) throw new Error(`a job that shall be kept was refused: ${status}`);
    await until("a job that shall be kept", async () => {
      const history = await server.json<Record<string, unknown>>(`/history/${id}`);
      return history[id] === undefined ? undefined : true;
    });
    jobs.push(id);
  }
  return { jobs, files };
}

/** What is gone or changed, in words. */
export async function missing(server: TestServer, { jobs, files }: Kept): Promise<string[]> {
  const found: string[] = [];
  for (const id of jobs) {
    const answer = await fetch(`${server.url}/api/jobs/${id}`);
    const job = (await answer.json()) as { status?: string };
    if (job.status !== "completed") found.push(`job ${id} is ${job.status ?? answer.status}`);
  }
  for (const [file, content] of files) {
    let now: string | undefined;
    try {
      now = readFileSync(file, "utf8");
    } catch {
      now = undefined;
    }
    if (now !== content)
      found.push(`${path.relative(server.base, file)} ${now === undefined ? "is gone" : "has changed"}`);
  }
  return found;
}
