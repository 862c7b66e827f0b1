/** Steps per second of one node, over its last steps. */

/** How many intervals between steps the rate looks back. */
const INTERVALS = 10;
/** Updates of one batch arrive within this time, in milliseconds; they say nothing about speed. */
const TOGETHER_MS = 5;

interface Sample {
  readonly step: number;
  /** milliseconds */
  readonly at: number;
}

export class StepRate {
  #samples: Sample[] = [];

  /** `at`: milliseconds of any steady clock. A step behind the last one begins anew: another pass of the node. */
  add(step: number, at: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && step < last.step) this.#samples = [];
    if (last !== undefined && step === last.step) return;
    if (last !== undefined && at - last.at < TOGETHER_MS && this.#samples.length > 0) this.#samples.pop();
    this.#samples.push({ step, at });
    if (this.#samples.length > INTERVALS + 1) this.#samples.shift();
  }

  /** Steps per second; null before two samples. */
  get perSecond(): number | null {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at <= first.at) return null;
    return ((last.step - first.step) * 1000) / (last.at - first.at);
  }
}
