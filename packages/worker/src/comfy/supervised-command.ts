/** Keeps a ComfyUI running that was given as a command: starts it, watches it, restarts it, keeps its log. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { copyFile, mkdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { CommandSettings } from "./settings.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const END_MS = 10_000;
const MAX_LOG_BYTES = 10 * 1024 * 1024;

/** Milliseconds. */
export interface SupervisionTiming {
  /** between two looks whether the process lives */
  readonly watchMs: number;
  /** between two looks whether it answers */
  readonly askMs: number;
  /** one that answered before and has not for so long hangs */
  readonly hangsMs: number;
}
const TIMING: SupervisionTiming = { watchMs: 500, askMs: 5_000, hangsMs: 120_000 };

interface LivingProcess {
  readonly pid: number;
  /** when it started, in the system's own words: a later process with the same id has another one */
  readonly started: string;
}

export class SupervisedCommand {
  readonly #settings: CommandSettings;
  readonly #words: readonly string[];
  readonly #ask: () => Promise<unknown>;
  readonly #timing: SupervisionTiming;
  readonly #closing = new AbortController();
  #watching: Promise<void> | undefined;
  #current: LivingProcess | undefined;
  #isLeaving = false;

  /**
   * @param ask resolves when the ComfyUI answers
   * @throws Error when the line cannot be split into words
   */
  constructor(settings: CommandSettings, ask: () => Promise<unknown>, timing = TIMING) {
    this.#settings = settings;
    this.#words = splitCommand(settings.line);
    this.#ask = ask;
    this.#timing = timing;
  }

  start(): void {
    this.#watching = this.#watch().catch((error: unknown) => {
      if (!this.#closing.signal.aborted) console.error("watching the ComfyUI command failed:", error);
    });
  }

  /** The process that is watched. */
  get pid(): number | undefined {
    return this.#current?.pid;
  }

  /** At the address answers one that somebody else started and looks after. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** Watches no more; the process goes on, and whoever comes next finds it by the pid file. */
  forget(): void {
    this.#closing.abort();
  }

  /** Ends the process: politely, and after 10 s with force. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#watching;
    const living = this.#current ?? (await this.#ofPidFile());
    if (living !== undefined) await end(living);
    await rm(this.#settings.pidFile, { force: true });
  }

  async #watch(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!this.#closing.signal.aborted) {
      this.#current = await this.#ofPidFile();
      if (this.#current === undefined) {
        this.#isLeaving = await this.#answers();
        if (this.#isLeaving) {
          await this.#wait(this.#timing.askMs);
          continue;
        }
        this.#current = await this.#spawn();
      }
      const hasAnswered = this.#current !== undefined && (await this.#watchOne(this.#current));
      this.#current = undefined;
      if (hasAnswered) pause = FIRST_PAUSE_MS;
      await this.#wait(pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  /** Returns when the process is gone, or the supervision ends; says whether it ever answered. */
  async #watchOne(living: LivingProcess): Promise<boolean> {
    let answeredAt: number | undefined;
    let askedAt = 0;
    for (;;) {
      if (this.#closing.signal.aborted) return true;
      if (!(await lives(living))) break;
      if (performance.now() - askedAt >= this.#timing.askMs) {
        if (await this.#answers()) answeredAt = performance.now();
        askedAt = performance.now();
        await this.#rotateLog();
        if (answeredAt !== undefined && performance.now() - answeredAt > this.#timing.hangsMs) {
          console.error(`the ComfyUI (process ${living.pid}) has stopped answering: it is started again`);
          await end(living);
        }
      }
      await this.#wait(this.#timing.watchMs);
    }
    console.error(
      `the ComfyUI (process ${living.pid}) has ended; its output is in ${this.#settings.logFile}`,
    );
    return answeredAt !== undefined;
  }

  async #answers(): Promise<boolean> {
    return await this.#ask().then(
      () => true,
      () => false,
    );
  }

  async #wait(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }

  async #ofPidFile(): Promise<LivingProcess | undefined> {
    try {
      const { pid, started } = JSON.parse(await readFile(this.#settings.pidFile, "utf8")) as LivingProcess;
      return (await lives({ pid, started })) ? { pid, started } : undefined;
    } catch {
      return undefined;
    }
  }

  /** Detached, with its output in the log: it outlives this process, and the next driver finds it by the pid file. */
  async #spawn(): Promise<LivingProcess | undefined> {
    const { logFile, pidFile } = this.#settings;
    await mkdir(path.dirname(logFile), { recursive: true });
    await mkdir(path.dirname(pidFile), { recursive: true });
    await this.#rotateLog();
    const log = openSync(logFile, "a", 0o600);
    const [program = "", ...rest] = this.#words;
    const child = spawn(program, rest, { detached: true, stdio: ["ignore", log, log], env: environment() });
    closeSync(log);
    const problem = await startProblem(child);
    if (problem !== undefined || child.pid === undefined) {
      console.error(`"${program}" cannot be started: ${problem ?? "no reason given"}`);
      return undefined;
    }
    child.unref();
    const living = { pid: child.pid, started: await startTime(child.pid) };
    await writeFile(pidFile, JSON.stringify(living), { mode: 0o600 });
    return living;
  }

  /** The process keeps the file open, so its content moves and the file stays. */
  async #rotateLog(): Promise<void> {
    const { logFile } = this.#settings;
    try {
      if ((await stat(logFile)).size < MAX_LOG_BYTES) return;
      await copyFile(logFile, `${logFile}.1`);
      await truncate(logFile);
    } catch {
      // No log yet, or a full disk: the ComfyUI is more important than its log.
    }
  }
}

/** Splits a line into words as a shell does: `'…'`, `"…"` and backslashes. @throws Error for an open quote */
export function splitCommand(line: string, isWindows = process.platform === "win32"): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at] as string;
    const next = line[at + 1];
    // There a backslash separates folders.
    const escapes = char === "\\" && quote !== "'" && !isWindows && next !== undefined;
    if (escapes && (quote === "" || next === '"' || next === "\\")) {
      word = (word ?? "") + next;
      at += 1;
    } else if (quote !== "") {
      if (char === quote) quote = "";
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  if (quote !== "") throw new Error(`the command has an open ${quote}: ${line}`);
  if (word !== undefined) words.push(word);
  if (words.length === 0) throw new Error("the command of the ComfyUI is empty");
  return words;
}

/** Node packs run in there: they have no business with what Hearth's processes tell each other. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([key]) => !/^(HEARTH_|API_KEY$|NODE_COMPILE_CACHE$)/.test(key),
  );
  return { ...Object.fromEntries(kept), PYTHONUNBUFFERED: "1" };
}

async function startProblem(child: ChildProcess): Promise<string | undefined> {
  return await new Promise((resolve) => {
    child.once("spawn", () => resolve(undefined));
    child.once("error", (error) => resolve(error.message));
  });
}

/** Where the system does not say, the process id alone must do. */
async function startTime(pid: number): Promise<string> {
  return (await processStat(pid))?.started ?? "";
}

/** From `/proc/<pid>/stat`; the name of the program, in brackets, may hold anything. */
async function processStat(pid: number): Promise<{ state: string; started: string } | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", started: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}

async function lives({ pid, started }: LivingProcess): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const found = await processStat(pid);
  if (found === undefined) return started === "";
  return found.started === started && found.state !== "Z" && found.state !== "X";
}

async function end(living: LivingProcess): Promise<void> {
  const signal = (name: NodeJS.Signals): void => {
    try {
      // It leads a group of its own; what it started ends with it.
      process.kill(process.platform === "win32" ? living.pid : -living.pid, name);
    } catch {
      // It is gone.
    }
  };
  signal("SIGTERM");
  const deadline = performance.now() + END_MS;
  while (await lives(living)) {
    if (performance.now() > deadline) {
      signal("SIGKILL");
      return;
    }
    await delay(50);
  }
}
