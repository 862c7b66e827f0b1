/** Collects outcomes, prints failures as they come and a table at the end. */
import type { Waiver, Waivers } from "./waivers.ts";

export interface Problem {
  /** index of the step; absent where a case has no steps */
  readonly step?: number;
  readonly text: string;
}

export interface Outcome {
  /** http, ws, validation, nodes, info, workflows */
  readonly kind: string;
  /** the file of a scenario, the class of a node case, … */
  readonly area: string;
  readonly name: string;
  /** no problem: passed */
  readonly problems: readonly Problem[];
  /** why the case was not run */
  readonly skipped?: string;
}

/** How the reason of a case begins whose class the server does not have; those are listed by class. */
export const LACKS = "the server lacks ";

export type State = "passed" | "failed" | "waived" | "skipped";

interface Row {
  passed: number;
  failed: number;
  waived: number;
  skipped: number;
}

export class Report {
  readonly #waivers: Waivers;
  readonly #print: (line: string) => void;
  readonly #results: (Outcome & { readonly state: State; readonly waiver?: string })[] = [];
  readonly #stale: Waiver[] = [];

  constructor(waivers: Waivers, print: (line: string) => void) {
    this.#waivers = waivers;
    this.#print = print;
  }

  add(outcome: Outcome): void {
    const waivers = this.#waivers.of(outcome.kind, outcome.name);
    if (outcome.skipped !== undefined) {
      this.#results.push({ ...outcome, state: "skipped" });
    } else if (outcome.problems.length === 0) {
      this.#stale.push(...waivers);
      this.#results.push({ ...outcome, state: "passed" });
    } else {
      const waiver =
        waivers.length > 0 &&
        outcome.problems.every((problem) => waivers.some((one) => covers(one, problem)));
      const reason = waiver ? waivers.map((one) => one.reason).join("; ") : undefined;
      this.#results.push({
        ...outcome,
        state: waiver ? "waived" : "failed",
        ...(reason === undefined ? {} : { waiver: reason }),
      });
      this.#print(problemLine(outcome, reason));
    }
  }

  /** True when a difference of this case is known. */
  waives(kind: string, name: string): boolean {
    return this.#waivers.of(kind, name).length > 0;
  }

  /** A remark that is no outcome. */
  note(line: string): void {
    this.#print(`NOTE ${line}`);
  }

  counts(): Record<State, number> {
    const counts = { passed: 0, failed: 0, waived: 0, skipped: 0 };
    for (const { state } of this.#results) counts[state] += 1;
    return counts;
  }

  /** Prints the tables, skipped cases by reason, stale waivers, and the last line. */
  finish(): void {
    this.#table();
    this.#skipped();
    for (const { kind, case: name, step, reason } of this.#stale) {
      const place = step === undefined ? "" : ` step ${step}`;
      this.#print(`STALE WAIVER ${kind} ${name}${place}: the case passes (${reason})`);
    }
    const { passed, failed, waived, skipped } = this.counts();
    if (waived > 0) this.#print(`${waived} waived`);
    this.#print(`conformance: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  }

  /** Everything, for a machine. */
  toJSON(): unknown {
    return { counts: this.counts(), stale: this.#stale, results: this.#results };
  }

  #table(): void {
    const rows = new Map<string, Row>();
    for (const { kind, area, state } of this.#results) {
      // A row per node class would bury the rest: classes are listed by their failures alone.
      const names = kind === "nodes" || kind === "info" ? [kind] : [kind, `  ${kind} ${area}`];
      for (const name of names) {
        const row = rows.get(name) ?? { passed: 0, failed: 0, waived: 0, skipped: 0 };
        row[state] += 1;
        rows.set(name, row);
      }
    }
    this.#print("");
    const order = ([a]: [string, Row], [b]: [string, Row]): number => (a.trim() < b.trim() ? -1 : 1);
    for (const [name, row] of [...rows].sort(order)) {
      const more = [
        row.waived > 0 ? `, ${row.waived} waived` : "",
        row.skipped > 0 ? `, ${row.skipped} skipped` : "",
      ];
      this.#print(`${name.padEnd(28)} ${row.passed} passed, ${row.failed} failed${more.join("")}`);
    }
  }

  #skipped(): void {
    const skipped = this.#results.filter((result) => result.skipped !== undefined);
    for (const [kind, results] of Map.groupBy(skipped, (result) => result.kind)) {
      const counts = new Map<string, number>();
      for (const { skipped: reason = "" } of results) counts.set(reason, (counts.get(reason) ?? 0) + 1);
      const sorted = [...counts].sort((a, b) => b[1] - a[1]);
      const lacking = sorted.filter(([reason]) => reason.startsWith(LACKS));
      for (const [reason, count] of sorted)
        if (!reason.startsWith(LACKS)) this.#print(`skipped ${count} ${kind}: ${reason}`);
      if (lacking.length === 0) continue;
      const total = lacking.reduce((sum, [, count]) => sum + count, 0);
      const classes = lacking.map(([reason, count]) => `${reason.slice(LACKS.length)} ${count}`).join(", ");
      this.#print(`skipped ${total} ${kind}: ${LACKS}${lacking.length} classes: ${classes}`);
    }
  }
}

function covers(waiver: Waiver, problem: Problem): boolean {
  return waiver.step === undefined || waiver.step === problem.step;
}

function problemLine({ kind, name, problems }: Outcome, waived: string | undefined): string {
  const [first, ...more] = problems;
  const step = first?.step === undefined ? "" : ` step ${first.step}`;
  const text = (first?.text ?? "").replaceAll("\n", "\\n").slice(0, 600);
  const rest = more.length === 0 ? "" : `  (+${more.length} more)`;
  const word = waived === undefined ? "FAIL" : "WAIVED";
  return `${word} ${kind} ${name}${step}: ${text}${rest}${waived === undefined ? "" : `  [${waived}]`}`;
}
