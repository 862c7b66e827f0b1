/** What the Telegram bot asks the rest of the hub for. */
import type { JobStore } from "@hearth/jobs";
import type { Logger } from "pino";

export interface PresetQuestion {
  readonly question: string;
  /** null: any text */
  readonly choices: readonly string[] | null;
}

/** A preset that its owner offers to everybody who talks to the bot. */
export interface PublicPreset {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly questions: readonly PresetQuestion[];
  /** it wants a picture */
  readonly takesPicture: boolean;
}

export interface PictureFile {
  /** absolute; it is removed when the run has begun */
  readonly path: string;
  readonly filename: string;
}

export interface OutcomeFile {
  /** absolute */
  readonly path: string;
  readonly filename: string;
  readonly media: "image" | "video" | "audio" | "other";
}

/** How a job ended. */
export interface RunOutcome {
  /** absent: it completed */
  readonly error?: string | undefined;
  readonly files: readonly OutcomeFile[];
  /** as they were used, for the caption */
  readonly seeds: Readonly<Record<string, string>>;
}

export interface TelegramParts {
  readonly documents: JobStore["documents"];
  readonly log: Logger;
  /** absent or empty: no bot */
  readonly token: () => string | undefined;
  /** root of the Bot API, without a slash at its end; default: Telegram's own */
  readonly apiRoot?: string | undefined;
  /** where pictures that people send lie until their run has begun */
  readonly directory: string;
  readonly presets: () => Promise<readonly PublicPreset[]>;
  /** Starts a job; gives its prompt id. Its errors' messages are shown to the person. */
  readonly runPreset: (
    id: string,
    answers: Readonly<Record<string, string>>,
    picture?: PictureFile,
  ) => Promise<string>;
  /** `undefined`: the job has not ended; null: there is none any more */
  readonly outcome: (promptId: string) => Promise<RunOutcome | null | undefined>;
  /** between two looks at jobs that were started here, in milliseconds; default 5 s */
  readonly lookMs?: number | undefined;
  /** how long Telegram holds an empty poll, in seconds; default 30 */
  readonly pollSeconds?: number | undefined;
}
