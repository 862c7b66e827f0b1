/** Tells the event log what changes about workers, by comparing them after every change of the fleet. */
import type { JsonObject } from "@hearth/protocol";
import type { Logger } from "pino";
import { describe } from "../events/words.ts";
import type { Fleet } from "./fleet.ts";
import type { Member, WorkerMode } from "./member.ts";

/** What is compared. */
interface Seen {
  readonly isConnected: boolean;
  /** connected, and it says that it cannot run anything */
  readonly isUnavailable: boolean;
  readonly isFailing: boolean;
  readonly mode: WorkerMode;
}

export interface WorkerEventParts {
  readonly fleet: Pick<Fleet, "members" | "onChange">;
  readonly emit: (type: string, data: object) => void;
  readonly log: Pick<Logger, "info" | "warn">;
}

const OF_MODE: Readonly<Record<WorkerMode, string>> = {
  on: "worker.resumed",
  paused: "worker.paused",
  draining: "worker.draining",
  disabled: "worker.disabled",
};

export class WorkerEvents {
  readonly #parts: WorkerEventParts;
  readonly #stop: () => void;
  /** workers that were lost since the hub started */
  readonly #lost = new Set<string>();
  #seen: ReadonlyMap<string, Seen>;

  /** How things are at this moment is told to nobody. */
  constructor(parts: WorkerEventParts) {
    this.#parts = parts;
    this.#seen = seenOf(parts.fleet.members);
    this.#stop = parts.fleet.onChange(() => this.#compare());
  }

  stop(): void {
    this.#stop();
  }

  #tell(type: string, data: JsonObject): void {
    const { severity, message } = describe(type, data);
    this.#parts.log[severity === "info" || severity === "success" ? "info" : "warn"](message);
    this.#parts.emit(type, data);
  }

  /** The hub's own native worker comes with the hub: that needs no telling, unless it was lost meanwhile. */
  #isOwnStart({ name, engine, isSupervised }: Member): boolean {
    return engine === "native" && isSupervised && !this.#lost.has(name);
  }

  #compare(): void {
    const before = this.#seen;
    const { members } = this.#parts.fleet;
    this.#seen = seenOf(members);
    for (const member of members) {
      for (const type of changesOf(before.get(member.name) ?? NEW, this.#seen.get(member.name) ?? NEW)) {
        if (type === "worker.lost") this.#lost.add(member.name);
        if (type !== "worker.joined" || !this.#isOwnStart(member)) this.#tell(type, dataOf(member, type));
      }
    }
  }
}

const NEW: Seen = { isConnected: false, isUnavailable: false, isFailing: false, mode: "on" };

function seenOf(members: readonly Member[]): ReadonlyMap<string, Seen> {
  return new Map(
    members.map(({ name, link, state, canary, mode }) => [
      name,
      {
        isConnected: link !== undefined,
        isUnavailable: link !== undefined && !state.isAvailable,
        isFailing: canary?.isOk === false,
        mode,
      },
    ]),
  );
}

function changesOf(before: Seen, after: Seen): string[] {
  const types: string[] = [];
  if (!before.isConnected && after.isConnected) types.push("worker.joined");
  if (before.isConnected && !after.isConnected) types.push("worker.lost");
  if (!before.isUnavailable && after.isUnavailable) types.push("worker.unavailable");
  // A worker that is lost is not available for that; when it joins again it says anew when it is not.
  if (before.isUnavailable && !after.isUnavailable && before.isConnected && after.isConnected) {
    types.push("worker.available");
  }
  if (before.isFailing !== after.isFailing)
    types.push(`worker.canary.${after.isFailing ? "failed" : "passed"}`);
  if (before.mode !== after.mode) types.push(OF_MODE[after.mode]);
  return types;
}

function dataOf({ name, engine, address, state, canary }: Member, type: string): JsonObject {
  const problem =
    type === "worker.unavailable"
      ? state.problem
      : type === "worker.canary.failed"
        ? canary?.problem
        : undefined;
  return {
    worker: name,
    engine,
    ...(address === undefined ? {} : { address }),
    ...(problem === undefined ? {} : { problem }),
  };
}
