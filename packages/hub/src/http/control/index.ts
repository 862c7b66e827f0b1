/** The Control contract: `/v1/…`. */
import type { FastifyInstance } from "fastify";
import { EventFollower } from "../../control/event-follower.ts";
import { Feeds } from "../../control/feeds.ts";
import { IdempotencyKeys } from "../../control/idempotency.ts";
import { Intake } from "../../control/intake.ts";
import type { ControlParts } from "../../control/parts.ts";
import { QueuePlaces } from "../../control/places.ts";
import { RateLimit } from "../../control/rate-limit.ts";
import { SignedUrls } from "../../control/signing.ts";
import { Webhooks } from "../../control/webhooks/webhooks.ts";
import { closeContract, controlError } from "../own-contract.ts";
import { controlContract } from "./access.ts";
import type { ControlContext } from "./context.ts";
import { registerCreate } from "./create.ts";
import { registerOutputs } from "./outputs.ts";
import { registerRunners } from "./runners.ts";
import { registerSubscribe, type Streams } from "./subscribe.ts";
import { registerTemplates } from "./templates.ts";
import { registerUser } from "./user.ts";
import { registerWebhooks } from "./webhooks.ts";
import { registerWorkflows } from "./workflows.ts";

export interface Control {
  /** Goes on with what the last hub left. To be called before requests are taken. */
  recover(): Promise<void>;
  /** Ends streams and what waits, and starts nothing more. To be called before the server and the store are closed. */
  close(): Promise<void>;
  /** how many streams are open */
  streams(): number;
  /** how many workflows are watched by streams and by requests that wait */
  watched(): number;
}

const DAY_MS = 24 * 3600 * 1000;

/** Registers all operations below `/v1`. */
export function registerControl(app: FastifyInstance, parts: ControlParts): Control {
  const { store, options, log } = parts;
  const limit = new RateLimit(options.rate, options.rateWindowMs);
  const urls = new SignedUrls({ secret: parts.secret, seconds: options.urlSeconds });
  const places = new QueuePlaces(store);
  const follower = new EventFollower(store, log);
  const feeds = new Feeds({ store, places, urls, follower, log });
  const intake = new Intake(parts);
  const idempotency = new IdempotencyKeys(store);
  const webhooks = new Webhooks({ store, urls, options, log });
  const stopping = new AbortController();
  let streams: Streams | undefined;

  const register = controlContract(app, limit);
  // Forms are read as they arrive: here bodies are not read before the handler runs.
  app.register((child, _options, done) => {
    child.removeAllContentTypeParsers();
    child.addContentTypeParser("*", (_request, payload, parsed) => parsed(null, payload));
    const registerRaw = controlContract(child, limit);
    const context: ControlContext = {
      app,
      parts,
      intake,
      feeds,
      places,
      urls,
      idempotency,
      webhooks,
      stopping: stopping.signal,
      register,
      registerRaw,
    };
    registerCreate(context);
    registerWorkflows(context);
    streams = registerSubscribe(context);
    registerOutputs(context);
    registerUser(context);
    registerRunners(context);
    registerTemplates(context);
    registerWebhooks(context);
    // Only now are all operations known.
    closeContract(child, "/v1", controlError);
    done();
  });

  const tidy = async (): Promise<void> => {
    await idempotency.prune();
    await webhooks.deliveries.prune();
    await intake.sweep(DAY_MS);
  };
  const tidying = setInterval(() => {
    tidy().catch((error: unknown) => log.error({ err: error }, "old records could not be removed"));
  }, DAY_MS);
  tidying.unref();
  return {
    recover: async () => {
      await intake.recover();
      await idempotency.prune();
      await webhooks.start();
    },
    close: async () => {
      clearInterval(tidying);
      stopping.abort();
      streams?.end();
      follower.close();
      await intake.close();
      await webhooks.close();
    },
    streams: () => streams?.count() ?? 0,
    watched: () => feeds.size,
  };
}
