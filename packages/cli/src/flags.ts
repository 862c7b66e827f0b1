/** Reading the command line of `hearth serve`: ComfyUI's flags and a few of our own. */
import { statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { FolderOptions } from "@hearth/protocol";
import { FLAGS, type FlagRule } from "./flag-table.ts";

/** The command line is wrong; the message names the flag. */
export class FlagError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "FlagError";
  }
}

/** How results of nodes are kept; sizes in bytes. */
export type CacheOption =
  | { readonly kind: "classic" }
  | { readonly kind: "lru"; readonly size: number }
  | { readonly kind: "none" }
  | { readonly kind: "ram"; readonly activeBytes: number; readonly inactiveBytes: number };

export type LogLevel = "debug" | "info" | "warn" | "error" | "fatal";

export interface ServeOptions {
  /** addresses, at least one */
  readonly listen: readonly string[];
  readonly port: number;
  /** present only when both files are given */
  readonly tls?: { readonly keyFile: string; readonly certFile: string };
  /** `--enable-cors-header`, `*` when bare */
  readonly corsOrigin?: string;
  readonly maxUploadBytes: number;
  readonly compress: boolean;
  /** an existing directory */
  readonly frontEndRoot?: string;
  /** start, then exit with 0 */
  readonly quickTest: boolean;
  readonly logLevel: LogLevel;
  readonly logStdout: boolean;
  /** `base` is absent unless it was given */
  readonly folders: Partial<FolderOptions>;
  readonly extraModelPaths: readonly string[];
  readonly databaseFile?: string;
  /** what becomes of the jobs of the last hub */
  readonly restartPolicy: "keep" | "stall";
  readonly multiUser: boolean;
  readonly enableAssets: boolean;
  /** assets get their hash when they are found, not only when it is asked for */
  readonly hashAssets: boolean;
  /** `--disable-api-nodes`: also adds the content security policy */
  readonly disableApiNodes: boolean;
  readonly featureFlags: Readonly<Record<string, string>>;
  /** node packs to load: all, or those named */
  readonly packs: "all" | readonly string[];
  readonly metadata: boolean;
  readonly previewMethod: "none" | "auto" | "latent2rgb" | "taesd";
  /** bounding box of previews in pixels */
  readonly previewSize: number;
  readonly cache: CacheOption;
  readonly allowAnonymous: boolean;
  /** start a worker with the engine of this project */
  readonly native: boolean;
  /** ComfyUIs to drive */
  readonly comfyui: readonly ComfyUiOption[];
  /** which prompts the native worker takes before others: without model files, all, none */
  readonly preferNative: PreferNative;
  /** idle workers are told to free memory after so long; 0: never */
  readonly freeIdleMs: number;
}

export interface ComfyUiOption {
  /** of the worker that drives it */
  readonly name: string;
  readonly url: string;
  /** starts it where it does not run */
  readonly command?: string;
}

export type PreferNative = "modelless" | "always" | "never";

export interface ParsedFlags {
  readonly options: ServeOptions;
  /** flags that were accepted but mean nothing here, each once, as given */
  readonly ignored: readonly string[];
}

const GIB = 1024 ** 3;
const LEVELS: Readonly<Record<string, LogLevel>> = {
  DEBUG: "debug",
  INFO: "info",
  WARNING: "warn",
  ERROR: "error",
  CRITICAL: "fatal",
};

/** Flag → values of all its uses that count. */
type Given = Map<string, string[]>;

/**
 * Parses the arguments after `serve`.
 * @throws FlagError
 */
export function parseFlags(argv: readonly string[]): ParsedFlags {
  const given = collect(argv);
  checkGroups(given);
  const options = optionsOf(new Values(given));
  const ignored = [...given.keys()].filter((flag) => FLAGS.get(flag)?.ignored === true);
  return { options, ignored };
}

function optionsOf(values: Values): ServeOptions {
  const tlsKey = values.one("--tls-keyfile");
  const tlsCert = values.one("--tls-certfile");
  const corsOrigin = values.has("--enable-cors-header")
    ? (values.one("--enable-cors-header") ?? "*")
    : undefined;
  const frontEndRoot = directory("--front-end-root", values.one("--front-end-root"));
  const databaseFile = databaseFileOf(values.one("--database-url"));
  const verbose = values.has("--verbose")
    ? (values.choice("--verbose", Object.keys(LEVELS)) ?? "DEBUG")
    : "INFO";
  const whitelist = values.all("--whitelist-custom-nodes");
  return {
    listen: addresses(values),
    port: values.integer("--port", 0, 65_535) ?? 8188,
    ...(tlsKey === undefined || tlsCert === undefined ? {} : { tls: { keyFile: tlsKey, certFile: tlsCert } }),
    ...(corsOrigin === undefined ? {} : { corsOrigin }),
    maxUploadBytes: Math.round((values.number("--max-upload-size") ?? 100) * 1024 * 1024),
    compress: values.has("--enable-compress-response-body"),
    ...(frontEndRoot === undefined ? {} : { frontEndRoot }),
    quickTest: values.has("--quick-test-for-ci"),
    logLevel: LEVELS[verbose] as LogLevel,
    logStdout: values.has("--log-stdout"),
    folders: foldersOf(values),
    extraModelPaths: values.all("--extra-model-paths-config"),
    ...(databaseFile === undefined ? {} : { databaseFile }),
    restartPolicy: values.choice("--restart-policy", ["keep", "stall"]) === "stall" ? "stall" : "keep",
    multiUser: values.has("--multi-user"),
    enableAssets: values.has("--enable-assets"),
    hashAssets: values.has("--enable-asset-hashing"),
    disableApiNodes: values.has("--disable-api-nodes"),
    featureFlags: featureFlags(values.all("--feature-flag")),
    packs: values.has("--disable-all-custom-nodes") ? whitelist : "all",
    metadata: !values.has("--disable-metadata"),
    previewMethod: values.choice("--preview-method", ["none", "auto", "latent2rgb", "taesd"]) ?? "none",
    previewSize: values.integer("--preview-size", 1, 16_384) ?? 512,
    cache: cacheOf(values),
    allowAnonymous: values.has("--allow-anonymous"),
    native: !values.has("--no-native"),
    comfyui: comfyUis(values),
    preferNative: values.choice("--prefer-native", ["modelless", "always", "never"]) ?? "modelless",
    freeIdleMs: 1_000 * (values.number("--free-idle-after") ?? 600),
  };
}

/** `--comfyui URL`, any number of times; the first `--comfyui-command` is that of the first URL, and so on. */
function comfyUis(values: Values): ComfyUiOption[] {
  const commands = values.all("--comfyui-command");
  const urls = values.all("--comfyui");
  if (commands.length > urls.length) {
    throw new FlagError(
      "argument --comfyui-command: each needs its --comfyui URL, under which it will answer",
    );
  }
  const all = urls.map((text, index) => {
    const url = comfyUiUrl(text);
    const command = commands[index];
    return { name: comfyUiName(url), url: url.href, ...(command === undefined ? {} : { command }) };
  });
  const twice = all.find(({ name }, index) => all.findIndex((other) => other.name === name) < index);
  if (twice !== undefined) throw new FlagError(`argument --comfyui: '${twice.url}' is given twice`);
  return all;
}

/** The URL of a ComfyUI. @throws FlagError */
export function comfyUiUrl(text: string): URL {
  const given = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new FlagError(`argument --comfyui: '${text}' is no http or https address`);
  }
  return url;
}

/** The name of the worker that drives the ComfyUI at `url`: the same at every start. */
export function comfyUiName({ host, pathname }: URL): string {
  return `comfyui-${host}${pathname}`
    .replace(/[^\w.-]+/g, "-")
    .replace(/-+$/, "")
    .slice(0, 64);
}

function addresses(values: Values): string[] {
  const text = values.has("--listen") ? (values.one("--listen") ?? "0.0.0.0,::") : "127.0.0.1";
  const list = text
    .split(",")
    .map((address) => address.trim())
    .filter((address) => address !== "");
  if (list.length === 0) throw new FlagError("argument --listen: expected an address");
  return list;
}

function foldersOf(values: Values): Partial<FolderOptions> {
  const named = {
    base: values.one("--base-directory"),
    input: values.one("--input-directory"),
    output: values.one("--output-directory"),
    temp: values.one("--temp-directory"),
    user: values.one("--user-directory"),
    models: values.one("--models-directory"),
  };
  const given = Object.entries(named).filter(([, folder]) => folder !== undefined);
  return { ...Object.fromEntries(given), customNodes: values.all("--custom-nodes-directory") };
}

/** SQLAlchemy's way: three slashes, then a path; a fourth slash begins an absolute one. */
function databaseFileOf(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const match = /^sqlite:\/\/\/(?!:memory:)([^?]+)/.exec(url);
  if (match === null) throw new FlagError(`argument --database-url: expected sqlite:///PATH, got '${url}'`);
  return path.resolve(match[1] as string);
}

function directory(flag: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const folder = path.resolve(value);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new FlagError(`argument ${flag}: '${value}' is not a directory`);
  }
  return folder;
}

/** `KEY=VALUE`, or `KEY` for `true`; values are texts, as recorded ComfyUI answers them. */
function featureFlags(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf("=");
      return at < 0 ? [text.trim(), "true"] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
    }),
  );
}

/** Without a flag: by memory pressure, with head-room of a tenth of the memory (section 1.4). */
function cacheOf(values: Values): CacheOption {
  if (values.has("--cache-none")) return { kind: "none" };
  if (values.has("--cache-classic")) return { kind: "classic" };
  const size = values.integer("--cache-lru", 0, Number.MAX_SAFE_INTEGER);
  // Zero is ComfyUI's way of saying: no such cache.
  if (size !== undefined && size > 0) return { kind: "lru", size };
  if (values.has("--high-ram") && !values.has("--cache-ram")) return { kind: "classic" };
  const total = os.totalmem();
  const [active, inactive] = values.numbers("--cache-ram");
  return {
    kind: "ram",
    activeBytes: active === undefined ? Math.min(10 * GIB, Math.max(2 * GIB, total / 10)) : active * GIB,
    inactiveBytes: inactive === undefined ? Math.min(128 * GIB, total) : inactive * GIB,
  };
}

/** Splits the arguments into flags and their values. */
function collect(argv: readonly string[]): Given {
  const given: Given = new Map();
  const rest = [...argv];
  for (let token = rest.shift(); token !== undefined; token = rest.shift()) {
    const at = token.startsWith("--") ? token.indexOf("=") : -1;
    const flag = at < 0 ? token : token.slice(0, at);
    const rule = FLAGS.get(flag);
    if (rule === undefined) throw new FlagError(`unrecognized arguments: ${token}`);
    const values = at < 0 ? valuesOf(flag, rule, rest) : attached(flag, rule, token.slice(at + 1));
    given.set(flag, rule.repeats === true ? [...(given.get(flag) ?? []), ...values] : values);
  }
  return given;
}

function attached(flag: string, rule: FlagRule, value: string): string[] {
  if (rule.arity === "none") throw new FlagError(`argument ${flag}: ignored explicit argument '${value}'`);
  return [value];
}

/** Takes from `rest` as many values as the flag wants. */
function valuesOf(flag: string, rule: FlagRule, rest: string[]): string[] {
  const most = { none: 0, one: 1, optional: 1, two: 2, many: Infinity, any: Infinity }[rule.arity];
  const values: string[] = [];
  while (values.length < most && rest[0] !== undefined && isValue(rest[0]))
    values.push(rest.shift() as string);
  if (values.length === 0 && (rule.arity === "one" || rule.arity === "many")) {
    throw new FlagError(
      `argument ${flag}: expected ${rule.arity === "one" ? "one" : "at least one"} argument`,
    );
  }
  return values;
}

/** Anything but a flag; a negative number is a value. */
function isValue(token: string): boolean {
  return !token.startsWith("-") || token === "-" || /^-\d*\.?\d+$/.test(token);
}

function checkGroups(given: Given): void {
  const first = new Map<string, string>();
  for (const flag of given.keys()) {
    const group = FLAGS.get(flag)?.group;
    if (group === undefined) continue;
    const other = first.get(group);
    if (other !== undefined) throw new FlagError(`argument ${flag}: not allowed with argument ${other}`);
    first.set(group, flag);
  }
}

/** Typed access to what was given. */
class Values {
  readonly #given: Given;

  constructor(given: Given) {
    this.#given = given;
  }

  has(flag: string): boolean {
    return this.#given.has(flag);
  }

  all(flag: string): string[] {
    return this.#given.get(flag) ?? [];
  }

  one(flag: string): string | undefined {
    return this.#given.get(flag)?.at(-1);
  }

  choice<const C extends string>(flag: string, choices: readonly C[]): C | undefined {
    const value = this.one(flag);
    if (value === undefined) return undefined;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) {
      throw new FlagError(`argument ${flag}: invalid choice: '${value}' (choose from ${choices.join(", ")})`);
    }
    return found;
  }

  integer(flag: string, least: number, most: number): number | undefined {
    const value = this.one(flag);
    if (value === undefined) return undefined;
    const number = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most))
      throw new FlagError(`argument ${flag}: invalid int value: '${value}'`);
    return number;
  }

  number(flag: string): number | undefined {
    return this.numbers(flag)[0];
  }

  numbers(flag: string): number[] {
    return this.all(flag).map((value) => {
      const number = value.trim() === "" ? Number.NaN : Number(value);
      if (!Number.isFinite(number) || number < 0) {
        throw new FlagError(`argument ${flag}: invalid float value: '${value}'`);
      }
      return number;
    });
  }
}
