/** The engine thread of a worker: runs one prompt at a time, and may be busy for as long as a node likes. */
import { parentPort, workerData } from "node:worker_threads";
import { Engine } from "@hearth/engine";
import { type AttemptRef, parseJson, printJson, type JsonObject, type RunMessage } from "@hearth/protocol";
import type { EngineThreadData, FromEngine, ToEngine } from "./engine-messages.ts";
import { nativeSettings } from "./native-settings.ts";
import { buildRegistry } from "./registry.ts";

if (parentPort === null) throw new Error("the engine runs in a thread of a worker");
const port = parentPort;
const { interruptFlag, settings } = workerData as EngineThreadData;
const { modelFolders, metadata, previewSize, cache, packs } = nativeSettings(settings);
const { registry } = await buildRegistry(settings.folders, { packs });
let current: AttemptRef | undefined;

const post = (message: FromEngine): void => port.postMessage(message);

const engine = new Engine({
  registry,
  folders: settings.folders,
  modelFolders,
  settings: { metadata, previewSize },
  cache,
  interruptFlag,
  emit: (_promptId: string, message: RunMessage) => {
    if (current === undefined) return;
    if (message.kind === "progress" && message.preview !== undefined) {
      const { preview, ...rest } = message;
      post({ type: "preview", attempt: current, text: printJson(rest, "compact"), preview });
    } else post({ type: "message", attempt: current, text: printJson(message, "compact") });
  },
});

async function run(message: Extract<ToEngine, { type: "run" }>): Promise<void> {
  current = message.attempt;
  const result = await engine.run({
    promptId: message.attempt.promptId,
    prompt: parseJson(message.prompt) as JsonObject,
    extraData: parseJson(message.extraData) as JsonObject,
    outputs: message.outputs,
  });
  current = undefined;
  post({ type: "finished", attempt: message.attempt, text: printJson(result, "compact") });
}

// Runs and `free` keep their order; an interrupt passes by.
let queue: Promise<void> = Promise.resolve();
port.on("message", (message: ToEngine) => {
  if (message.type === "interrupt") engine.interrupt(message.promptId);
  else if (message.type === "free") queue = queue.then(() => engine.free(message));
  else queue = queue.then(() => run(message));
});
post({ type: "ready" });
