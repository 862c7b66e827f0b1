/** Where the node infos for a conversion come from: a file, or a server that runs. */
import { readFile } from "node:fs/promises";
import { isJsonObject, JsonSyntaxError, type JsonObject, type NodeInfo, parseJson } from "@hearth/protocol";
import type { NodeInfoLookup } from "@hearth/graph/convert";

/** What `GET /object_info` answered, saved to a file. @throws with the name of the file when it is something else */
export async function nodeInfosFrom(file: string): Promise<NodeInfoLookup> {
  return lookupIn(await readFile(file, "utf8"), file);
}

/** Asks a server. @throws when it does not answer as one */
export async function nodeInfosOf(server: string): Promise<NodeInfoLookup> {
  const url = `${server.replace(/\/+$/, "")}/object_info`;
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new Error(`${url} does not answer: ${causeOf(error)}`, { cause: error });
  }
  if (!response.ok) throw new Error(`${url} answered with status ${response.status}`);
  return lookupIn(await response.text(), url);
}

function lookupIn(text: string, place: string): NodeInfoLookup {
  const infos = parsed(text, place);
  const known = new Map<string, NodeInfo | undefined>();
  return (className) => {
    if (!known.has(className)) known.set(className, read(className));
    return known.get(className);
  };

  function read(className: string): NodeInfo | undefined {
    const info = Object.hasOwn(infos, className) ? infos[className] : undefined;
    if (info === undefined) return undefined;
    if (!isJsonObject(info) || !isJsonObject(info["input"]) || !Array.isArray(info["output"])) {
      throw new Error(`${place}: the entry of '${className}' is no node info`);
    }
    // Servers repeat the name; what stands in a file written by hand need not.
    return { python_module: "nodes", display_name: null, ...info, name: className } as unknown as NodeInfo;
  }
}

function parsed(text: string, place: string): JsonObject {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new Error(`${place} is not JSON: ${error.message}`, { cause: error });
  }
  if (!isJsonObject(value)) throw new Error(`${place} is not what /object_info answers: no object`);
  return value;
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
