/** The `ffmpeg` and `ffprobe` programs, found once, for codecs and containers that have no place in TypeScript. */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { finished } from "node:stream/promises";
import { InterruptedError, NodeError } from "@hearth/engine";
import { parseJson, isJsonObject, type JsonObject } from "@hearth/protocol";

export interface Ffmpeg {
  readonly ffmpeg: string;
  readonly ffprobe: string;
}

let found: { programs: Ffmpeg | undefined } | undefined;

/** Absolute paths of both programs, or `undefined` when either is missing from `PATH`. Looked up once. */
export function findFfmpeg(): Ffmpeg | undefined {
  found ??= { programs: lookUp(process.env["PATH"] ?? "") };
  return found.programs;
}

/** Finds both programs in the folders of a `PATH`. */
export function lookUp(searchPath: string): Ffmpeg | undefined {
  const suffix = process.platform === "win32" ? ".exe" : "";
  const find = (name: string): string | undefined =>
    searchPath
      .split(path.delimiter)
      .filter((folder) => folder !== "")
      .map((folder) => path.join(folder, name + suffix))
      .find(isProgram);
  const [ffmpeg, ffprobe] = [find("ffmpeg"), find("ffprobe")];
  return ffmpeg === undefined || ffprobe === undefined ? undefined : { ffmpeg, ffprobe };
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function required(): Ffmpeg {
  const programs = findFfmpeg();
  if (programs === undefined) {
    throw new NodeError(
      "this node needs the programs ffmpeg and ffprobe, and they are not on PATH: install ffmpeg",
    );
  }
  return programs;
}

export interface RunOptions {
  /** ends the program; the call then throws `InterruptedError` */
  readonly signal?: AbortSignal;
  /** what the program reads, part by part */
  readonly input?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** takes what the program writes; without it the call returns everything */
  readonly onOutput?: (part: Buffer) => void;
}

/** How much of the program's own words an error quotes. */
const ERROR_TAIL = 2000;

/**
 * Runs `ffmpeg` with arguments of our own making; names of files must have been resolved to absolute paths, which
 * cannot be taken for options.
 * @returns what it wrote to `pipe:1`
 * @throws NodeError when it is missing or fails, with the end of what it said
 */
export async function runFfmpeg(args: readonly string[], options: RunOptions = {}): Promise<Buffer> {
  return run(required().ffmpeg, ["-hide_banner", "-nostdin", "-y", "-loglevel", "error", ...args], options);
}

/** What `ffprobe` tells of a file: `format` and `streams`. */
export async function probe(
  file: string,
  args: readonly string[] = [],
  signal?: AbortSignal,
): Promise<JsonObject> {
  const text = await run(
    required().ffprobe,
    [
      "-hide_banner",
      "-loglevel",
      "error",
      "-of",
      "json",
      "-show_format",
      "-show_streams",
      ...args,
      "--",
      file,
    ],
    signal === undefined ? {} : { signal },
  );
  const told = parseJson(text.toString("utf8"));
  if (!isJsonObject(told)) throw new NodeError("ffprobe told nothing about the file");
  return told;
}

async function run(program: string, args: readonly string[], options: RunOptions): Promise<Buffer> {
  if (options.signal?.aborted) throw new InterruptedError();
  const child = spawn(program, args, {
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    killSignal: "SIGKILL",
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const output: Buffer[] = [];
  let said = "";
  child.stdout?.on("data", options.onOutput ?? ((part: Buffer) => output.push(part)));
  child.stderr?.on("data", (part: Buffer) => (said = (said + part.toString("utf8")).slice(-ERROR_TAIL)));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  try {
    const [code] = await Promise.all([ended, feed(child.stdin, options.input)]);
    if (code !== 0) throw new NodeError(`${path.basename(program)} failed: ${said.trim()}`);
  } catch (error) {
    child.kill("SIGKILL");
    if (options.signal?.aborted) throw new InterruptedError();
    throw error;
  }
  return Buffer.concat(output);
}

/** Writes the input as fast as the program takes it. */
async function feed(stdin: NodeJS.WritableStream | null, input: RunOptions["input"]): Promise<void> {
  if (stdin === null || input === undefined) return;
  // A program that has seen enough, or failed, closes its end; its exit code says which.
  let closed = false;
  stdin.on("error", () => (closed = true));
  stdin.on("close", () => (closed = true));
  for await (const part of input) {
    if (closed) return;
    if (!stdin.write(part)) {
      await new Promise<void>((resolve) => {
        stdin.once("drain", resolve);
        stdin.once("close", resolve);
        stdin.once("error", () => resolve());
      });
    }
  }
  if (closed) return;
  stdin.end();
  await finished(stdin).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  });
}
