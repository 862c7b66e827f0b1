/** Making a release that was fetched ready to run. */
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

const TIMEOUT_MS = 20 * 60_000;

/**
 * Gets what a release depends on, as its lockfile says, and builds it. The npm is the one of this Node.
 * @throws Error with the last lines of what npm said
 */
export async function prepareRelease(folder: string): Promise<void> {
  for (const args of [
    ["ci", "--no-audit", "--no-fund"],
    ["run", "build", "--if-present"],
  ]) {
    try {
      await promisify(execFile)("npm", args, {
        cwd: folder,
        timeout: TIMEOUT_MS,
        maxBuffer: 64 * 1024 * 1024,
        env: {
          ...process.env,
          PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env["PATH"] ?? ""}`,
        },
      });
    } catch (error) {
      const { stderr = "", message } = error as Error & { stderr?: string };
      const said = stderr.trim().split("\n").slice(-5).join("\n");
      throw new Error(`npm ${args[0]}: ${said === "" ? message : said}`, { cause: error });
    }
  }
}
