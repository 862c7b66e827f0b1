/** What a native worker's settings say of its engine. */
import type { NativeEngineSettings, WorkerSettings } from "../settings.ts";

/** @throws when they are those of another engine */
export function nativeSettings({ engine }: WorkerSettings): NativeEngineSettings {
  if (engine.kind !== "native") throw new Error(`these are settings of the engine '${engine.kind}'`);
  return engine;
}
