/** Stopping a hub in order: jobs go back to the queue, answers are finished, the database is closed. */
import type { JobStore } from "@hearth/jobs";
import type { FastifyInstance } from "fastify";
import type { Assets } from "./assets/index.ts";
import type { EventUpkeep } from "./events/event-upkeep.ts";
import type { LateContracts } from "./http/late-contracts.ts";
import type { Dispatcher } from "./jobs/dispatcher.ts";
import type { LinkGateway } from "./link/gateway.ts";
import type { Supervisors } from "./workers/supervisors.ts";
import type { Listening } from "./listen.ts";
import type { Studio } from "./studio/studio.ts";
import type { SocketHub } from "./sockets/socket-hub.ts";

/** An answer that takes longer than this to finish is cut off. */
const ANSWERS_MS = 10_000;
/** Before a restart nobody waits so long: who loads a file asks for the rest. */
const HAND_OVER_ANSWERS_MS = 700;
const SWEEP_MS = 50;

export interface RunningHub {
  /** another hub follows at once: jobs and workers go on */
  readonly handOver: boolean;
  readonly studio: Studio;
  readonly contracts: LateContracts;
  readonly assets: Assets | undefined;
  readonly app: FastifyInstance;
  readonly listening: Listening;
  readonly dispatcher: Dispatcher;
  readonly supervisors: Supervisors;
  readonly gateway: LinkGateway;
  readonly sockets: SocketHub;
  readonly store: JobStore;
  readonly upkeep: EventUpkeep;
}

export async function stopHub(hub: RunningHub): Promise<void> {
  const { app, gateway, store } = hub;
  hub.supervisors.stop();
  await hub.dispatcher.stop({ handOver: hub.handOver });
  hub.sockets.close();
  await hub.contracts.closeStreams();
  if (!hub.handOver) for (const link of gateway.links) link.send({ type: "stop" });
  hub.listening.close();
  // A connection that stays open after its answer would keep the process.
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
  const cut = setTimeout(
    () => app.server.closeAllConnections(),
    hub.handOver ? HAND_OVER_ANSWERS_MS : ANSWERS_MS,
  );
  await app.close();
  clearInterval(sweep);
  clearTimeout(cut);
  await hub.contracts.close();
  await gateway.close();
  await hub.assets?.close();
  await hub.studio.close();
  await hub.upkeep.close();
  await store.close();
}
