/** `hearth worker`: joins a hub on another machine, in the foreground. */
import { randomBytes } from "node:crypto";
import path from "node:path";
import { makeFolders, resolveFolders, type Folders } from "@hearth/protocol";
import { createEngine, Worker, type WorkerSettings } from "@hearth/worker";
import { baseDirectory } from "../base-directory.ts";
import { parseFlags } from "../flags.ts";
import { readWorkerCall, type WorkerCall } from "./worker-call.ts";

export const USAGE = `usage: hearth worker --hub URL --token T [options]
  --hub URL              the hub, e.g. https://hub.example:8188
  --token T              a key with the scope 'worker'; default: $HEARTH_TOKEN
  --comfyui URL          the ComfyUI that runs the jobs; without it the engine of this project does
  --comfyui-command CMD  starts it where it does not run
  --name N               what the hub calls this worker; default: the name of this machine
  --tag T                what jobs may ask for (repeatable)
  --concurrency N        jobs at once; default: 1
  --base-directory DIR   its own models, node packs and files; default: $HEARTH_HOME, else ~/hearth
  --file-cache GB        room for inputs that were fetched; default: 10

Make the key on the hub: hearth keys create NAME --scope worker`;

/** Never by itself: a person or a service manager ends it. The longest that a timer takes, some 24 days. */
const ORPHAN_MS = 2 ** 31 - 1;
/** A ComfyUI that was started along with it gets so long to end. */
const GOODBYE_MS = 12_000;

/**
 * Runs until a signal ends it. A job that runs is not finished: the link is gone, and the hub gives the job to another.
 * @returns exit status 0: ended by a signal; 1: it cannot run; 2: the call is wrong
 */
export async function workerCommand(args: readonly string[]): Promise<number> {
  const call = readWorkerCall(args, process.env["HEARTH_TOKEN"]);
  if (typeof call === "string") {
    console.error(call === "" ? USAGE : `hearth worker: ${call}\n\n${USAGE}`);
    return 2;
  }
  const base = path.resolve(call.base ?? baseDirectory());
  // What prompts bring and leave goes into folders that nobody else uses: it may have the names of a person's own files.
  const own = path.join(base, "workers", call.name);
  const [input, output, temp] = ["input", "output", "temp"].map((name) => path.join(own, name));
  const folders = resolveFolders({ base, input, output, temp });
  makeFolders(folders);
  const settings: WorkerSettings = {
    workerId: `${call.name}:${randomBytes(6).toString("hex")}`,
    ...{ name: call.name, token: call.token, tags: call.tags, concurrency: call.concurrency, folders },
    hub: { url: call.hub },
    files: "link",
    orphanMs: ORPHAN_MS,
    engine: await engineSettings(call, folders),
    ...(call.fileCacheBytes === undefined ? {} : { fileCacheBytes: call.fileCacheBytes }),
  };
  const engine = await createEngine(settings);
  const ended = Promise.withResolvers<number>();
  let isEnding = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      // Who asks twice does not want to wait.
      if (isEnding) process.exit(0);
      isEnding = true;
      worker.leave();
      const late = setTimeout(() => process.exit(0), GOODBYE_MS);
      void engine
        .close()
        .catch(() => undefined)
        .finally(() => clearTimeout(late))
        .then(() => process.exit(0));
    });
  }
  const worker = Worker.start({
    settings,
    engine,
    exit: (code) => {
      if (!isEnding) ended.resolve(code);
    },
  });
  return process.exit(await ended.promise);
}

async function engineSettings(call: WorkerCall, folders: Folders): Promise<WorkerSettings["engine"]> {
  const { comfyui, command } = call;
  if (comfyui !== undefined) {
    return { kind: "comfyui", url: comfyui, ...(command === undefined ? {} : { command }) };
  }
  const { defaultModelFolders, modelPaths } = await import("@hearth/hub");
  // As `hearth serve` does when nothing is said.
  const { metadata, previewSize, cache, packs } = parseFlags([]).options;
  const modelFolders = modelPaths(defaultModelFolders(folders));
  return { kind: "native", metadata, previewSize, cache, packs, modelFolders };
}
