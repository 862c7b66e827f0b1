/** `hearth convert FILE`: prints the prompt of a workflow, or of a media file that carries one. */
import { type JsonObject, printJson } from "@hearth/protocol";
import {
  ConvertError,
  type ConvertOptions,
  type NodeInfoLookup,
  problemText,
  promptOf,
} from "@hearth/graph/convert";
import { documentOf, MediaError, readEmbedded } from "@hearth/graph/media";
import { startPrivateServer } from "../private-server.ts";
import { baseDirectory } from "../base-directory.ts";
import { withFile } from "./file-source.ts";
import { nodeInfosFrom, nodeInfosOf } from "./node-infos.ts";

const USAGE = `usage: hearth convert FILE [--object-info FILE | --server URL | --base-directory DIR] [--keep-unknown]

Prints the prompt (API format) of a workflow file, or of a picture, video, sound or model file that carries a workflow.
What is known of node classes comes from a saved answer of /object_info, from a server that runs, or else from an
engine started for the purpose.

  --keep-unknown   nodes of unknown classes come out as the editor sends them, without class_type`;

interface Call {
  readonly file: string;
  readonly objectInfo: string | undefined;
  readonly server: string | undefined;
  readonly base: string | undefined;
  readonly keepUnknown: boolean;
}

/**
 * Runs the command: the prompt goes to standard output, every reason against it to standard error.
 * @returns exit status 0: printed; 1: cannot be converted; 2: the call is wrong
 */
export async function convertCommand(args: string[]): Promise<number> {
  const call = readCall(args);
  if (typeof call === "string") {
    console.error(call === "" ? USAGE : `hearth convert: ${call}\n\n${USAGE}`);
    return 2;
  }
  try {
    const document = documentOf(await withFile(call.file, readEmbedded));
    const options: ConvertOptions = { unknownClasses: call.keepUnknown ? "asEditor" : "refuse" };
    const prompt = await withNodeInfos(call, (nodeInfo) => promptOf(document, nodeInfo, options));
    console.log(printJson(prompt, "indent2"));
    return 0;
  } catch (error) {
    for (const line of reasons(error)) console.error(`hearth convert: ${call.file}: ${line}`);
    return 1;
  }
}

/** The call, or what is wrong with it; an empty text when nothing was given. */
function readCall(args: readonly string[]): Call | string {
  const values = new Map<string, string>();
  const files: string[] = [];
  let keepUnknown = false;
  const rest = [...args];
  for (let token = rest.shift(); token !== undefined; token = rest.shift()) {
    const [flag = "", attached] = token.startsWith("--") ? splitOnce(token) : [token];
    if (flag === "--keep-unknown") keepUnknown = true;
    else if (["--object-info", "--server", "--base-directory"].includes(flag)) {
      const value = attached ?? rest.shift();
      if (value === undefined) return `${flag} needs a value`;
      values.set(flag, value);
    } else if (flag.startsWith("-") && flag !== "-") return `there is no option ${flag}`;
    else files.push(token);
  }
  if (values.size > 1) return `give one of ${[...values.keys()].join(" and ")}`;
  const [file] = files;
  if (file === undefined) return "";
  if (files.length > 1) return `one file at a time, got ${files.join(" ")}`;
  return {
    file,
    objectInfo: values.get("--object-info"),
    server: values.get("--server"),
    base: values.get("--base-directory"),
    keepUnknown,
  };
}

function splitOnce(token: string): [string, string | undefined] {
  const at = token.indexOf("=");
  return at < 0 ? [token, undefined] : [token.slice(0, at), token.slice(at + 1)];
}

async function withNodeInfos(call: Call, use: (nodeInfo: NodeInfoLookup) => JsonObject): Promise<JsonObject> {
  if (call.objectInfo !== undefined) return use(await nodeInfosFrom(call.objectInfo));
  if (call.server !== undefined) return use(await nodeInfosOf(call.server));
  const own = await startPrivateServer(call.base ?? baseDirectory());
  try {
    return use(await nodeInfosOf(own.url));
  } finally {
    await own.stop();
  }
}

function reasons(error: unknown): string[] {
  if (error instanceof ConvertError) return error.problems.map(problemText);
  if (error instanceof MediaError) return [error.message];
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return ["there is no such file"];
  return [error instanceof Error ? error.message : String(error)];
}
