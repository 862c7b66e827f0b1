/** All node classes of a native worker: the built-in ones and those of the packs. */
import { NodeRegistry } from "@hearth/engine";
import { builtinNodes } from "@hearth/nodes";
import type { PackReport } from "@hearth/protocol";
import { loadPacks } from "./packs.ts";
import type { WorkerSettings } from "./settings.ts";

/** Loads everything; both threads of a worker do this, so that each can call the classes' code. */
export async function buildRegistry(
  settings: Pick<WorkerSettings, "folders" | "packs">,
): Promise<{ registry: NodeRegistry; packs: PackReport[] }> {
  const registry = new NodeRegistry();
  for (const node of builtinNodes) registry.add(node);
  const packs = await loadPacks(settings.folders.customNodes, settings.packs);
  for (const pack of packs) {
    for (const node of pack.nodes) registry.add(node, pack.report.name);
  }
  return { registry, packs: packs.map((pack) => pack.report) };
}
