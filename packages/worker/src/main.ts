/** The process of a native worker. Its hub starts it detached, so it outlives the hub. */
import { buildRegistry } from "./registry.ts";
import { settingsDigest, readWorkerSettings } from "./settings.ts";
import { NativeWorker } from "./worker.ts";

const settings = readWorkerSettings();
process.title = "hearth-worker";
// A terminal's Ctrl-C goes to the whole group; the hub decides when a worker ends.
process.on("SIGINT", () => undefined);
process.on("unhandledRejection", (reason) => console.error("unhandled rejection:", reason));

const { registry, packs } = await buildRegistry(settings);
NativeWorker.start({
  settings,
  settingsDigest: settingsDigest(settings),
  registry,
  packs,
  exit: (code) => process.exit(code),
});
