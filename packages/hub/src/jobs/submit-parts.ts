/** What accepting a prompt needs from the rest of a hub. */
import type { NodeClassAnnouncement } from "@hearth/protocol";
import type { Logger } from "pino";
import type { ObjectInfo } from "../files/file-lists.ts";
import type { WorkerLink } from "../link/worker-link.ts";
import type { NodeCatalog } from "../nodes/catalog.ts";
import type { SocketHub } from "../sockets/socket-hub.ts";
import type { SubmitParts } from "./submit.ts";

export interface SubmitSources extends Pick<SubmitParts, "store" | "queue"> {
  readonly objectInfo: ObjectInfo;
  readonly catalog: NodeCatalog;
  readonly sockets: SocketHub;
  readonly links: ReadonlySet<WorkerLink>;
  readonly log: Logger;
}

export function submitParts(sources: SubmitSources): SubmitParts {
  const { store, queue, objectInfo, catalog, sockets, links, log } = sources;
  const withFiles = (name: string): NodeClassAnnouncement | undefined => {
    const announced = catalog.get(name);
    if (announced?.lists === undefined) return announced;
    const info = objectInfo.current().byClass.get(name);
    return info === undefined ? announced : { ...announced, info };
  };
  return {
    store,
    queue,
    whenNodesKnown: () => catalog.whenKnown(),
    classes: withFiles,
    runValidator: async (className, given) => {
      for (const link of links) {
        const outcome = await link.validate(className, given);
        if (outcome !== undefined) return outcome;
      }
      // Nobody to ask: the job is accepted, and the engine has the last word.
      return { result: true };
    },
    accepted: () => {
      log.info("got prompt");
      sockets.broadcastStatus();
    },
  };
}
