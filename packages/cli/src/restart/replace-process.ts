/**
 * A new process in the place of this one. What was started must not seem to end: not to a service manager, not in a
 * container, not at a terminal.
 */
import { beStarter } from "./starter.ts";

/** Exit status that asks the starter (`bin/hearth.js`) for a new process. */
export const RESTART_CODE = 75;

/** As this process was started. What was set since is kept in the database, and what was taken away must come back. */
const ENVIRONMENT: NodeJS.ProcessEnv = { ...process.env };

/**
 * Runs the same command again, in order of preference: the starter does it; the system puts the new program into this
 * very process; this process becomes the starter of a child. Everything must be closed before.
 * @returns the exit status for this process, when it is time to end
 */
export async function replaceProcess(): Promise<number> {
  if (hasStarter()) return RESTART_CODE;
  if (process.execve !== undefined) takeProgram();
  return beStarter(command(), ENVIRONMENT, RESTART_CODE);
}

/** The same in the last moment of a process, where nothing can be waited for. Without any way it returns, and the process ends. */
export function restartNow(): void {
  if (hasStarter()) process.exitCode = RESTART_CODE;
  else if (process.execve !== undefined) takeProgram();
}

function hasStarter(): boolean {
  return ENVIRONMENT["HEARTH_STARTER_PIPE"] === "3";
}

function takeProgram(): void {
  // Node says on every call that this is new.
  process.removeAllListeners("warning");
  process.execve?.(process.execPath, [process.execPath, ...command()], ENVIRONMENT);
}

function command(): string[] {
  return [...process.execArgv, ...process.argv.slice(1)];
}
