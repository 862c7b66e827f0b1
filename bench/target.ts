/** What is measured: a server that runs already (`--url`), or one that this program starts from a command and ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { isAlive, processTree, type ProcessUse, usage } from "./processes.ts";

const HEARTH = fileURLToPath(new URL("../bin/hearth.js", import.meta.url));
/** `{port}` and `{base}` stand for a free port and an empty directory. */
export const HEARTH_COMMAND = `'${process.execPath}' '${HEARTH}' serve --listen 127.0.0.1 --port {port} --base-directory {base}`;
const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 15_000;

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((done) => setTimeout(done, milliseconds));

/** A server to measure. Without a process of ours (`--url`) nothing is known of memory and processor time. */
export interface Target {
  readonly url: string;
  readonly root: number | undefined;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

export function newBase(): string {
  const base = mkdtempSync(path.join(os.tmpdir(), "hearth-bench-"));
  process.once("exit", () => removeBase(base));
  return base;
}

export function removeBase(base: string): void {
  rmSync(base, { recursive: true, force: true, maxRetries: 5 });
}

export class StartedServer implements Target {
  readonly url: string;
  readonly root: number;
  /** from starting the process to the end of the first answer */
  readonly startMs: number;
  /** of the process and what it started, up to that answer */
  readonly startCpuSeconds: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string, startMs: number) {
    this.#child = child;
    this.url = url;
    this.root = child.pid ?? -1;
    this.startMs = startMs;
    this.startCpuSeconds = this.processes().reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  }

  /** Starts `command` and asks for `GET /prompt` until it is answered. */
  static async start(command: string, base: string): Promise<StartedServer> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const line = command.replaceAll("{port}", String(port)).replaceAll("{base}", `'${base}'`);
    const started = performance.now();
    const child = spawn("sh", ["-c", `exec ${line}`], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, HEARTH_ORPHAN_MS: "2000" },
    });
    // Only counts when this program ends before `stop`: by a signal, or by its starter's time limit.
    const killAll = (): void => killTree(child);
    // Before the directory is removed.
    process.prependOnceListener("exit", killAll);
    child.once("exit", () => process.off("exit", killAll));
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
    }
    while (!(await answers(url))) {
      const isLate = performance.now() - started > START_LIMIT_MS;
      if (child.exitCode !== null || isLate) {
        child.kill("SIGKILL");
        throw new Error(`the server did not start: ${line}\n${output}`);
      }
      await sleep(5);
    }
    return new StartedServer(child, url, performance.now() - started);
  }

  processes(): ProcessUse[] {
    return processTree(this.root).map(usage);
  }

  /** Ends it and everything that it started. */
  async stop(): Promise<void> {
    const pids = processTree(this.root);
    this.#child.kill("SIGTERM");
    const deadline = performance.now() + STOP_LIMIT_MS;
    while (pids.some(isAlive)) {
      if (performance.now() > deadline) {
        for (const pid of pids.filter(isAlive)) process.kill(pid, "SIGKILL");
        return;
      }
      await sleep(20);
    }
  }
}

function killTree(child: ChildProcess): void {
  for (const pid of processTree(child.pid ?? -1).filter(isAlive)) process.kill(pid, "SIGKILL");
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/prompt`)).ok;
  } catch {
    return false;
  }
}

export async function queueRemaining(url: string): Promise<number> {
  const answer = (await (await fetch(`${url}/prompt`)).json()) as { exec_info: { queue_remaining: number } };
  return answer.exec_info.queue_remaining;
}

/** Until nothing waits or runs. */
export async function idle(url: string, limitMs = 120_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while ((await queueRemaining(url)) > 0) {
    if (performance.now() > deadline) throw new Error("the queue did not become empty");
    await sleep(5);
  }
}
