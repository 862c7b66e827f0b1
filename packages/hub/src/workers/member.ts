/** What the hub knows of one worker, whether it is connected or not. */
import type {
  NodeClassAnnouncement,
  PackReport,
  WorkerEngineKind,
  WorkerState,
  WorkerStats,
} from "@hearth/protocol";
import type { WorkerLink } from "../link/worker-link.ts";

/**
 * What an operator has said of a worker: `on`; `paused`: it takes nothing new until it is on again; `draining`: the
 * same, and it is `disabled` once it has nothing left; `disabled`: as if it were not there.
 */
export type WorkerMode = "on" | "paused" | "draining" | "disabled";

/** What a worker can run. */
export interface WorkerNodes {
  readonly classes: ReadonlyMap<string, NodeClassAnnouncement>;
  readonly packs: readonly PackReport[];
  /** model files by folder; absent: it uses the hub's own folders */
  readonly models?: Readonly<Record<string, readonly string[]>> | undefined;
  /** paths of web extensions */
  readonly extensions: readonly string[];
}

/** The end of the last canary: a tiny prompt that proves that a worker really runs. */
export interface CanaryReport {
  readonly isOk: boolean;
  /** UTC milliseconds */
  readonly at: number;
  readonly tookMs: number;
  /** what went wrong; absent: nothing */
  readonly problem?: string;
}

export interface Member {
  /** the same over restarts of its process and of the hub */
  readonly name: string;
  readonly engine: WorkerEngineKind;
  /** this hub starts its process, and starts it again: while it is away it is only away for a moment */
  readonly isSupervised: boolean;
  /** of the ComfyUI that it drives */
  readonly address: string | undefined;
  /** jobs at once */
  readonly concurrency: number;
  readonly tags: readonly string[];
  readonly files: "shared" | "link";
  readonly mode: WorkerMode;
  /** absent: not connected */
  readonly link: WorkerLink | undefined;
  readonly state: WorkerState;
  readonly nodes: WorkerNodes;
  /** model files that its last jobs loaded: those of the newest job that named any */
  readonly warm: ReadonlySet<string>;
  /** prompt ids of what it runs */
  readonly running: ReadonlySet<string>;
  readonly stats: WorkerStats | undefined;
  /** UTC milliseconds; when its link stood last */
  readonly seenAt: number;
  readonly lastError: { readonly promptId: string; readonly text: string; readonly at: number } | undefined;
  readonly canary: CanaryReport | undefined;
  /** ended jobs since this hub started */
  readonly completed: number;
  readonly failed: number;
}
