/** A server under test: one that runs already, or one that is started for a set of options. */
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isJsonObject, printJson, toNumber, type JsonObject, type JsonValue } from "@hearth/protocol";
import { DIRECTORIES, wipe, writeFixture } from "./base-directory.ts";
import { request, type HttpResponse } from "./client.ts";

export class ServerUnderTest {
  readonly baseUrl: string;
  /** `undefined` when the server's files cannot be reached */
  readonly baseDirectory: string | undefined;

  constructor(baseUrl: string, baseDirectory: string | undefined) {
    this.baseUrl = baseUrl;
    this.baseDirectory = baseDirectory;
  }

  get(place: string): Promise<HttpResponse> {
    return request(this.baseUrl, { path: place });
  }

  post(place: string, value: unknown): Promise<HttpResponse> {
    const body = Buffer.from(printJson(value));
    return request(this.baseUrl, { method: "POST", path: place, body, contentType: "application/json" });
  }

  /** Waits until no job is queued or running; resolves to whether that came in time. */
  async idle(timeoutMs = 60_000): Promise<boolean> {
    const end = Date.now() + timeoutMs;
    while (Date.now() < end) {
      if ((await this.#remaining()) === 0) return true;
      await delay(50);
    }
    return false;
  }

  /** A server that does not answer (yet) is not idle. */
  async #remaining(): Promise<number> {
    try {
      const answer = (await this.get("/prompt")).json() as JsonObject;
      const info = answer["exec_info"] as JsonValue;
      return isJsonObject(info) ? toNumber(info["queue_remaining"]) : Number.NaN;
    } catch {
      return Number.NaN;
    }
  }

  /** Brings the server back to where it began: no job, no history, no cache, only the given files. */
  async reset(files: readonly JsonObject[]): Promise<void> {
    await this.post("/queue", { clear: true });
    if (!(await this.idle(200))) {
      await this.post("/interrupt", {});
      await this.idle();
    }
    await this.post("/history", { clear: true });
    await this.post("/free", { unload_models: true, free_memory: true });
    await delay(150);
    const base = this.baseDirectory;
    if (base === undefined) return;
    await wipe(base);
    for (const file of files) await writeFixture(base, file, (value) => withBase(value, base));
  }

  async stop(): Promise<void> {}
}

function withBase(value: JsonValue, base: string): JsonValue {
  return typeof value === "string" ? value.replaceAll("{{base}}", base) : value;
}

export interface Launch {
  readonly command: readonly string[];
  readonly flags: readonly string[];
  readonly packs: readonly string[];
  /** files to write before the start; those with a `pack` only when it is asked for */
  readonly files: readonly JsonObject[];
  /** receives the server's output */
  readonly log?: string | undefined;
}

/** How long a server may take to answer `GET /prompt`. */
const READY_MS = 120_000;
const STOP_MS = 10_000;

export class LaunchedServer extends ServerUnderTest {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #failure: string | undefined;
  static readonly #running = new Set<LaunchedServer>();

  /** Ends all servers that are running: for a run that is itself being ended. */
  static async stopAll(): Promise<void> {
    await Promise.all([...LaunchedServer.#running].map((server) => server.stop()));
  }

  private constructor(baseUrl: string, baseDirectory: string, process: ChildProcess) {
    super(baseUrl, baseDirectory);
    this.#process = process;
    const { promise, resolve } = Promise.withResolvers<void>();
    process.on("exit", (code, signal) => {
      this.#failure = `it ended with ${signal ?? `status ${code}`}`;
      resolve();
    });
    process.on("error", (error) => {
      this.#failure = error.message;
      resolve();
    });
    this.#ended = promise;
  }

  /** Starts a server on a base directory of its own. @throws when it does not become ready */
  static async start(launch: Launch): Promise<LaunchedServer> {
    const base = await mkdtemp(path.join(os.tmpdir(), "golden-"));
    const port = await freePort();
    for (const name of [...DIRECTORIES, "db", "custom_nodes", "web"]) await mkdir(path.join(base, name));
    for (const file of launch.files) {
      const pack = file["pack"];
      if (typeof pack === "string" && !launch.packs.includes(pack)) continue;
      await writeFixture(base, file, (value) => withBase(value, base));
    }
    const [program = "", ...words] = launch.command;
    const args = [
      ...words,
      "--listen",
      "127.0.0.1",
      "--port",
      String(port),
      "--base-directory",
      base,
      "--front-end-root",
      path.join(base, "web"),
      "--database-url",
      `sqlite:///${path.join(base, "db", "golden.db")}`,
      ...launch.flags.map((flag) => flag.replaceAll("{{base}}", base)),
    ];
    const child = spawn(program, args, {
      env: { ...process.env, GOLDEN_PACKS: launch.packs.join(",") },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that what the server starts can be ended with it.
      detached: true,
    });
    const log = launch.log === undefined ? undefined : createWriteStream(launch.log, { flags: "a" });
    for (const output of [child.stdout, child.stderr]) {
      if (log === undefined) output.resume();
      else output.pipe(log, { end: false });
    }
    const server = new LaunchedServer(`http://127.0.0.1:${port}`, base, child);
    LaunchedServer.#running.add(server);
    try {
      await server.#ready();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  async #ready(): Promise<void> {
    const end = Date.now() + READY_MS;
    for (;;) {
      const status = await request(this.baseUrl, { path: "/prompt", timeoutMs: 5000 }).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 200) return;
      if (this.#failure !== undefined) throw new Error(`the server did not start: ${this.#failure}`);
      if (Date.now() > end) throw new Error(`the server did not start within ${READY_MS / 1000} s`);
      await delay(50);
    }
  }

  /** Ends the server (SIGTERM, after 10 s SIGKILL) and removes its base directory. */
  override async stop(): Promise<void> {
    LaunchedServer.#running.delete(this);
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (this.#failure !== undefined) break;
      this.#signal(signal);
      await Promise.race([this.#ended, delay(STOP_MS, undefined, { ref: false })]);
    }
    if (this.baseDirectory !== undefined) {
      await rm(this.baseDirectory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    }
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#process;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // ESRCH: it ended meanwhile.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = net.createServer();
  server.on("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as net.AddressInfo;
    server.close(() => resolve(port));
  });
  return promise;
}
