/** Why a job waits, or why it runs where it runs: the answer to somebody who asks. Reads, and changes nothing. */
import type { Retry } from "@hearth/jobs";
import { refusedBy } from "../jobs/retry-policy.ts";
import type { Decision, Decisions } from "./decisions.ts";
import type { Fleet } from "./fleet.ts";
import { isPassing } from "./eligibility.ts";
import { readNeeds } from "./needs.ts";
import { isBusy, NO_NEEDS, warmFor } from "./scheduling.ts";

/** One worker from the job's point of view. */
export interface WhyWorker {
  readonly worker: string;
  readonly eligible: boolean;
  /** sentences that follow the worker's name; empty where it is eligible */
  readonly reasons: readonly string[];
  /** one of the reasons does not end by itself */
  readonly never: boolean;
  readonly busy: boolean;
  /** how many jobs it runs; whose they are is not everybody's business */
  readonly running: number;
  /** it holds the model files of the job */
  readonly warm: boolean;
}

export interface WhyAnswer {
  readonly needs: { readonly models: readonly string[]; readonly tags: readonly string[] };
  readonly workers: readonly WhyWorker[];
  readonly decisions: readonly Decision[];
  readonly retries: readonly Retry[];
}

export interface WhyParts {
  readonly fleet: Pick<Fleet, "members" | "eligibility">;
  readonly decisions: Decisions;
}

export function whyWaiting(
  { fleet, decisions }: WhyParts,
  job: { readonly id: string; readonly needs: string | undefined; readonly retries: readonly Retry[] },
): WhyAnswer {
  const needs = job.needs === undefined ? NO_NEEDS : readNeeds(job.needs);
  const refused = refusedBy(job.retries);
  const now = Date.now();
  const workers = fleet.members.map((member): WhyWorker => {
    const reasons = fleet.eligibility.whyNot(member, needs);
    const texts = reasons.map(({ text }) => text);
    if (refused.has(member.name)) texts.push("refused this very job");
    return {
      worker: member.name,
      eligible: texts.length === 0,
      reasons: texts,
      never: refused.has(member.name) || !reasons.every((reason) => isPassing(reason, now)),
      busy: isBusy(member),
      running: member.running.size,
      warm: warmFor(member, needs),
    };
  });
  return {
    needs: { models: needs.models, tags: needs.tags },
    workers,
    decisions: decisions.of(job.id),
    retries: job.retries,
  };
}
