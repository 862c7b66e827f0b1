/** What was decided about jobs that wait, for people who ask why: the last few decisions of each, in memory. */

export interface Decision {
  /** UTC milliseconds; of the last time, where the same was decided again */
  readonly at: number;
  /** for whom a job was looked for */
  readonly worker: string;
  readonly text: string;
}

const MOST_EACH = 8;
const MOST_JOBS = 2_000;

export class Decisions {
  readonly #byJob = new Map<string, Decision[]>();

  note(jobId: string, decision: Decision): void {
    let kept = this.#byJob.get(jobId);
    if (kept === undefined) {
      if (this.#byJob.size >= MOST_JOBS) this.#byJob.delete(this.#byJob.keys().next().value as string);
      this.#byJob.set(jobId, (kept = []));
    }
    const { worker, text } = decision;
    const again = kept.findIndex((one) => one.worker === worker && one.text === text);
    if (again >= 0) kept.splice(again, 1);
    kept.push(decision);
    if (kept.length > MOST_EACH) kept.shift();
  }

  /** The oldest first. */
  of(jobId: string): readonly Decision[] {
    return this.#byJob.get(jobId) ?? [];
  }
}
