/** `node tests/fuzz/main.ts [--requests N] [--seed S] [--only INDEX]`: more of the same than the test sends. */
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";
import { startFuzzed } from "./start.ts";

const { values } = parseArgs({
  options: { requests: { type: "string" }, seed: { type: "string" }, only: { type: "string" } },
});

function integer(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`--${name} must be a whole number, not ${text}`);
  return value;
}

const seed = integer("seed", values.seed, Date.now() % 1_000_000);
const requests = integer("requests", values.requests, 20_000);
const only = values.only === undefined ? undefined : integer("only", values.only, 0);
const server = await startFuzzed();
try {
  const { findings, statuses, grown } = await fuzz(server, { seed, requests, only });
  for (const { index, what, request } of findings)
    console.log(`--seed ${seed} --only ${index}\n  ${what}\n  ${request}`);
  const counts = [...statuses]
    .sort(([one], [other]) => one - other)
    .map(([status, count]) => `${status}×${count}`);
  console.log(
    `seed ${seed}: ${findings.length} findings; ${counts.join(" ")}; grew by ${Math.round(grown / 1e6)} MB`,
  );
  process.exitCode = findings.length === 0 ? 0 : 1;
} finally {
  await server.stop();
}
