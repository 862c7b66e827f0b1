/** The node classes of one worker, as that worker can run them. */
import type { FileList, JsonValue, NodeClassAnnouncement, NodeInfo } from "@hearth/protocol";
import { withValueAt } from "../files/file-lists.ts";
import type { WorkerNodes } from "../workers/member.ts";

/** What a worker announced, and classes of it that were filled with its own models. */
const filled = new WeakMap<WorkerNodes, Map<string, NodeClassAnnouncement>>();

/**
 * A class as a worker has it; `undefined`: it does not know it. Lists of model folders are filled with the worker's own
 * files, where it has such; other lists are still to be filled from the hub's folders.
 */
export function classOf(nodes: WorkerNodes, name: string): NodeClassAnnouncement | undefined {
  const announced = nodes.classes.get(name);
  const { models } = nodes;
  if (announced?.lists === undefined || models === undefined) return announced;
  let classes = filled.get(nodes);
  if (classes === undefined) filled.set(nodes, (classes = new Map()));
  let found = classes.get(name);
  if (found === undefined) classes.set(name, (found = withOwnModels(announced, models)));
  return found;
}

function withOwnModels(
  announced: NodeClassAnnouncement,
  models: Readonly<Record<string, readonly string[]>>,
): NodeClassAnnouncement {
  let info = announced.info as unknown as JsonValue;
  const lists: FileList[] = [];
  for (const list of announced.lists ?? []) {
    if (isOfInput(list)) {
      lists.push(list);
      continue;
    }
    const names = Object.hasOwn(models, list.folder) ? (models[list.folder] ?? []) : [];
    info = withValueAt(info, list.path, [...(list.fixed ?? []), ...names]);
  }
  return { ...announced, info: info as unknown as NodeInfo, lists };
}

export function isOfInput({ folder }: Pick<FileList, "folder">): boolean {
  return folder === "input" || folder.startsWith("input/");
}
