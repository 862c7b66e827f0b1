/** What the ComfyUI engine is told. All times are milliseconds. */

export interface CommandSettings {
  /** as typed into a shell: words, quotes, backslashes; no shell runs it */
  readonly line: string;
  readonly logFile: string;
  readonly pidFile: string;
}

export interface ComfyEngineSettings {
  /** http or https; a path prefix and `user:password@` are allowed */
  readonly url: string;
  /** sent with every request, e.g. a proxy's key */
  readonly headers?: Readonly<Record<string, string>>;
  /** the same for every process that takes this worker's place: the ComfyUI knows the socket by it */
  readonly workerName: string;
  /** prompts at once; a ComfyUI runs one, and keeps the others waiting */
  readonly concurrency: number;
  /** starts the ComfyUI itself; absent: somebody else does */
  readonly command?: CommandSettings;
  /** a running prompt of which nothing was heard for so long is asked after */
  readonly silenceMs?: number;
  /** a ComfyUI that has not answered for so long has lost what it ran */
  readonly lostMs?: number;
  /** how long a prompt that has not begun waits for a ComfyUI that does not answer */
  readonly reachMs?: number;
  /** how long a submit may take: the prompt is validated meanwhile */
  readonly submitMs?: number;
  /** how long any other request may take, and how long a file may stand still */
  readonly requestMs?: number;
  /** a socket that is silent for twice as long is closed */
  readonly pingMs?: number;
  /** time between two looks at nodes, models and extensions */
  readonly refreshMs?: number;
}

export type Timing = Required<
  Pick<
    ComfyEngineSettings,
    "silenceMs" | "lostMs" | "reachMs" | "submitMs" | "requestMs" | "pingMs" | "refreshMs"
  >
>;

const DEFAULTS: Timing = {
  silenceMs: 5_000,
  lostMs: 60_000,
  reachMs: 10_000,
  submitMs: 60_000,
  requestMs: 15_000,
  pingMs: 10_000,
  refreshMs: 60_000,
};

export function timingOf(settings: ComfyEngineSettings): Timing {
  const timing: Record<string, number> = { ...DEFAULTS };
  for (const key of Object.keys(DEFAULTS) as (keyof Timing)[]) timing[key] = settings[key] ?? DEFAULTS[key];
  return timing as unknown as Timing;
}
