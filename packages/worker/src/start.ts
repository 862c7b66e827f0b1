/** Starts a worker as a process of its own. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { workerEnvironment, type WorkerSettings } from "./settings.ts";

export interface WorkerProcess {
  readonly pid: number;
  /** resolves when the process has ended */
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
}

/** Detached, with its output in `logFile`: it survives the process that starts it. */
export function startWorker(settings: WorkerSettings, logFile: string): WorkerProcess {
  const log = openSync(logFile, "a");
  const child = spawn(process.execPath, [fileURLToPath(new URL("./main.ts", import.meta.url))], {
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...process.env, ...workerEnvironment(settings), HEARTH_STARTER_PIPE: "" },
  });
  closeSync(log);
  child.unref();
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", () => resolve({ code: null, signal: null }));
  });
  return { pid: child.pid ?? -1, ended };
}
