/** What accepting a prompt needs from the rest of a hub. */
import type { FileType, Folders, NodeClassAnnouncement } from "@hearth/protocol";
import type { Logger } from "pino";
import type { ObjectInfo } from "../files/file-lists.ts";
import type { NodeCatalog } from "../nodes/catalog.ts";
import type { SocketHub } from "../sockets/socket-hub.ts";
import type { Fleet } from "../workers/fleet.ts";
import { placementOver } from "../workers/placement.ts";
import { validatorOver } from "../workers/validators.ts";
import type { SubmitParts } from "./submit.ts";

export interface SubmitSources extends Pick<SubmitParts, "store" | "queue"> {
  readonly objectInfo: ObjectInfo;
  readonly catalog: NodeCatalog;
  readonly sockets: SocketHub;
  readonly fleet: Fleet;
  readonly folders: Pick<Folders, FileType>;
  readonly log: Logger;
}

export function submitParts(sources: SubmitSources): SubmitParts {
  const { store, queue, objectInfo, catalog, sockets, fleet, folders, log } = sources;
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
    runValidator: validatorOver({ fleet, catalog, folders }),
    place: placementOver({ fleet, catalog, folders }),
    accepted: () => {
      log.info("got prompt");
      sockets.broadcastStatus();
    },
  };
}
