/** The graph shape: classes and links of a prompt without its values, the key under which durations are learned. */
import { hash } from "node:crypto";
import { isJsonObject, type JsonObject } from "@hearth/protocol";
import { foldGraph } from "./fold-graph.ts";
import { linkOf, sourcesIn } from "./links.ts";

/** A digest that two prompts share when they differ in constants, node ids, order and titles only. */
export function graphShape(prompt: JsonObject): string {
  const digests = new Map<string, string>();
  const nodeOf = (id: string): JsonObject => {
    const node = Object.hasOwn(prompt, id) ? prompt[id] : undefined;
    return isJsonObject(node) ? node : {};
  };
  const inputsOf = (id: string): JsonObject => {
    const { inputs } = nodeOf(id);
    return isJsonObject(inputs) ? inputs : {};
  };
  const digest = (id: string, digestOf: (source: string) => string | undefined): string => {
    const inputs = inputsOf(id);
    const parts = [JSON.stringify(nodeOf(id)["class_type"] ?? null, plain)];
    for (const name of Object.keys(inputs).sort()) {
      const link = linkOf(inputs[name]);
      // A link that closes a cycle has no digest yet; such a node never runs, but its prompt may.
      if (link !== undefined)
        parts.push(`${JSON.stringify(name)}=${digestOf(link[0]) ?? "cycle"}#${link[1]}`);
    }
    return hash("sha256", parts.join("\n"), "base64url");
  };
  const all = Object.keys(prompt).map((id) =>
    foldGraph(id, digests, (node) => sourcesIn(inputsOf(node)), digest),
  );
  return hash("sha256", all.sort().join("\n"), "base64url");
}

/** `JSON.stringify` refuses big integers, which a broken prompt may hold for a class. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
