/** The engine that a worker's settings name. A driver of a ComfyUI loads no node classes and no image library. */
import path from "node:path";
import type { WorkerEngine } from "./engine-port.ts";
import type { FileExchange } from "./files/file-exchange.ts";
import type { WorkerSettings } from "./settings.ts";

export async function createEngine(settings: WorkerSettings): Promise<WorkerEngine> {
  if (settings.engine.kind === "native") {
    const { NativeEngine } = await import("./native/native-engine.ts");
    const engine = await NativeEngine.create(settings);
    if (settings.files === "shared") return engine;
    const { FileBringer } = await import("./files/file-bringer.ts");
    return new FileBringer(engine, await fileExchange(settings), settings.folders);
  }
  const { createComfyEngine } = await import("./comfy/comfy-engine.ts");
  const { url, headers, command } = settings.engine;
  const { studio } = settings.folders;
  const logFile = path.join(studio, `comfyui-${settings.name}.log`);
  return createComfyEngine(
    {
      url,
      workerName: settings.name,
      concurrency: settings.concurrency,
      ...(headers === undefined ? {} : { headers }),
      ...(command === undefined
        ? {}
        : {
            command: { line: command, logFile, pidFile: path.join(studio, `comfyui-${settings.name}.pid`) },
          }),
    },
    await fileExchange(settings),
  );
}

async function fileExchange(settings: WorkerSettings): Promise<FileExchange> {
  if (settings.files === "shared") {
    const { SharedFiles } = await import("./files/shared-files.ts");
    return new SharedFiles(settings.folders);
  }
  const { LinkFiles } = await import("./files/link-files.ts");
  return new LinkFiles(settings);
}
