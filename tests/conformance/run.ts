/** What all kinds of a run share: options, report, and how a server under test is got. */
import path from "node:path";
import type { BaseFixtures } from "./recordings.ts";
import { PROJECT, type Options } from "./options.ts";
import type { Report } from "./report.ts";
import { LaunchedServer, ServerUnderTest } from "./server.ts";

/** Packs that are folders of the project; Hearth loads them from there. */
const PACK_FOLDERS: Readonly<Record<string, string>> = {
  "testing-pack": path.join(PROJECT, "examples", "custom_nodes"),
  "websocket-image-save": path.join(PROJECT, "examples", "custom_nodes"),
  "golden-pack": path.join(import.meta.dirname, "packs"),
};

export interface Run {
  readonly options: Options;
  readonly report: Report;
  readonly base: BaseFixtures;
}

/** Why a server with these flags and packs cannot be had from `--url`; `undefined` when it can. */
export function unavailable(
  run: Run,
  flags: readonly string[],
  packs: readonly string[],
): string | undefined {
  if (run.options.url === undefined) return undefined;
  if (flags.length > 0) return "the server at --url was started with other options";
  const missing = packs.filter((pack) => !run.options.packs.includes(pack));
  return missing.length === 0 ? undefined : `the server at --url lacks ${missing.join(", ")}`;
}

/** Starts a server, or takes the one at `--url`. @throws when it does not start */
export async function obtainServer(
  run: Run,
  flags: readonly string[],
  packs: readonly string[],
): Promise<ServerUnderTest> {
  const { url, base, command, log } = run.options;
  if (url !== undefined) return new ServerUnderTest(url, base);
  return LaunchedServer.start({
    command,
    flags: [...packFlags(command, packs), ...flags],
    packs,
    files: run.base.files,
    log,
  });
}

/** Only Hearth runs packs written in TypeScript; other servers read `GOLDEN_PACKS`. */
function packFlags(command: readonly string[], packs: readonly string[]): string[] {
  if (!command.some((word) => /^hearth(\.js)?$/.test(path.basename(word)))) return [];
  const folders = new Set(packs.flatMap((pack) => PACK_FOLDERS[pack] ?? []));
  return [...folders].flatMap((folder) => ["--custom-nodes-directory", folder]);
}
