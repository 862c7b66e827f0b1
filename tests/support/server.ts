/** A real Hearth, started as a user starts it, below a temporary base directory. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

/** Asks again until `condition` gives something; fails with `what` after `timeoutMs`. */
export async function until<T>(
  what: string,
  condition: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`gave up waiting for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

export interface ProcessIds {
  readonly hub: number;
  readonly worker?: number;
}

export class TestServer {
  readonly base: string;
  readonly port: number;
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;
  /** everything that the processes printed */
  output = "";

  private constructor(base: string, port: number, flags: readonly string[]) {
    this.base = base;
    this.port = port;
    this.#flags = flags;
  }

  static async start(flags: readonly string[] = []): Promise<TestServer> {
    const base = mkdtempSync(path.join(os.tmpdir(), "hearth-test-"));
    const server = new TestServer(base, await freePort(), flags);
    await server.launch();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get starter(): number {
    return this.#child?.pid ?? -1;
  }

  /** Starts the process (again) and waits for its first answer. */
  async launch(): Promise<void> {
    const child = spawn(
      process.execPath,
      [
        path.join(PROJECT, "bin/hearth.js"),
        "serve",
        ...["--listen", "127.0.0.1", "--port", String(this.port), "--base-directory", this.base],
        ...this.#flags,
      ],
      {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, HEARTH_ORPHAN_MS: "5000", HEARTH_STARTER: "process" },
      },
    );
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    }
    await until(`an answer of ${this.url}\n${this.output}`, () => this.answers());
  }

  async answers(): Promise<true | undefined> {
    try {
      return (await fetch(`${this.url}/prompt`)).ok ? true : undefined;
    } catch {
      return undefined;
    }
  }

  /** The real process ids, as the hub notes them. */
  ids(): ProcessIds {
    return JSON.parse(readFileSync(path.join(this.base, "hearth.json"), "utf8")) as ProcessIds;
  }

  async json<T>(route: string): Promise<T> {
    return (await (await fetch(this.url + route)).json()) as T;
  }

  async post(route: string, body: unknown): Promise<Response> {
    return fetch(this.url + route, { method: "POST", body: JSON.stringify(body) });
  }

  /** Waits until nothing waits or runs. */
  idle(timeoutMs?: number): Promise<true> {
    return until(
      "an empty queue",
      async () => {
        try {
          const { exec_info } = await this.json<{ exec_info: { queue_remaining: number } }>("/prompt");
          return exec_info.queue_remaining === 0 ? true : undefined;
        } catch {
          return undefined;
        }
      },
      timeoutMs,
    );
  }

  /** Ends the server as a person or a service manager does, and waits for its process; everything on disk stays. */
  async terminate(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  }

  /** Stops the server and its worker, and removes everything below the base directory. */
  async stop(): Promise<void> {
    let worker: number | undefined;
    try {
      worker = this.ids().worker;
    } catch {
      worker = undefined;
    }
    await this.terminate();
    if (worker !== undefined) {
      const pid = worker;
      await until("the worker's end", () => (alive(pid) ? undefined : true), 20_000).catch(() => kill(pid));
    }
    rmSync(this.base, { recursive: true, force: true, maxRetries: 5 });
  }
}

export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** `kill -9`; a process that is gone already is fine. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
