/** How fast bytes arrive, over the last seconds. */

const WINDOW_MS = 5_000;
const SAMPLE_MS = 250;

export class Speed {
  #samples: { at: number; bytes: number }[] = [];

  /** @param bytes that have arrived in all; @param at milliseconds of a clock that only goes forward */
  heard(bytes: number, at: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && at - last.at < SAMPLE_MS) return;
    this.#samples.push({ at, bytes });
    while ((this.#samples[0]?.at ?? at) < at - WINDOW_MS) this.#samples.shift();
  }

  /** Bytes per second; null before there are two samples, or when nothing has arrived for a while. */
  at(bytes: number, at: number): number | null {
    const first = this.#samples.find((sample) => sample.at >= at - WINDOW_MS);
    if (first === undefined || at - first.at < SAMPLE_MS) return null;
    const speed = ((bytes - first.bytes) / (at - first.at)) * 1000;
    return speed > 0 ? speed : null;
  }
}
