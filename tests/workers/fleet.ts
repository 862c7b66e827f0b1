/** A hub with three workers to be mistreated: its own, a driver beside it, and a driver that may be elsewhere. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { kill, PROJECT, TestServer, until } from "../support/server.ts";
import { LinkProxy } from "./link-proxy.ts";
import { ComfyPeer } from "./peer/peer.ts";

const SICK_DISK = fileURLToPath(new URL("./sick-disk.ts", import.meta.url));
const CLASSES = ["EmptyImage", "ImageInvert", "TestSleep", "SaveImage"];
/** name of the worker that dials over the network */
const REMOTE = "remote";

interface RunningWorker {
  readonly pid: number;
  readonly name: string;
}

export type Third = "local" | "remote";

export class Fleet {
  readonly hub: TestServer;
  readonly proxy: LinkProxy;
  /** ComfyUIs of the driver beside the hub, and of the remote one */
  readonly peers: readonly [ComfyPeer, ComfyPeer];
  readonly #disk: string;
  readonly #remoteBase: string;
  #remote: ChildProcess | undefined;
  #isStopping = false;
  /** what the remote worker printed */
  remoteOutput = "";

  private constructor(
    hub: TestServer,
    proxy: LinkProxy,
    peers: readonly [ComfyPeer, ComfyPeer],
    disk: string,
  ) {
    this.hub = hub;
    this.proxy = proxy;
    this.peers = peers;
    this.#disk = disk;
    this.#remoteBase = mkdtempSync(path.join(os.tmpdir(), "hearth-remote-"));
  }

  /** @param third where the second driver is: beside the hub too, or behind a network that can break */
  static async start(third: Third): Promise<Fleet> {
    const peers = [
      await ComfyPeer.start({ classes: CLASSES }),
      await ComfyPeer.start({ classes: CLASSES }),
    ] as const;
    const disk = path.join(mkdtempSync(path.join(os.tmpdir(), "hearth-disk-")), "state");
    const hub = await withSickDisk(disk, () =>
      TestServer.start([
        ...["--custom-nodes-directory", path.join(PROJECT, "examples/custom_nodes")],
        ...["--comfyui", peers[0].url, "--prefer-native", "never"],
        ...(third === "local" ? ["--comfyui", peers[1].url] : []),
      ]),
    );
    const fleet = new Fleet(hub, await LinkProxy.start(hub.port), peers, disk);
    try {
      if (third === "remote") fleet.#startRemote();
      await until("the drivers", () => peers.every((peer) => peer.sids.length > 0) || undefined);
    } catch (error) {
      await fleet.stop();
      throw new Error(`the remote worker said: ${fleet.remoteOutput}`, { cause: error });
    }
    return fleet;
  }

  /** As a service manager keeps it: started again whenever it ends. */
  #startRemote(): void {
    const key = readFileSync(path.join(this.hub.base, "studio/api-key"), "utf8").trim();
    const child = spawn(
      process.execPath,
      [
        ...[path.join(PROJECT, "bin/hearth.js"), "worker", "--hub", this.proxy.url, "--name", REMOTE],
        ...["--comfyui", this.peers[1].url, "--base-directory", this.#remoteBase],
      ],
      {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, HEARTH_TOKEN: key },
      },
    );
    this.#remote = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (this.remoteOutput += chunk.toString()));
    }
    child.once("exit", () => {
      if (!this.#isStopping) setTimeout(() => this.#startRemote(), 200);
    });
  }

  /** Starts the hub again after it was killed. */
  async relaunch(): Promise<void> {
    await withSickDisk(this.#disk, () => this.hub.launch());
  }

  /** Worker processes that the hub started, found by what they were handed. */
  workers(): RunningWorker[] {
    const found: RunningWorker[] = [];
    for (const entry of readdirSync("/proc")) {
      if (!/^\d+$/.test(entry)) continue;
      try {
        const variables = readFileSync(`/proc/${entry}/environ`, "utf8").split("\0");
        const text = variables.find((variable) => variable.startsWith("HEARTH_WORKER="));
        if (text === undefined || !text.includes(this.hub.base)) continue;
        const { name } = JSON.parse(text.slice("HEARTH_WORKER=".length)) as { name: string };
        found.push({ pid: Number(entry), name });
      } catch {
        // It ended meanwhile, or is not ours to read.
      }
    }
    return found;
  }

  /** `kill -9` of the driver of one of the ComfyUIs, wherever it is. */
  killDriver(of: ComfyPeer): void {
    if (of === this.peers[1]) this.#remote?.kill("SIGKILL");
    for (const { pid, name } of this.workers()) if (name.endsWith(`-${of.port}`)) kill(pid);
  }

  /** `full`, `slow <ms>`, or well again. */
  setDisk(state: string): void {
    writeFileSync(this.#disk, state);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.setDisk("");
    this.proxy.resume();
    for (const { pid } of this.workers()) process.kill(pid, "SIGCONT");
    const remote = this.#remote;
    if (remote !== undefined && remote.exitCode === null && remote.signalCode === null) {
      remote.kill("SIGTERM");
      const timer = setTimeout(() => remote.kill("SIGKILL"), 10_000);
      await once(remote, "exit");
      clearTimeout(timer);
    }
    await this.hub.terminate();
    await until("the workers' ends", () => (this.workers().length === 0 ? true : undefined), 15_000).catch(
      () => {
        for (const { pid } of this.workers()) kill(pid);
      },
    );
    await this.hub.stop();
    await this.proxy.stop();
    for (const peer of this.peers) await peer.stop();
    rmSync(this.#remoteBase, { recursive: true, force: true, maxRetries: 5 });
    rmSync(path.dirname(this.#disk), { recursive: true, force: true });
  }
}

/** Processes that start meanwhile, and theirs, have a disk that can fall ill. */
async function withSickDisk<T>(file: string, start: () => Promise<T>): Promise<T> {
  const own = { ...process.env };
  process.env["NODE_OPTIONS"] = `--import=${SICK_DISK}`;
  process.env["SICK_DISK"] = file;
  try {
    return await start();
  } finally {
    for (const name of ["NODE_OPTIONS", "SICK_DISK"]) {
      if (own[name] === undefined) delete process.env[name];
      else process.env[name] = own[name];
    }
  }
}
