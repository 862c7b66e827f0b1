/** Brings the files that a prompt names to the ComfyUI, and renames them in the prompt where it has other ones so called. */
import { stat } from "node:fs/promises";
import path from "node:path";
import {
  entriesOf,
  type InputFile,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
  printJson,
} from "@hearth/protocol";
import type { FileExchange } from "../files/file-exchange.ts";
import { type ComfyClient, Unanswered } from "./comfy-client.ts";

/** How many files are known to lie on the ComfyUI; older ones are asked for again. */
const KNOWN_FILES = 2_000;

/** A file could not be brought over, in either direction. */
export class FileTransferError extends Error {
  constructor(text: string, cause?: unknown) {
    super(text, { cause });
    this.name = "FileTransferError";
  }
}

interface KnownFile {
  /** as the ComfyUI named it */
  readonly name: string;
  /** what `/view` said of it: as long as that is the same, so is the file */
  readonly version: string;
}

export class InputBringer {
  readonly #client: ComfyClient;
  readonly #files: FileExchange;
  readonly #known = new Map<string, KnownFile>();

  constructor(client: ComfyClient, files: FileExchange) {
    this.#client = client;
    this.#files = files;
  }

  /**
   * Brings all files; gives the JSON text of the prompt as it must read on the ComfyUI.
   * @throws FileTransferError, Unanswered
   */
  async bring(prompt: string, inputs: readonly InputFile[]): Promise<string> {
    const renamed = new Map<string, string>();
    for (const input of inputs) {
      const name = await this.#bringOne(input);
      if (name === input.name) continue;
      renamed.set(`${input.name} [${input.type}]`, `${name} [${input.type}]`);
      if (input.type === "input") renamed.set(input.name, name);
    }
    return renamed.size === 0 ? prompt : renameInPrompt(prompt, renamed);
  }

  async #bringOne(input: InputFile): Promise<string> {
    let local: { readonly path: string; readonly hash: string };
    try {
      local = await this.#files.input(input);
    } catch (error) {
      throw new FileTransferError(
        `"${input.name}" cannot be had from the hub: ${(error as Error).message}`,
        error,
      );
    }
    const key = `${input.type}/${input.name}/${local.hash}`;
    const known = this.#known.get(key);
    if (known !== undefined && (await this.#version(input.type, known.name)) === known.version) {
      return known.name;
    }
    const name = await this.#upload(input, local.path);
    const version = await this.#version(input.type, name);
    this.#known.delete(key);
    if (version !== undefined) this.#known.set(key, { name, version });
    const oldest = this.#known.keys().next();
    if (this.#known.size > KNOWN_FILES && oldest.done !== true) this.#known.delete(oldest.value);
    return name;
  }

  async #upload(input: InputFile, localPath: string): Promise<string> {
    const folder = path.posix.dirname(input.name);
    const subfolder = folder === "." ? "" : folder;
    const { size } = await stat(localPath);
    const { status, text } = await this.#client.upload(
      { path: localPath, size, name: path.posix.basename(input.name) },
      { type: input.type, subfolder },
    );
    if (status >= 500) {
      throw new Unanswered(
        `${this.#client.shown} answered the upload of "${input.name}" with ${status}`,
        true,
      );
    }
    const answer = status === 200 ? parseJson(text) : undefined;
    if (!isJsonObject(answer) || typeof answer["name"] !== "string") {
      throw new FileTransferError(
        `${this.#client.shown} does not take the file "${input.name}": it answered ${status}`,
      );
    }
    const given = typeof answer["subfolder"] === "string" ? answer["subfolder"] : subfolder;
    return path.posix.join(given.replaceAll("\\", "/"), answer["name"]);
  }

  /** What tells one version of a file from another; `undefined`: it is not there, or nothing tells. */
  async #version(type: string, name: string): Promise<string | undefined> {
    const query = new URLSearchParams({
      filename: path.posix.basename(name),
      subfolder: name.includes("/") ? path.posix.dirname(name) : "",
      type,
    });
    const { status, headers } = await this.#client.head(`/view?${query}`);
    if (status !== 200) return undefined;
    const version = [headers.etag, headers["last-modified"], headers["content-length"]];
    return headers.etag === undefined && headers["last-modified"] === undefined
      ? undefined
      : JSON.stringify(version);
  }
}

/** Replaces whole strings among the values of inputs, at any depth; links are left alone. */
export function renameInPrompt(text: string, renamed: ReadonlyMap<string, string>): string {
  const prompt = parseJson(text) as JsonObject;
  for (const [, node] of entriesOf(prompt)) {
    const inputs = isJsonObject(node) ? node["inputs"] : undefined;
    if (isJsonObject(inputs)) renameIn(inputs, renamed);
  }
  return printJson(prompt, "compact");
}

function renameIn(holder: JsonObject | JsonValue[], renamed: ReadonlyMap<string, string>): void {
  const values = holder as Record<string, JsonValue>;
  for (const key of Object.keys(values)) {
    const value = values[key];
    if (typeof value === "string") values[key] = renamed.get(value) ?? value;
    else if (isJsonObject(value) || (Array.isArray(value) && !isLink(value))) renameIn(value, renamed);
  }
}

function isLink(value: readonly JsonValue[]): boolean {
  return value.length === 2 && typeof value[0] === "string" && typeof value[1] === "number";
}
