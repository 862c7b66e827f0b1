/**
 * Webhooks: the event log is read behind a kept cursor, and every event that somebody wants becomes a delivery. So no
 * event is lost when the hub dies, and none is sent under two ids.
 */
import type { JobEvent, JobStore } from "@hearth/jobs";
import type { Logger } from "pino";
import { detailsOf } from "../details.ts";
import { promptIdOf } from "../event-follower.ts";
import type { ControlOptions } from "../options.ts";
import type { SignedUrls } from "../signing.ts";
import { type Delivery, DeliveryLog } from "./delivery.ts";
import { Endpoints } from "./endpoint.ts";
import { messageType, payloadOf, stateTold } from "./message.ts";
import { OwnerSecrets } from "./owner-secrets.ts";
import { WebhookSender } from "./sender.ts";

const COLLECTION = "control";
const CURSOR = "webhook_cursor";
const PAGE = 200;

export interface WebhookParts {
  readonly store: JobStore;
  readonly urls: SignedUrls;
  readonly options: ControlOptions;
  readonly log: Logger;
}

export class Webhooks {
  readonly #parts: WebhookParts;
  readonly endpoints: Endpoints;
  readonly deliveries: DeliveryLog;
  readonly secrets: OwnerSecrets;
  readonly #sender: WebhookSender;
  #cursor: number | undefined;
  #stopListening: (() => void) | undefined;
  #reading: Promise<void> | undefined;
  #again = false;

  constructor(parts: WebhookParts) {
    const { documents } = parts.store;
    this.#parts = parts;
    this.endpoints = new Endpoints(documents);
    this.deliveries = new DeliveryLog(documents);
    this.secrets = new OwnerSecrets(documents);
    this.#sender = new WebhookSender({
      ...parts,
      endpoints: this.endpoints,
      deliveries: this.deliveries,
      secrets: this.secrets,
    });
  }

  /** Goes on where the last hub stopped. */
  async start(): Promise<void> {
    await this.endpoints.load();
    await this.deliveries.prune();
    await this.#sender.start();
    const kept = await this.#parts.store.documents.get(COLLECTION, CURSOR);
    if (kept !== undefined) this.#follow(Number(kept.text));
  }

  /** Somebody wants webhooks: from now on events are looked at. Resolves when that holds, also after a crash. */
  async want(): Promise<void> {
    if (this.#cursor !== undefined) return;
    const { store } = this.#parts;
    const [newest] = await store.latestEvents({ limit: 1 });
    const seq = newest?.seq ?? 0;
    await store.documents.add(COLLECTION, CURSOR, String(seq));
    this.#follow(seq);
  }

  /** Sends a delivery again, now. */
  async resend(delivery: Delivery): Promise<Delivery> {
    const again: Delivery = { ...delivery, state: "pending", tries: 0, nextAt: Date.now() };
    await this.deliveries.put(again);
    this.#sender.take(again);
    return again;
  }

  async close(): Promise<void> {
    this.#stopListening?.();
    this.#again = false;
    await this.#reading;
    await this.#sender.close();
  }

  #follow(seq: number): void {
    if (this.#cursor !== undefined) return;
    this.#cursor = seq;
    this.#stopListening = this.#parts.store.onChange(() => this.#wake());
    this.#wake();
  }

  #wake(): void {
    this.#again = true;
    this.#reading ??= this.#read();
  }

  async #read(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        await this.#readPage();
      }
    } catch (error) {
      this.#parts.log.error({ err: error }, "webhooks could not be prepared");
    } finally {
      this.#reading = undefined;
    }
  }

  async #readPage(): Promise<void> {
    const { store } = this.#parts;
    const events = await store.events(this.#cursor ?? 0, PAGE);
    if (events.length === PAGE) this.#again = true;
    for (const event of events) await this.#prepare(event);
    const last = events.at(-1);
    if (last === undefined) return;
    this.#cursor = last.seq;
    // After a crash the same events are read again; their deliveries have the same ids.
    await store.documents.put(COLLECTION, CURSOR, String(last.seq));
  }

  async #prepare(event: JobEvent): Promise<void> {
    const state = stateTold(event);
    const promptId = promptIdOf(event);
    if (state === undefined || promptId === undefined) return;
    const record = await this.#parts.store.recordByPromptId(promptId);
    if (record === undefined || record.surface !== "control" || record.id !== event.jobId) return;
    const type = messageType(state);
    const { webhook } = detailsOf(record);
    const targets = this.endpoints
      .list(record.owner)
      .filter(({ active, events, createdAt }) => active && events.includes(type) && createdAt <= event.time)
      .map(({ id, url }) => ({ target: id, url }));
    if (webhook?.events.includes(type) === true) targets.push({ target: promptId, url: webhook.url });
    for (const { target, url } of targets) {
      const now = Date.now();
      const delivery: Delivery = {
        id: `msg_${target}_${event.seq}`,
        target,
        owner: record.owner,
        url,
        type,
        workflowId: promptId,
        payload: payloadOf(record, state, event.time),
        createdAt: now,
        state: "pending",
        attempts: [],
        tries: 0,
        nextAt: now,
      };
      if (await this.deliveries.add(delivery)) this.#sender.take(delivery);
    }
  }
}
