/**
 * Starts the release that is to start, and watches over one that is on trial: when it cannot be loaded, ends, or is not
 * confirmed in time, the one before is back. This file is always the installation's own, never the release's.
 */
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { Releases } from "./releases.ts";
import { RESTART_CODE, restartNow } from "./replace-process.ts";

/** A release that is not healthy by then is rolled back. */
const TRIAL_MS = 60_000;
const MAIN = "packages/cli/src/main.ts";

/**
 * Loads the `hearth` command of the current release, or of the installation where there is none.
 * @param argv the command line without program and script
 * @param main the installation's own command
 */
export async function startRelease(argv: readonly string[], main: URL): Promise<void> {
  const studio = serves(argv) ? studioDirectory(argv) : undefined;
  const releases = studio === undefined ? undefined : new Releases(studio);
  const name = releases?.toStart();
  if (releases === undefined || name === undefined) {
    await import(main.href);
    return;
  }
  const isOnTrial = releases.trial?.state === "trying";
  if (isOnTrial) watch(releases, name);
  try {
    await import(pathToFileURL(path.join(releases.folder(name), MAIN)).href);
  } catch (error) {
    if (!isOnTrial) throw error;
    process.exitCode = 1;
    console.error(`hearth: release ${name} cannot be loaded: ${String(error)}`);
    process.exit();
  }
}

/**
 * Until the release is confirmed, its end is a reason to go back, and so is its silence. Once it is confirmed it may put
 * another one on trial, which is not its own affair.
 */
function watch(releases: Releases, name: string): void {
  const ownState = (): string | undefined => (releases.trial?.to === name ? releases.trial.state : undefined);
  const trialMs = Number(process.env["HEARTH_TRIAL_MS"] ?? TRIAL_MS);
  const timer = setTimeout(() => {
    if (ownState() !== "trying") return;
    releases.rollBack(`it was not healthy within ${trialMs / 1000} s`);
    process.exit(1);
  }, trialMs);
  timer.unref();
  process.on("exit", (code) => {
    if (ownState() === "trying") {
      // A person or a service manager who ends it is no fault of the release.
      if (code === 0) return releases.forgetStart();
      releases.rollBack(
        code === RESTART_CODE ? "it restarted before it was healthy" : `it ended with status ${code}`,
      );
    } else if (ownState() !== "rolled_back") return;
    console.error(`hearth: the update is taken back: ${releases.trial?.reason ?? ""}`);
    restartNow();
  });
}

function serves(argv: readonly string[]): boolean {
  const [command] = argv;
  // A launcher written for `main.py` gives flags only.
  return (
    command === "serve" ||
    (command?.startsWith("-") === true && !["--help", "-h", "--version"].includes(command))
  );
}

/** As `hearth serve` finds it; its flags are judged later. */
function studioDirectory(argv: readonly string[]): string {
  let base = process.env["HEARTH_HOME"] ?? path.join(os.homedir(), "hearth");
  for (const [at, flag] of argv.entries()) {
    if (flag === "--base-directory") base = argv[at + 1] ?? base;
    else if (flag.startsWith("--base-directory=")) base = flag.slice(flag.indexOf("=") + 1);
  }
  return path.join(path.resolve(base), "studio");
}
