/** Reading the command line of `hearth worker`. */
import os from "node:os";

export interface WorkerCall {
  readonly hub: string;
  readonly token: string;
  /** absent: the engine of this project */
  readonly comfyui?: string;
  readonly command?: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly concurrency: number;
  readonly base: string | undefined;
  /** bytes that fetched inputs may take; absent: the usual */
  readonly fileCacheBytes?: number;
}

const OPTIONS = [
  "--hub",
  "--token",
  "--comfyui",
  "--comfyui-command",
  "--name",
  "--tag",
  "--concurrency",
  "--base-directory",
  "--file-cache",
];
const NAME = /^[\w.-]{1,64}$/;
const LONGEST_TAG = 50;
const MOST_JOBS = 64;
const GIB = 1024 ** 3;

/** The call, or what is wrong with it; an empty text when nothing was given. `token` is that of the environment. */
export function readWorkerCall(args: readonly string[], token = ""): WorkerCall | string {
  if (args.length === 0) return "";
  const given = readOptions(args);
  if (typeof given === "string") return given;
  const one = (flag: string): string | undefined => given.get(flag)?.at(-1);
  const hub = one("--hub");
  if (hub === undefined) return "--hub is missing: the URL of the hub, e.g. https://hub.example:8188";
  const hubProblem = problemOfUrl("--hub", hub, ["http:", "https:", "ws:", "wss:"]);
  if (hubProblem !== undefined) return hubProblem;
  const shown = one("--token") ?? token;
  if (shown === "")
    return "a token is missing: give --token, or set HEARTH_TOKEN (made by: hearth keys create NAME --scope worker)";
  if (/[^\x21-\x7e]/.test(shown)) return "the token holds characters that no key has";
  const comfyui = one("--comfyui");
  const command = one("--comfyui-command");
  if (command !== undefined && comfyui === undefined)
    return "--comfyui-command needs --comfyui, the URL that it is to answer at";
  if (comfyui !== undefined) {
    const problem = problemOfUrl("--comfyui", comfyui, ["http:", "https:"]);
    if (problem !== undefined) return problem;
  }
  const name = one("--name") ?? nameOfMachine();
  if (!NAME.test(name)) return `--name must be 1 to 64 letters, digits, '.', '_' or '-', got '${name}'`;
  const tags = given.get("--tag") ?? [];
  if (tags.some((tag) => tag === "" || tag.length > LONGEST_TAG))
    return `--tag must be 1 to ${LONGEST_TAG} characters`;
  const concurrency = Number(one("--concurrency") ?? 1);
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MOST_JOBS) {
    return `--concurrency must be an integer from 1 to ${MOST_JOBS}`;
  }
  if (concurrency > 1 && comfyui === undefined)
    return "--concurrency needs --comfyui: the native engine runs one job at a time";
  const cache = one("--file-cache");
  if (cache !== undefined && !(Number(cache) > 0))
    return "--file-cache must be a number of gigabytes above 0";
  return {
    ...{ hub, token: shown, name, tags: [...new Set(tags)], concurrency, base: one("--base-directory") },
    ...(comfyui === undefined ? {} : { comfyui }),
    ...(command === undefined ? {} : { command }),
    ...(cache === undefined ? {} : { fileCacheBytes: Math.round(Number(cache) * GIB) }),
  };
}

/** Flag → all its values, or what is wrong. */
function readOptions(args: readonly string[]): Map<string, string[]> | string {
  const given = new Map<string, string[]>();
  const rest = [...args];
  for (let token = rest.shift(); token !== undefined; token = rest.shift()) {
    if (!token.startsWith("--")) return `'${token}' belongs to no option`;
    const at = token.indexOf("=");
    const flag = at < 0 ? token : token.slice(0, at);
    if (!OPTIONS.includes(flag)) return `there is no option ${flag}`;
    const value = at < 0 ? rest.shift() : token.slice(at + 1);
    if (value === undefined) return `${flag} needs a value`;
    given.set(flag, [...(given.get(flag) ?? []), value]);
  }
  return given;
}

function problemOfUrl(flag: string, text: string, protocols: readonly string[]): string | undefined {
  const protocol = URL.canParse(text) ? new URL(text).protocol : undefined;
  if (protocol !== undefined && protocols.includes(protocol)) return undefined;
  return `${flag} must be a URL that begins with ${protocols.map((known) => `${known}//`).join(", ")}, got '${text}'`;
}

/** What this machine is called, as far as a worker may be called so. */
function nameOfMachine(): string {
  const name = os
    .hostname()
    .replace(/[^\w.-]+/g, "-")
    .slice(0, 64);
  return name === "" ? "worker" : name;
}
