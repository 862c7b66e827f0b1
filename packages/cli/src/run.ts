/** `hearth run FILE`: one prompt, its progress and its outputs. */
import { readFile } from "node:fs/promises";
import { isJsonObject, JsonSyntaxError, type JsonObject, parseJson } from "@hearth/protocol";
import { ProgressLine } from "./progress-line.ts";
import { PromptFailed, runPrompt } from "./prompt-client.ts";
import { startPrivateServer } from "./private-server.ts";
import { baseDirectory } from "./base-directory.ts";

/** Exit status 0: done; 1: the prompt failed; 2: the call is wrong. */
export async function run(argv: readonly string[]): Promise<number> {
  const rest = [...argv];
  const server = takeOption(rest, "--server");
  const base = takeOption(rest, "--base-directory");
  const [file, ...others] = rest;
  if (file === undefined || others.length > 0) {
    console.error("usage: hearth run FILE [--server URL] [--base-directory DIR]");
    return 2;
  }
  const prompt = await readPrompt(file);
  if (server !== undefined) return follow(server.replace(/\/$/, ""), prompt);
  const own = await startPrivateServer(base ?? baseDirectory());
  try {
    return await follow(own.url, prompt);
  } finally {
    await own.stop();
  }
}

function takeOption(rest: string[], name: string): string | undefined {
  const at = rest.indexOf(name);
  if (at < 0) return undefined;
  const [, value] = rest.splice(at, 2);
  if (value === undefined) throw new Error(`${name} needs a value`);
  return value;
}

/** A prompt as it is, or wrapped the way it is posted. */
async function readPrompt(file: string): Promise<JsonObject> {
  let value: unknown;
  try {
    value = parseJson(await readFile(file, "utf8"));
  } catch (error) {
    if (error instanceof JsonSyntaxError)
      throw new Error(`${file} is not JSON: ${error.message}`, { cause: error });
    throw error;
  }
  if (isJsonObject(value) && isJsonObject(value["prompt"])) return value["prompt"];
  if (isJsonObject(value) && Array.isArray(value["nodes"])) {
    throw new Error(`${file} is an editor workflow; export it in the API format`);
  }
  if (!isJsonObject(value)) throw new Error(`${file} is not a prompt: it must map node ids to nodes`);
  return value;
}

async function follow(url: string, prompt: JsonObject): Promise<number> {
  const line = new ProgressLine();
  try {
    const outcome = await runPrompt(url, prompt, { progress: (share, label) => line.show(share, label) });
    line.end();
    for (const text of outcome.texts) console.log(text);
    for (const { type, subfolder, filename } of outcome.files) {
      console.log([type, subfolder, filename].filter((part) => part !== "").join("/"));
    }
    console.log(`done in ${(outcome.milliseconds / 1000).toFixed(2)} s (${outcome.promptId})`);
    return 0;
  } catch (error) {
    line.end();
    if (!(error instanceof PromptFailed)) throw error;
    console.error(error.message);
    return 1;
  }
}
