/** `hearth serve`: the flags of the command line become a hub with one native worker. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { createSecureContext } from "node:tls";
import { fileURLToPath } from "node:url";
import {
  defaultDatabaseFile,
  defaultModelFolders,
  type Hub,
  ControlOptionError,
  controlOptions,
  ExtraPathsError,
  keptSecret,
  LogRing,
  modelPaths,
  readExtraPaths,
  startHub,
  withAddedFolders,
  zoneFrom,
} from "@hearth/hub";
import { resolveFolders } from "@hearth/protocol";
import { pino } from "pino";
import { baseDirectory } from "./base-directory.ts";
import { VERSION } from "./version.ts";
import { Releases, replaceProcess } from "./restart/index.ts";
import { FlagError, parseFlags, type ServeOptions } from "./flags.ts";
import { Launchers } from "./launcher.ts";

/** The installation itself. */
const PROJECT = fileURLToPath(new URL("../../..", import.meta.url));

/** Serves until a signal ends it. */
export async function serve(argv: readonly string[]): Promise<number> {
  let hub: Hub;
  const end = Promise.withResolvers<"stop" | "restart">();
  try {
    hub = await createServer(argv, { restart: () => end.resolve("restart") });
  } catch (error) {
    const isTheirs =
      error instanceof FlagError || error instanceof ExtraPathsError || error instanceof ControlOptionError;
    if (!isTheirs) throw error;
    console.error(`hearth: ${error.message}`);
    return 2;
  }
  for (const url of hub.urls) console.log(`To see the GUI go to: ${url}`);
  if (argv.includes("--quick-test-for-ci")) end.resolve("stop");
  let isSignalled = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      isSignalled = true;
      end.resolve("stop");
    });
  }
  const isRestart = (await end.promise) === "restart";
  await hub.stop({ handOver: isRestart });
  // A signal that came meanwhile means the new process too.
  return isRestart && !isSignalled ? replaceProcess() : 0;
}

export interface ServerOptions {
  /** overrides that of the flags; such a server is part of another program, and prints nothing */
  readonly logLevel?: string;
  /** a new hub process is wanted; absent: this one cannot be replaced */
  readonly restart?: () => void;
}

/** Starts a hub as the flags say. @throws FlagError when they are wrong */
export async function createServer(
  argv: readonly string[],
  { logLevel, restart = () => undefined }: ServerOptions = {},
): Promise<Hub> {
  const { options, ignored } = parseFlags(argv);
  const level = logLevel ?? options.logLevel;
  const logRing = new LogRing();
  const destination = pino.destination({ dest: options.logStdout ? 1 : 2, sync: false });
  const log = pino(
    { level },
    pino.multistream([
      { stream: destination, level },
      { stream: logRing, level },
    ]),
  );
  for (const name of ignored) log.info(`${name} means nothing here and is ignored`);
  const base = path.resolve(options.folders.base ?? baseDirectory());
  const extra = await readExtraPaths(base, options.extraModelPaths);
  const folders = resolveFolders({
    ...options.folders,
    base,
    customNodes: [...(options.folders.customNodes ?? []), ...extra.customNodes],
  });
  const modelFolders = withAddedFolders(defaultModelFolders(folders), extra.models);
  const databaseFile = options.databaseFile ?? defaultDatabaseFile(folders);
  const { allowAnonymous } = options;
  if (allowAnonymous) log.warn("--allow-anonymous: everybody who can reach this server may use it");
  const key = apiKey(folders.studio);
  const launchers = new Launchers(folders, databaseFile);
  const hub = await startHub({
    folders,
    modelFolders,
    databaseFile,
    addresses: options.listen.map((host) => ({ host, port: options.port })),
    log,
    packs: options.packs,
    http: {
      multiUser: options.multiUser,
      logRing,
      maxUploadBytes: options.maxUploadBytes,
      frontEndRoot: options.frontEndRoot,
      corsOrigin: options.corsOrigin,
      compress: options.compress,
      csp: options.disableApiNodes,
      featureFlags: options.featureFlags,
      argv: ["main.py", ...argv],
      auth: {
        key: key.secret,
        allowAnonymous,
        sessionSecret: keptSecret(folders.studio, ".session_secret").secret,
      },
      tls: options.tls === undefined ? undefined : readTls(options.tls),
    },
    assets: options.enableAssets ? { hashing: options.hashAssets } : undefined,
    studio: {
      version: VERSION,
      zone: studioZone(process.env["STUDIO_TZ"]),
      restartPolicy: options.restartPolicy,
      inForce: { API_KEY: key.secret, STUDIO_DIR: folders.studio, STUDIO_PORT: String(options.port) },
      versionFiles: [path.join(folders.studio, "version.json"), path.join(PROJECT, "version.json")],
      extensionFolder: path.join(PROJECT, "extension"),
      allowPrivateDownloads: process.env["HEARTH_PRIVATE_DOWNLOADS"] === "1",
      telegramApi: process.env["TELEGRAM_API_ROOT"],
      restart,
      releases: new Releases(folders.studio),
    },
    control: controlOptions(process.env),
    launchers: [
      ...(options.native ? [launchers.native(nativeSettings(options, modelFolders))] : []),
      ...options.comfyui.map((comfyui) => launchers.comfyUi(comfyui)),
    ],
    runnerLauncher: (runner) => launchers.comfyUi(runner),
    preferNative: options.preferNative,
    freeIdleMs: options.freeIdleMs,
  });
  // Once, and on the terminal only: logs are kept and shown to others. The hub has put a key into the file that was
  // changed earlier, where there is one: it wins over the new one.
  if (key.isNew && logLevel === undefined) {
    console.log(`To sign in: ${hub.urls[0]}/login#key=${keptSecret(folders.studio, "api-key").secret}`);
  }
  return hub;
}

function nativeSettings(
  { metadata, previewSize, cache, packs }: ServeOptions,
  modelFolders: Parameters<typeof modelPaths>[0],
): Parameters<Launchers["native"]>[0] {
  return { metadata, previewSize, cache, packs, modelFolders: modelPaths(modelFolders) };
}

/** The zone that `$STUDIO_TZ` names. @throws FlagError when there is none of this name */
function studioZone(given: string | undefined): string | undefined {
  if (given === undefined || given === "") return undefined;
  const zone = zoneFrom(given);
  if (zone === undefined) throw new FlagError(`STUDIO_TZ is '${given}', which is no time zone`);
  return zone;
}

/** `$API_KEY`; empty when it is not set. @throws FlagError for the one that everybody knows */
export function givenKey(): string {
  const given = process.env["API_KEY"] ?? "";
  if (given === "changeme")
    throw new FlagError("API_KEY is 'changeme', which everybody knows: set another one");
  return given;
}

/** `$API_KEY` where it is set, else one that is made at the first start and kept. @throws FlagError */
function apiKey(studio: string): { secret: string; isNew: boolean } {
  const given = givenKey();
  return given === "" ? keptSecret(studio, "api-key") : { secret: given, isNew: false };
}

/** Reads the PEM files, and sees that they belong together. @throws FlagError */
export function readTls({ keyFile, certFile }: { keyFile: string; certFile: string }): {
  key: string;
  cert: string;
} {
  const read = (flag: string, file: string): string => {
    try {
      return readFileSync(file, "utf8");
    } catch (error) {
      throw new FlagError(`${flag}: ${(error as Error).message}`);
    }
  };
  const tls = { key: read("--tls-keyfile", keyFile), cert: read("--tls-certfile", certFile) };
  try {
    createSecureContext(tls);
  } catch (error) {
    throw new FlagError(`--tls-keyfile and --tls-certfile do not fit: ${(error as Error).message}`);
  }
  return tls;
}
