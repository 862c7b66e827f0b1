/** Who can run a job, and why others cannot. */
import type { FileList } from "@hearth/protocol";
import type { FileNames } from "../files/file-lists.ts";
import { choicesOf, samePath, valueSet } from "../nodes/choices.ts";
import { classOf } from "../nodes/member-classes.ts";
import { NOTHING_ANNOUNCED } from "./member-record.ts";
import type { Member } from "./member.ts";
import type { NeededValue, Needs } from "./needs.ts";

/**
 * Which graphs the native engine is preferred for: those that load no model file, so that GPUs stay free for the
 * others; all that it can run; or none.
 */
export type PreferNative = "modelless" | "always" | "never";

export interface Reason {
  readonly kind:
    | "unknown-class"
    | "missing-file"
    | "missing-choice"
    | "tag"
    | "disabled"
    | "draining"
    | "loads-models"
    | "offline"
    | "unavailable"
    | "paused";
  /** what people read: it follows the worker's name */
  readonly text: string;
  /** UTC milliseconds: a passing reason that is permanent from then on */
  readonly until?: number;
}

/** A worker that has been away for longer may never come back. */
export const AWAY_MS = 60_000;
/** So many missing classes or files are named. */
const MOST_NAMED = 5;
/** So many different needs are remembered. */
const MOST_KNOWN = 1_000;

const PASSING: ReadonlySet<Reason["kind"]> = new Set(["offline", "unavailable", "paused"]);

/** True for a reason that may end by itself: whoever waits is not waiting for nothing. */
export function isPassing({ kind, until }: Reason, now = Date.now()): boolean {
  return PASSING.has(kind) && (until === undefined || now < until);
}

/** The workers, as far as this depends on them. */
interface Workers {
  readonly members: readonly Member[];
  readonly version: number;
  readonly openedAt: number;
}

export interface EligibilityParts {
  readonly names?: Pick<FileNames, "entries" | "generation"> | undefined;
  readonly preferNative?: PreferNative | undefined;
}

export class Eligibility {
  readonly #workers: Workers;
  readonly #names: EligibilityParts["names"];
  preferNative: PreferNative;
  /** what of the reasons stands for as long as the workers and the hub's files do */
  readonly #lasting = new Map<Needs, Map<Member, readonly Reason[]>>();
  readonly #files = new Map<FileList, ReadonlySet<string>>();
  #version = -1;
  #generation = -1;
  #hasTags = false;

  constructor(workers: Workers, { names, preferNative = "modelless" }: EligibilityParts = {}) {
    this.#workers = workers;
    this.#names = names;
    this.preferNative = preferNative;
  }

  /** Why a worker cannot take a job with these needs now; empty: it can, once it has nothing else to do. */
  whyNot(member: Member, needs: Needs): readonly Reason[] {
    const lasting = this.#lastingReasons(member, needs);
    if (lasting[0]?.kind === "disabled") return lasting;
    const passing = this.#passingReasons(member);
    const isSpared = member.engine === "native" && lasting.length === 0 && this.#isForOthers(needs);
    if (passing.length === 0 && !isSpared) return lasting;
    return [...lasting, ...(isSpared ? [SPARED] : []), ...passing];
  }

  /** Whether a worker can take such a job, now or once what is in its way has passed. */
  canEver(member: Member, needs: Needs, now = Date.now()): boolean {
    return this.whyNot(member, needs).every((reason) => isPassing(reason, now));
  }

  /** A graph with models is for a ComfyUI worker, where one can take it. */
  #isForOthers(needs: Needs): boolean {
    if (needs.models.length === 0 || this.preferNative === "always") return false;
    const now = Date.now();
    return this.#workers.members.some(
      (member) =>
        member.engine === "comfyui" &&
        this.#lastingReasons(member, needs).length === 0 &&
        this.#passingReasons(member).every((reason) => isPassing(reason, now)),
    );
  }

  #passingReasons(member: Member): readonly Reason[] {
    const { link, mode, state, canary, isSupervised, seenAt, nodes } = member;
    const reasons: Reason[] = [];
    if (link === undefined) {
      // What was away when this hub started gets its time to dial in.
      const until = Math.max(seenAt, this.#workers.openedAt) + AWAY_MS;
      reasons.push({ kind: "offline", text: "is not connected", ...(isSupervised ? {} : { until }) });
    } else if (!state.isAvailable) {
      reasons.push({
        kind: "unavailable",
        text: `cannot run anything now: ${state.problem ?? "it does not say why"}`,
      });
    } else if (nodes === NOTHING_ANNOUNCED) {
      reasons.push({ kind: "unavailable", text: "has not said yet which node classes it has" });
    } else if (canary?.isOk === false) {
      reasons.push({
        kind: "unavailable",
        text: `failed its canary: ${canary.problem ?? "it does not say why"}`,
      });
    }
    if (mode === "paused") reasons.push({ kind: "paused", text: "is paused" });
    return reasons;
  }

  #lastingReasons(member: Member, needs: Needs): readonly Reason[] {
    const generation = this.#names?.generation ?? 0;
    if (this.#version !== this.#workers.version || this.#generation !== generation) {
      this.#version = this.#workers.version;
      this.#generation = generation;
      this.#lasting.clear();
      this.#files.clear();
      this.#hasTags = this.#workers.members.some(({ tags }) => tags.length > 0);
    }
    let known = this.#lasting.get(needs);
    if (known === undefined) {
      if (this.#lasting.size >= MOST_KNOWN) this.#lasting.clear();
      this.#lasting.set(needs, (known = new Map()));
    }
    let reasons = known.get(member);
    if (reasons === undefined) known.set(member, (reasons = this.#judge(member, needs)));
    return reasons;
  }

  #judge(member: Member, needs: Needs): readonly Reason[] {
    if (member.mode === "disabled") return [{ kind: "disabled", text: "is disabled" }];
    const reasons: Reason[] = [];
    if (member.nodes !== NOTHING_ANNOUNCED) {
      const { classes } = member.nodes;
      const unknown = needs.classes.filter((name) => !classes.has(name));
      reasons.push(...named("unknown-class", unknown, (name) => `does not know the node class '${name}'`));
      const models = new Set<unknown>(needs.models);
      const missing = needs.values.filter((value) => classes.has(value[0]) && !this.#offers(member, value));
      const isFile = ([, , value]: NeededValue): boolean => models.has(value) || /\.\w+$/.test(String(value));
      reasons.push(...named("missing-file", missing.filter(isFile), missingText));
      reasons.push(
        ...named(
          "missing-choice",
          missing.filter((value) => !isFile(value)),
          missingText,
        ),
      );
    }
    if (this.#hasTags) {
      const lacking = needs.tags.filter((tag) => !member.tags.includes(tag));
      reasons.push(...named("tag", lacking, (tag) => `lacks the tag '${tag}'`));
    }
    if (member.mode === "draining")
      reasons.push({ kind: "draining", text: "takes nothing new: it is draining" });
    return reasons;
  }

  /** Whether a worker has a value at an input. Where it has no list there, it takes what comes. */
  #offers({ nodes }: Member, [className, input, value]: NeededValue): boolean {
    const announced = classOf(nodes, className);
    const choices = announced === undefined ? undefined : choicesOf(announced.info).get(input);
    if (announced === undefined || choices === undefined) return true;
    return choices.some((choice) => {
      const list = announced.lists?.find(({ path }) => samePath(path, choice.path));
      return list === undefined ? valueSet(choice.values).has(value) : this.#hasFile(list, String(value));
    });
  }

  #hasFile(list: FileList, name: string): boolean {
    if (this.#names === undefined) return true;
    let files = this.#files.get(list);
    if (files === undefined) this.#files.set(list, (files = new Set(this.#names.entries(list))));
    return files.has(name);
  }
}

const SPARED: Reason = {
  kind: "loads-models",
  text: "leaves graphs that load model files to the ComfyUI workers",
};

function missingText([className, input, value]: NeededValue): string {
  return `does not have '${value}' (${className}, ${input})`;
}

/** One reason each, and one for all that are too many. */
function named<T>(kind: Reason["kind"], found: readonly T[], textOf: (one: T) => string): Reason[] {
  const reasons = found.slice(0, MOST_NAMED).map((one): Reason => ({ kind, text: textOf(one) }));
  const rest = found.length - reasons.length;
  const last = reasons.at(-1);
  if (rest > 0 && last !== undefined)
    reasons[reasons.length - 1] = { kind, text: `${last.text} and ${rest} more` };
  return reasons;
}
