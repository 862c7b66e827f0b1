/** `hearth serve`: the flags of the command line become a hub with one native worker. */
import os from "node:os";
import path from "node:path";
import {
  defaultDatabaseFile,
  defaultModelFolders,
  type Hub,
  keptSecret,
  modelPaths,
  startHub,
} from "@hearth/hub";
import { resolveFolders } from "@hearth/protocol";
import { pino } from "pino";
import { FlagError, parseFlags } from "./flags.ts";
import { nativeLauncher } from "./launcher.ts";

/** Where everything lives when nothing is said: `$HEARTH_HOME`, else `~/hearth`. */
export function baseDirectory(): string {
  return process.env["HEARTH_HOME"] ?? path.join(os.homedir(), "hearth");
}

/** Serves until a signal ends it. */
export async function serve(argv: readonly string[]): Promise<number> {
  let hub: Hub;
  try {
    hub = await createServer(argv);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    console.error(`hearth: ${error.message}`);
    return 2;
  }
  for (const url of hub.urls) console.log(`To see the GUI go to: ${url}`);
  if (!argv.includes("--quick-test-for-ci")) {
    await new Promise<void>((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
    });
  }
  await hub.stop();
  return 0;
}

/** Starts a hub as the flags say; `logLevel` overrides theirs. @throws FlagError when they are wrong */
export async function createServer(argv: readonly string[], logLevel?: string): Promise<Hub> {
  const { options, ignored } = parseFlags(argv);
  const log = pino(
    { level: logLevel ?? options.logLevel },
    pino.destination({ dest: options.logStdout ? 1 : 2, sync: false }),
  );
  for (const name of ignored) log.info(`${name} means nothing here and is ignored`);
  if (!options.native) throw new FlagError("--no-native: there is no other engine yet");
  const folders = resolveFolders({ ...options.folders, base: options.folders.base ?? baseDirectory() });
  const modelFolders = defaultModelFolders(folders);
  const databaseFile = options.databaseFile ?? defaultDatabaseFile(folders);
  const { allowAnonymous } = options;
  if (allowAnonymous) log.warn("--allow-anonymous: everybody who can reach this server may use it");
  return startHub({
    folders,
    modelFolders,
    databaseFile,
    addresses: options.listen.map((host) => ({ host, port: options.port })),
    log,
    http: {
      maxUploadBytes: options.maxUploadBytes,
      frontEndRoot: options.frontEndRoot,
      corsOrigin: options.corsOrigin,
      compress: options.compress,
      csp: options.disableApiNodes,
      featureFlags: options.featureFlags,
      argv: ["main.py", ...argv],
      auth: { key: process.env["API_KEY"] ?? keptSecret(folders.studio, "api-key").secret, allowAnonymous },
    },
    launcher: nativeLauncher(folders, databaseFile, {
      metadata: options.metadata,
      previewSize: options.previewSize,
      cache: options.cache,
      packs: options.packs,
      modelFolders: modelPaths(modelFolders),
    }),
  });
}
