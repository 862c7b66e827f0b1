/** The default random generator of a run. */
import { randomFillSync } from "node:crypto";

/** xoshiro128** (Blackman and Vigna), seeded from the system: numbers in [0, 1) with 53 random bits. */
export function randomGenerator(): () => number {
  const s = randomFillSync(new Uint32Array(4));
  // The all-zero state is the one that never changes.
  if (s.every((word) => word === 0)) s[0] = 1;
  const next = (): number => {
    const [s0, s1, s2, s3] = s as unknown as [number, number, number, number];
    const five = Math.imul(s1, 5);
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const t = s1 << 9;
    const x2 = s2 ^ s0;
    const x3 = s3 ^ s1;
    s[1] = s1 ^ x2;
    s[0] = s0 ^ x3;
    s[2] = x2 ^ t;
    s[3] = (x3 << 11) | (x3 >>> 21);
    return result;
  };
  return () => ((next() >>> 5) * 67_108_864 + (next() >>> 6)) / 9_007_199_254_740_992;
}
