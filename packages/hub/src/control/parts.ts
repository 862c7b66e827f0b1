/** What the Control contract needs from the rest of a hub. */
import type { JobStore } from "@hearth/jobs";
import type { Logger } from "pino";
import type { Dispatcher } from "../jobs/dispatcher.ts";
import type { SubmitParts } from "../jobs/submit.ts";
import type { ControlOptions } from "./options.ts";

export interface ControlParts {
  readonly store: JobStore;
  readonly submit: SubmitParts;
  readonly dispatcher: Pick<Dispatcher, "interrupt" | "kick">;
  /** jobs left the queue without having run: clients that watch its length are told */
  readonly queueChanged: () => void;
  /** runners were registered, changed or removed */
  readonly runnersChanged: () => void;
  /** the input and output folders */
  readonly folders: { readonly input: string; readonly output: string };
  /** limit of a request's body, in bytes */
  readonly maxUploadBytes: number;
  /** signs the URLs of outputs */
  readonly secret: string;
  readonly options: ControlOptions;
  readonly log: Logger;
}
