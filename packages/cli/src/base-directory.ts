import os from "node:os";
import path from "node:path";

/** Where everything lives when nothing is said: `$HEARTH_HOME`, else `~/hearth`. */
export function baseDirectory(): string {
  return process.env["HEARTH_HOME"] ?? path.join(os.homedir(), "hearth");
}
