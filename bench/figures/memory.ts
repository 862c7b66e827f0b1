/** How much memory grows while many jobs run. */
import { runMany } from "../prompts.ts";
import type { Report } from "../report.ts";
import { newBase, removeBase, sleep, StartedServer } from "../target.ts";

/** Heaps and compiled code settle during the first jobs. */
const WARM_UP = 500;

export async function measureMemory(command: string, jobs: number, report: Report): Promise<void> {
  const base = newBase();
  const server = await StartedServer.start(command, base);
  const measure = async (): Promise<{ hub: number; all: number }> => {
    await sleep(1000);
    const processes = server.processes();
    return { hub: processes[0]?.rssMB ?? 0, all: processes.reduce((sum, { rssMB }) => sum + rssMB, 0) };
  };
  try {
    await runMany(server.url, WARM_UP);
    const before = await measure();
    await runMany(server.url, jobs);
    const after = await measure();
    report(`memory after ${jobs + WARM_UP} jobs (RSS)`, after.all, "MB");
    report("memory growth, hub (RSS)", after.hub - before.hub, "MB");
    report("memory growth, all processes (RSS)", after.all - before.all, "MB");
  } finally {
    await server.stop();
    removeBase(base);
  }
}
