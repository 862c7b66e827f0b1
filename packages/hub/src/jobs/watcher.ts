/** What others learn of the jobs that run: progress, metrics, notifications follow them without the dispatcher knowing. */
import type { Finish } from "@hearth/jobs";
import type { AttemptRef, RunMessage } from "@hearth/protocol";
import type { RetryKind } from "./retry-policy.ts";

/** A job that runs on a worker now, or did when the hub stopped. */
export interface RunningView {
  readonly ref: AttemptRef;
  readonly owner: string;
  readonly clientId: string | undefined;
  readonly workerId: string | undefined;
}

/** Every method is called synchronously and in order; none may throw or take long. */
export interface JobWatcher {
  /** An attempt begins. `prompt` is its JSON text. */
  started?(job: RunningView, prompt: string): void;
  /** A job of the last hub is running still; what its run said before is not known. */
  pickedUp?(job: RunningView): void;
  said?(job: RunningView, message: RunMessage): void;
  /** The attempt is over without a result, for this class of error: the job waits again. */
  requeued?(job: RunningView, kind: RetryKind): void;
  /** The job has ended, in the database too. */
  ended?(job: RunningView, finish: Finish): void;
}

/** One watcher that calls all of them. */
export function allWatchers(watchers: readonly JobWatcher[]): Required<JobWatcher> {
  return {
    started: (...given) => watchers.forEach((watcher) => watcher.started?.(...given)),
    pickedUp: (...given) => watchers.forEach((watcher) => watcher.pickedUp?.(...given)),
    said: (...given) => watchers.forEach((watcher) => watcher.said?.(...given)),
    requeued: (...given) => watchers.forEach((watcher) => watcher.requeued?.(...given)),
    ended: (...given) => watchers.forEach((watcher) => watcher.ended?.(...given)),
  };
}
