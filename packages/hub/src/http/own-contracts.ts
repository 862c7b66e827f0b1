/** Studio and Control put together on a server of their own, which never listens: requests are handed to it. */
import type { FastifyInstance } from "fastify";
import type { ControlParts } from "../control/parts.ts";
import { registerStudio, startTelegram, type StudioRouteParts } from "../studio/routes.ts";
import type { Studio } from "../studio/studio.ts";
import { registerControl } from "./control/index.ts";
import type { HttpOptions } from "./options.ts";
import { createHttpServer } from "./server.ts";
import type { StudioSockets } from "./studio/socket.ts";

export interface OwnContractParts {
  readonly http: HttpOptions;
  /** the server that listens; keys, sessions and the list of operations are one with its own */
  readonly main: FastifyInstance;
  readonly studio: Studio;
  readonly routes: StudioRouteParts;
  readonly control: ControlParts;
}

export interface OwnContracts {
  readonly routing: FastifyInstance["routing"];
  readonly upgrade: StudioSockets["upgrade"];
  /** The hub answers and has a worker: an update that was on trial holds. */
  healthy(): Promise<void>;
  /** Ends streams and sockets, so that connections can end. */
  closeStreams(): Promise<void>;
  close(): Promise<void>;
}

/** Registers everything, and goes on with what the last hub left. */
export async function openOwnContracts(parts: OwnContractParts): Promise<OwnContracts> {
  const { studio } = parts;
  const app = createHttpServer(parts.http, { sharedWith: parts.main });
  const { sockets, telegram, models, updater } = await registerStudio(app, studio, parts.routes);
  const control = registerControl(app, parts.control);
  await control.recover();
  await app.ready();
  void startTelegram(studio, telegram);
  return {
    routing: app.routing,
    upgrade: (...given) => sockets.upgrade(...given),
    healthy: () => updater.resume(),
    closeStreams: async () => {
      sockets.close();
      await control.close();
      // Also the streams that operations keep by themselves. Nothing listens here: answers that have begun go on.
      await app.close();
    },
    close: async () => {
      await telegram.close();
      await models.close();
    },
  };
}
