/**
 * Canaries: tiny prompts that prove that a worker really runs, not only that it answers. Each idle worker gets one now
 * and then, and a worker whose canary failed gets one again soon, and no job before it sang.
 */
import { randomUUID } from "node:crypto";
import { type AttemptRef, isJsonObject, printJson, type RunResult } from "@hearth/protocol";
import type { Logger } from "pino";
import type { Report } from "../jobs/run-reports.ts";
import type { WorkerLink } from "../link/worker-link.ts";
import type { Fleet } from "./fleet.ts";
import type { CanaryReport, Member } from "./member.ts";

const PROMPT = {
  "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color: 0 } },
  "2": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
};
const CLASSES = ["EmptyImage", "PreviewImage"];
const LOOK_MS = 15_000;
const EVERY_MS = 600_000;
const AFTER_FAILURE_MS = 30_000;
/** A ComfyUI that loads a model first may take its time. */
const LONGEST_MS = 120_000;

interface Flight {
  readonly link: WorkerLink;
  readonly ref: AttemptRef;
  readonly begunAt: number;
  readonly timer: NodeJS.Timeout;
  readonly end: (report: CanaryReport) => void;
}

export interface CanaryParts {
  readonly fleet: Fleet;
  readonly log: Logger;
  /** whether a worker has nothing to do */
  readonly isIdle: (link: WorkerLink) => boolean;
}

export class Canaries {
  readonly #parts: CanaryParts;
  readonly #flights = new Map<string, Flight>();
  readonly #timer: NodeJS.Timeout;

  constructor(parts: CanaryParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Sends one now. Its report is kept with the worker too. @throws RangeError when the worker cannot be given one */
  run(name: string): Promise<CanaryReport> {
    const { fleet } = this.#parts;
    const member = fleet.named(name);
    if (member?.link === undefined) throw new RangeError(`the worker '${name}' is not connected`);
    const missing = CLASSES.find((className) => !member.nodes.classes.has(className));
    if (missing !== undefined)
      throw new RangeError(`the worker '${name}' does not know the class '${missing}'`);
    return this.#send(member, member.link);
  }

  #send(member: Member, link: WorkerLink): Promise<CanaryReport> {
    const id = randomUUID();
    const ref = { jobId: `canary-${id}`, promptId: id, attempt: 1 };
    const { promise, resolve } = Promise.withResolvers<CanaryReport>();
    const begunAt = performance.now();
    const timer = setTimeout(() => {
      link.send({ type: "drop", ...ref });
      this.#end(ref.jobId, `it did not end within ${LONGEST_MS / 1_000} s`);
    }, LONGEST_MS);
    this.#flights.set(ref.jobId, { link, ref, begunAt, timer, end: resolve });
    const prompt = printJson(PROMPT);
    link.send({ type: "assign", ...ref, prompt, extraData: "{}", outputs: ["2"], files: [] });
    return promise.then(async (report) => {
      await this.#parts.fleet.canaryEnded(member.name, report);
      return report;
    });
  }

  /** Whether this attempt is a canary's. */
  has({ jobId }: AttemptRef): boolean {
    return this.#flights.has(jobId);
  }

  countOn(link: WorkerLink): number {
    let count = 0;
    for (const flight of this.#flights.values()) if (flight.link === link) count += 1;
    return count;
  }

  /** Takes what is said of a canary. False: it is about a job. */
  said(link: WorkerLink, message: Report): boolean {
    const flight = this.#flights.get(message.jobId);
    if (flight === undefined) return false;
    if (message.type === "messages") return true;
    link.send({ type: "taken", ...flight.ref });
    this.#end(message.jobId, message.type === "gave-up" ? message.failure.text : problemOf(message.result));
    return true;
  }

  lost(link: WorkerLink): void {
    for (const { ref, link: other } of this.#flights.values()) {
      if (other === link) this.#end(ref.jobId, "the worker went away");
    }
  }

  #end(jobId: string, problem: string | undefined): void {
    const flight = this.#flights.get(jobId);
    if (flight === undefined) return;
    this.#flights.delete(jobId);
    clearTimeout(flight.timer);
    const tookMs = Math.round(performance.now() - flight.begunAt);
    const { name } = flight.link;
    if (problem !== undefined)
      this.#parts.log.warn({ worker: name, problem }, "the canary of a worker failed");
    flight.end({
      isOk: problem === undefined,
      at: Date.now(),
      tookMs,
      ...(problem === undefined ? {} : { problem }),
    });
  }

  #look(): void {
    for (const { name, link, mode, state, canary, seenAt, nodes } of this.#parts.fleet.members) {
      if (link === undefined || mode !== "on" || !state.isAvailable) continue;
      if (!CLASSES.every((className) => nodes.classes.has(className))) continue;
      const isOk = canary?.isOk !== false;
      const since = Date.now() - (canary?.at ?? seenAt);
      if (since < (isOk ? EVERY_MS : AFTER_FAILURE_MS) || this.countOn(link) > 0) continue;
      if (!isOk || this.#parts.isIdle(link)) void this.run(name);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const { timer } of this.#flights.values()) clearTimeout(timer);
    this.#flights.clear();
  }
}

/** What is wrong with a canary's result; `undefined`: nothing. */
function problemOf({ status, outputs, messages }: RunResult): string | undefined {
  if (status !== "success") {
    const error = messages.find(([type]) => type === "execution_error")?.[1];
    return `it ended as '${status}'${error === undefined ? "" : `: ${String(error["exception_message"]).trim()}`}`;
  }
  const shown = outputs["2"];
  const images = isJsonObject(shown) ? shown["images"] : undefined;
  return Array.isArray(images) && images.length === 1 ? undefined : "it showed no picture";
}
