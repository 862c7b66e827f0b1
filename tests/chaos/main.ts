/**
 * `npm run chaos [kills | workers] [SEED …]`, with figures: 60 kills of one installation for each seed, or 300 jobs over
 * three workers with 60 faults of every kind (of which, with an even seed, one joins over a network). Without words, both: 3 seeds and 20.
 */
import { runChaos } from "../workers/chaos.ts";
import { runKills } from "./kills.ts";

const KINDS: Readonly<Record<string, { seeds: number; run: (seed: number) => Promise<unknown> }>> = {
  kills: { seeds: 3, run: (seed) => runKills(seed, 60) },
  workers: {
    seeds: 20,
    run: (seed) => runChaos(seed, { jobs: 300, faults: 60, third: seed % 2 === 0 ? "remote" : "local" }),
  },
};

const words = process.argv.slice(2);
const kinds = words.filter((word) => Object.hasOwn(KINDS, word));
const seeds = words.filter((word) => /^\d+$/.test(word)).map(Number);
const unknown = words.find((word) => !Object.hasOwn(KINDS, word) && !/^\d+$/.test(word));
if (unknown !== undefined)
  throw new Error(`'${unknown}' is neither ${Object.keys(KINDS).join(", ")} nor a seed`);

for (const name of kinds.length > 0 ? kinds : Object.keys(KINDS)) {
  const kind = KINDS[name];
  if (kind === undefined) continue;
  const all = Array.from({ length: kind.seeds }, (_, index) => index + 1);
  for (const seed of seeds.length > 0 ? seeds : all) {
    try {
      console.log(`${name}, seed ${seed}:`, JSON.stringify(await kind.run(seed)));
    } catch (error) {
      process.exitCode = 1;
      console.log(`${name}, seed ${seed} FAILED:`, error);
    }
  }
}
