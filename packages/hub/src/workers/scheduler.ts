/** The scheduling of a hub: what was left to others, what was decided, and when to look again. */
import type { Choose } from "@hearth/jobs";
import type { WorkerLink } from "../link/worker-link.ts";
import { Decisions } from "./decisions.ts";
import type { Fleet } from "./fleet.ts";
import { readNeeds } from "./needs.ts";
import { chooserFor, NO_NEEDS } from "./scheduling.ts";
import { WarmWaits } from "./warm-waits.ts";

export interface SchedulerParts {
  readonly fleet: Fleet;
  /** looks again who takes what */
  readonly kick: () => void;
}

export class Scheduler {
  readonly decisions = new Decisions();
  readonly #parts: SchedulerParts;
  readonly #waits = new WarmWaits();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
  }

  /** Which job a worker takes; `others` are asked after it. `undefined`: it is the only one and native, and takes the first in turn. */
  chooserFor(link: WorkerLink, others: ReadonlySet<WorkerLink>): Choose | undefined {
    const { fleet } = this.#parts;
    // A ComfyUI may be one of several that come and go: what waits may need another one.
    if (fleet.members.length === 1 && link.engine === "native") return undefined;
    const now = Date.now();
    const { decisions } = this;
    const choose = chooserFor({ fleet, link, untried: others, now, waits: this.#waits, decisions });
    return (heads) => {
      const chosen = choose(heads);
      this.#lookAgain(now);
      return chosen;
    };
  }

  /** What was left to a warm worker is not left for ever. */
  #lookAgain(now: number): void {
    const dueAt = this.#waits.dueAt(now);
    clearTimeout(this.#timer);
    if (dueAt === undefined) return;
    this.#timer = setTimeout(this.#parts.kick, Math.max(0, dueAt - now) + 1);
    this.#timer.unref();
  }

  /** Whether any worker but these may ever run what has these needs. */
  hasWorkerFor(needs: string | undefined, except: ReadonlySet<string>): boolean {
    const { members, eligibility } = this.#parts.fleet;
    const wanted = needs === undefined ? NO_NEEDS : readNeeds(needs);
    return members.some((member) => !except.has(member.name) && eligibility.canEver(member, wanted));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
