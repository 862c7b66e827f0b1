/** Sends what is pending, each at its time, and tries again with growing pauses. */
import type { JobStore } from "@hearth/jobs";
import type { Logger } from "pino";
import type { ControlOptions } from "../options.ts";
import type { SignedUrls } from "../signing.ts";
import type { Attempt, Delivery, DeliveryLog } from "./delivery.ts";
import type { Endpoints } from "./endpoint.ts";
import { withLinks } from "./message.ts";
import type { OwnerSecrets } from "./owner-secrets.ts";
import { postWebhook } from "./post.ts";
import { type Secrets, webhookHeaders } from "./secrets.ts";

const MOST_AT_ONCE = 16;
/** Receivers that failed together are not asked together again. */
const JITTER = 0.2;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const GONE = 410;
const REMOVED = "the webhook was removed or paused";

export interface SenderParts {
  readonly store: Pick<JobStore, "recordByPromptId">;
  readonly deliveries: DeliveryLog;
  readonly endpoints: Endpoints;
  readonly secrets: OwnerSecrets;
  readonly urls: SignedUrls;
  readonly options: ControlOptions;
  readonly log: Logger;
}

export class WebhookSender {
  readonly #parts: SenderParts;
  readonly #pending = new Map<string, Delivery>();
  readonly #sending = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** Takes over what is pending in the log. */
  async start(): Promise<void> {
    for (const delivery of await this.#parts.deliveries.list({ state: "pending" })) this.take(delivery);
  }

  /** Sends a pending delivery when it is due. */
  take(delivery: Delivery): void {
    if (this.#stop.signal.aborted) return;
    this.#pending.set(delivery.id, delivery);
    this.#plan();
  }

  /** What is under way is given up, and stays pending for the next start. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stop.abort();
    await Promise.all(this.#sending.values());
  }

  #plan(): void {
    clearTimeout(this.#timer);
    if (this.#stop.signal.aborted) return;
    const now = Date.now();
    let next = Number.POSITIVE_INFINITY;
    for (const delivery of this.#pending.values()) {
      if (this.#sending.has(delivery.id)) continue;
      if (delivery.nextAt > now) next = Math.min(next, delivery.nextAt);
      else if (this.#sending.size < MOST_AT_ONCE) this.#begin(delivery);
    }
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#plan(), Math.min(next - now, LONGEST_TIMER_MS));
  }

  #begin(delivery: Delivery): void {
    const { log } = this.#parts;
    const done = this.#try(delivery)
      .catch((error: unknown) =>
        log.error({ err: error, delivery: delivery.id }, "a webhook could not be sent"),
      )
      .finally(() => {
        this.#sending.delete(delivery.id);
        this.#plan();
      });
    this.#sending.set(delivery.id, done);
  }

  async #try(delivery: Delivery): Promise<void> {
    const attempt = await this.#send(delivery);
    if (attempt === undefined) return;
    const attempts = [...delivery.attempts, attempt];
    const judged = await this.#judge({ ...delivery, attempts }, attempt);
    // Somebody asked for it again meanwhile: that try is still to come.
    const asked = this.#pending.get(delivery.id);
    const after = asked === undefined || asked === delivery ? judged : { ...asked, attempts };
    if (after.state === "pending") this.#pending.set(after.id, after);
    else this.#pending.delete(after.id);
    await this.#parts.deliveries.put(after);
  }

  async #judge(delivery: Delivery, { status, error }: Attempt): Promise<Delivery> {
    const { options, endpoints } = this.#parts;
    const tries = delivery.tries + 1;
    if (status !== undefined && status >= 200 && status < 300)
      return { ...delivery, tries, state: "delivered" };
    const endpoint = endpoints.get(delivery.target);
    if (status === GONE && endpoint !== undefined) await endpoints.save({ ...endpoint, active: false });
    const pause = options.webhookRetryMs[tries - 1];
    if (status === GONE || error === REMOVED || pause === undefined)
      return { ...delivery, tries, state: "failed" };
    return { ...delivery, tries, nextAt: Date.now() + pause * (1 + Math.random() * JITTER) };
  }

  /** One try; `undefined` when this server stops meanwhile. */
  async #send(delivery: Delivery): Promise<Attempt | undefined> {
    const { store, urls, options } = this.#parts;
    const at = Date.now();
    const began = performance.now();
    const attempt = (told: Pick<Attempt, "status" | "error">): Attempt => ({
      at,
      milliseconds: Math.round(performance.now() - began),
      ...told,
    });
    const secrets = await this.#secretsOf(delivery);
    if (secrets === undefined) return attempt({ error: REMOVED });
    const record = await store.recordByPromptId(delivery.workflowId);
    const body = withLinks(delivery.payload, record, urls);
    const { id } = delivery;
    try {
      const status = await postWebhook({
        url: delivery.url,
        headers: webhookHeaders(secrets, { id, timestamp: Math.floor(at / 1000), body }),
        body,
        toPrivate: options.webhooksToPrivate,
        timeoutMs: options.webhookTimeoutMs,
        signal: this.#stop.signal,
      });
      if (status >= 300 && status < 400) return attempt({ status, error: "redirects are not followed" });
      return attempt({ status });
    } catch (error) {
      if (this.#stop.signal.aborted) return undefined;
      return attempt({ error: (error as Error).message });
    }
  }

  async #secretsOf({ target, workflowId, owner }: Delivery): Promise<Secrets | undefined> {
    // The address came with the workflow itself.
    if (target === workflowId) return this.#parts.secrets.of(owner);
    const endpoint = this.#parts.endpoints.get(target);
    return endpoint?.active === true ? endpoint.secrets : undefined;
  }
}
