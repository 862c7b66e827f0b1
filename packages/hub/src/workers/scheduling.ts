/**
 * Which job an idle worker takes. Owners and their jobs come in turn; a worker passes over a job that it cannot run, one
 * that another idle worker suits better, and, for a while, one whose models a busy worker holds.
 *
 * A worker that got nothing is to be asked again after each claim of another, and at `waits.dueAt`: what it left to
 * others may be its own then.
 */
import type { Choose, QueueHead } from "@hearth/jobs";
import { refusedBy } from "../jobs/retry-policy.ts";
import type { WorkerLink } from "../link/worker-link.ts";
import type { Decisions } from "./decisions.ts";
import type { Fleet } from "./fleet.ts";
import type { Member } from "./member.ts";
import { type Needs, readNeeds } from "./needs.ts";
import { WARM_WAIT_MS, type WarmWaits } from "./warm-waits.ts";

export interface SchedulingParts {
  readonly fleet: Pick<Fleet, "of" | "members" | "eligibility">;
  /** for whom a job is looked for */
  readonly link: WorkerLink;
  /** idle workers that are asked after this one */
  readonly untried: ReadonlySet<WorkerLink>;
  /** UTC milliseconds */
  readonly now: number;
  readonly waits: WarmWaits;
  readonly decisions?: Decisions | undefined;
}

/** Of a job that came before needs were known: any worker may try it. */
export const NO_NEEDS: Needs = { classes: [], values: [], models: [], tags: [] };

type Taken = { readonly because: string };
type Left = { readonly left: string };

export function chooserFor(parts: SchedulingParts): Choose {
  const { fleet, link, now, decisions } = parts;
  return (heads) => {
    const member = fleet.of(link);
    if (member === undefined) return undefined;
    for (const head of heads) {
      const judged = judge(parts, member, head);
      if (judged === undefined) continue;
      const isTaken = "because" in judged;
      const text = isTaken ? `taken: ${judged.because}` : judged.left;
      decisions?.note(head.id, { at: now, worker: member.name, text });
      if (isTaken) return { id: head.id, because: judged.because };
    }
    return undefined;
  };
}

/** `undefined`: the worker cannot have the job. */
function judge(parts: SchedulingParts, member: Member, head: QueueHead): Taken | Left | undefined {
  const { fleet, untried, now, waits } = parts;
  const needs = head.needs === undefined ? NO_NEEDS : readNeeds(head.needs);
  const refused = refusedBy(head.retries);
  const suits = (one: Member): boolean =>
    !refused.has(one.name) && fleet.eligibility.whyNot(one, needs).length === 0;
  if (!suits(member)) return undefined;
  const isWarm = warmFor(member, needs);
  const others = fleet.members.filter((one) => one !== member && one.link !== undefined);
  const { preferNative } = fleet.eligibility;
  const own = rankOf(member, needs, preferNative);
  const better = others.find(
    (one) =>
      untried.has(one.link as WorkerLink) && isHigher(rankOf(one, needs, preferNative), own) && suits(one),
  );
  if (better !== undefined) return { left: `left to ${better.name}, which is idle and suits it better` };
  if (isWarm) return { because: `warm: holds ${needs.models.join(", ")}` };
  const warm =
    needs.models.length === 0
      ? undefined
      : others.find(
          (one) => warmFor(one, needs) && !untried.has(one.link as WorkerLink) && isBusy(one) && suits(one),
        );
  if (warm === undefined || head.needs === undefined) return { because: "first in turn; idle" };
  if (waits.leave(head.needs, warm.name, now)) {
    return {
      left: `left to ${warm.name} for at most ${WARM_WAIT_MS / 1_000} s: it holds ${needs.models.join(", ")}`,
    };
  }
  waits.end(head.needs);
  return { because: `not warm, but such jobs waited ${WARM_WAIT_MS / 1_000} s for ${warm.name}` };
}

/** Whether a worker holds all models that a job needs; false for a job without models. */
export function warmFor({ warm }: Pick<Member, "warm">, { models }: Needs): boolean {
  return models.length > 0 && models.every((name) => warm.has(name));
}

export function isBusy({ running, concurrency }: Pick<Member, "running" | "concurrency">): boolean {
  return running.size >= concurrency;
}

/** How well a worker suits a job: warmth first, then the engine, then how little it has to do. */
function rankOf(member: Member, needs: Needs, preferNative: string): readonly number[] {
  const wantsNative =
    preferNative === "always" || (preferNative === "modelless" && needs.models.length === 0);
  const isNative = member.engine === "native";
  return [warmFor(member, needs) ? 1 : 0, isNative === wantsNative ? 1 : 0, -member.running.size];
}

function isHigher(one: readonly number[], other: readonly number[]): boolean {
  for (const [index, rank] of one.entries()) {
    const against = other[index] ?? 0;
    if (rank !== against) return rank > against;
  }
  return false;
}
