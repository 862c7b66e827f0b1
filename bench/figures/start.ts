/** Start to first answer, and what an idle server holds. */
import { fillHistory } from "../fill-history.ts";
import { runMany } from "../prompts.ts";
import type { Report } from "../report.ts";
import { summary } from "../statistics.ts";
import { HEARTH_COMMAND, newBase, removeBase, sleep, StartedServer } from "../target.ts";

const STARTS = 3;

/** `jobs`: how many finished ones a used directory holds; a server other than Hearth starts with none. */
export async function measureStart(command: string, jobs: number, report: Report): Promise<void> {
  const base = newBase();
  const again: StartedServer[] = [];
  try {
    const first = await StartedServer.start(command, base);
    const before = performance.now();
    let untilRun = first.startMs;
    try {
      await runMany(first.url, 1);
      untilRun += performance.now() - before;
    } finally {
      await first.stop();
    }
    const kept = command === HEARTH_COMMAND ? jobs : 0;
    if (kept > 0) await fillHistory(base, kept);
    for (let index = 0; index < STARTS; index += 1) {
      const server = await StartedServer.start(command, base);
      again.push(server);
      await server.stop();
    }
    report("start to first answer, new directory", first.startMs / 1000, "s");
    report("start to first finished prompt", untilRun / 1000, "s");
  } finally {
    removeBase(base);
  }
  report(
    "start to first answer, used directory (--jobs kept)",
    summary(again.map((one) => one.startMs)).p50 / 1000,
    "s",
  );
  report("processor time to first answer", summary(again.map((one) => one.startCpuSeconds)).p50, "s");
}

export async function measureIdle(command: string, report: Report): Promise<void> {
  const base = newBase();
  const server = await StartedServer.start(command, base);
  try {
    await runMany(server.url, 1);
    await sleep(3000);
    const processes = server.processes();
    const sum = (field: "rssMB" | "pssMB"): number => processes.reduce((total, use) => total + use[field], 0);
    report("idle memory, hub (RSS)", processes[0]?.rssMB ?? 0, "MB");
    report("idle memory, workers (RSS)", sum("rssMB") - (processes[0]?.rssMB ?? 0), "MB");
    report("idle memory, all processes (RSS)", sum("rssMB"), "MB");
    report("idle memory, all processes (PSS)", sum("pssMB"), "MB");
  } finally {
    await server.stop();
    removeBase(base);
  }
}
