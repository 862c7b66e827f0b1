/** `npm run chaos [SEED …]`: 60 kills for each seed, with figures. */
import { runKills } from "./kills.ts";

const seeds = process.argv.slice(2).map(Number);
for (const seed of seeds.length > 0 ? seeds : [1, 2, 3]) {
  console.log(`seed ${seed}:`, JSON.stringify(await runKills(seed, 60)));
}
