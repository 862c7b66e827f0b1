/** Whether the ComfyUI answers, and what it can run: looked at when something changed, and now and then. */
import { isJsonObject, type JsonObject, type WorkerState } from "@hearth/protocol";
import type { Announcement } from "../engine-port.ts";
import type { AnnouncementReader } from "./announcement.ts";
import { type ComfyClient, Unanswered } from "./comfy-client.ts";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

export interface PresenceParts {
  readonly client: ComfyClient;
  readonly announcements: AnnouncementReader;
  readonly refreshMs: number;
  readonly announced: (announcement: Announcement) => void;
  readonly stateChanged: (state: WorkerState) => void;
  /** it answers again after it did not */
  readonly cameBack: () => void;
}

export class Presence {
  readonly #parts: PresenceParts;
  #state: WorkerState | undefined;
  #said = "";
  #looking: Promise<void> | undefined;
  #again = false;
  /** what can be run is to be read, not only whether it answers */
  #isThorough = false;
  #timer: NodeJS.Timeout | undefined;
  #pause = FIRST_PAUSE_MS;
  #isClosed = false;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
  }

  get isAnswering(): boolean {
    return this.#state?.isAvailable === true;
  }

  /**
   * Looks now; while a look is under way, once more after it. `isThorough`: also at what can be run, which takes the
   * ComfyUI a moment.
   */
  look(isThorough = false): void {
    if (this.#isClosed) return;
    this.#isThorough ||= isThorough;
    if (this.#looking !== undefined) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#looking = this.#lookOnce().finally(() => {
      this.#looking = undefined;
      if (this.#again) {
        this.#again = false;
        this.look();
      } else if (!this.#isClosed) this.#timer = setTimeout(() => this.look(true), this.#nextLook());
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #nextLook(): number {
    if (this.isAnswering) {
      this.#pause = FIRST_PAUSE_MS;
      return this.#parts.refreshMs;
    }
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    return this.#pause;
  }

  async #lookOnce(): Promise<void> {
    const { client, announcements } = this.#parts;
    const wasAnswering = this.isAnswering;
    const isThorough = this.#isThorough || !wasAnswering;
    this.#isThorough = false;
    try {
      const stats = await client.json("/system_stats");
      const announcement = isThorough ? await announcements.read() : undefined;
      if (this.#isClosed) return;
      if (announcement !== undefined) this.#parts.announced(announcement);
      this.#say({ isAvailable: true, ...statsOf(stats) });
      if (!wasAnswering) this.#parts.cameBack();
    } catch (error) {
      if (this.#isClosed) return;
      if (!(error instanceof Unanswered)) console.error("reading what the ComfyUI can run failed:", error);
      this.#say({ isAvailable: false, problem: (error as Error).message });
    }
  }

  #say(state: WorkerState): void {
    this.#state = state;
    const text = JSON.stringify(state);
    if (text === this.#said) return;
    this.#said = text;
    this.#parts.stateChanged(state);
  }
}

function statsOf(stats: unknown): Pick<WorkerState, "devices" | "comfyuiVersion"> {
  if (!isJsonObject(stats)) return {};
  const { system, devices } = stats;
  const version = isJsonObject(system) ? system["comfyui_version"] : undefined;
  return {
    ...(Array.isArray(devices) ? { devices: devices.filter(isJsonObject) as JsonObject[] } : {}),
    ...(typeof version === "string" ? { comfyuiVersion: version } : {}),
  };
}
