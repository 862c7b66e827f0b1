/** The process of a worker. Its hub starts it detached, so it outlives the hub. */
import { createEngine } from "./create-engine.ts";
import { readWorkerSettings } from "./settings.ts";
import { Worker } from "./worker.ts";

const settings = readWorkerSettings();
process.title = "hearth-worker";
// A terminal's Ctrl-C goes to the whole group; the hub decides when a worker ends.
process.on("SIGINT", () => undefined);
process.on("unhandledRejection", (reason) => console.error("unhandled rejection:", reason));

Worker.start({ settings, engine: await createEngine(settings), exit: (code) => process.exit(code) });
