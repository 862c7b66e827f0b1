/** All node classes of a native worker: the built-in ones and those of the packs. */
import { NodeRegistry } from "@hearth/engine";
import { builtinNodes } from "@hearth/nodes";
import type { Folders, PackReport } from "@hearth/protocol";
import type { NativeEngineSettings } from "../settings.ts";
import { loadPacks } from "./packs.ts";

/** Loads everything; both threads of a worker do this, so that each can call the classes' code. */
export async function buildRegistry(
  { customNodes }: Folders,
  { packs: wanted }: Pick<NativeEngineSettings, "packs">,
): Promise<{ registry: NodeRegistry; packs: PackReport[] }> {
  const registry = new NodeRegistry();
  for (const node of builtinNodes) registry.add(node);
  const packs = await loadPacks(customNodes, wanted);
  for (const pack of packs) {
    for (const node of pack.nodes) registry.add(node, pack.report.name);
  }
  return { registry, packs: packs.map((pack) => pack.report) };
}
