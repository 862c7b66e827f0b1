/** `npm test`: every test of the workspace, then the recordings against a started server. */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

const FOLDERS = [
  "packages/*/src/**/*.test.ts",
  "tests/**/*.test.ts",
  "examples/**/*.test.ts",
  "bench/**/*.test.ts",
];

function run(args: readonly string[]): number {
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  return status ?? 1;
}

const files = FOLDERS.flatMap((pattern) => globSync(pattern)).sort();
const unit = run(["--test", "--test-timeout=300000", "--test-concurrency=2", ...files]);
const recordings = run(["tests/conformance/main.ts"]);
process.exitCode = unit || recordings;
