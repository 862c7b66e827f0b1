/** How the Control contract behaves; the environment may change it. */

export interface ControlOptions {
  /** milliseconds between two updates of a stream */
  readonly intervalMs: number;
  /** updates after which a stream ends, the first included */
  readonly maxUpdates: number;
  /** how long a signed URL works, in seconds */
  readonly urlSeconds: number;
  /** how this server is reached from outside; absent: as the request says */
  readonly publicUrl: string | undefined;
  /** requests of one key at one address within `rateWindowMs` before it has to wait; 0: no limit */
  readonly rate: number;
  readonly rateWindowMs: number;
  /** webhooks may go to this machine and its network */
  readonly webhooksToPrivate: boolean;
  /** milliseconds before each further try of a webhook; their number bounds the tries */
  readonly webhookRetryMs: readonly number[];
  /** a receiver that takes longer is tried again */
  readonly webhookTimeoutMs: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export const CONTROL_DEFAULTS: ControlOptions = {
  intervalMs: 2 * SECOND,
  maxUpdates: 120,
  urlSeconds: 300,
  publicUrl: undefined,
  // The hosted service lets 4 requests a second pass; a server of one's own has not that many users to protect from.
  rate: 600,
  rateWindowMs: 10 * SECOND,
  webhooksToPrivate: false,
  // The schedule that the Standard Webhooks scheme proposes.
  webhookRetryMs: [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR],
  webhookTimeoutMs: 15 * SECOND,
};

/** A variable of the environment has a value that it cannot have. */
export class ControlOptionError extends Error {
  constructor(name: string, value: string, wanted: string) {
    super(`${name} is '${value}': it must be ${wanted}`);
    this.name = "ControlOptionError";
  }
}

/** The defaults, with what `HEARTH_CONTROL_…` variables say instead. @throws ControlOptionError */
export function controlOptions(environment: Readonly<Record<string, string | undefined>>): ControlOptions {
  const whole = (name: string, fallback: number, least: number): number => {
    const value = environment[name];
    if (value === undefined || value === "") return fallback;
    const number = Number(value);
    if (!Number.isSafeInteger(number) || number < least) {
      throw new ControlOptionError(name, value, `a whole number from ${least} on`);
    }
    return number;
  };
  return {
    intervalMs: whole("HEARTH_CONTROL_INTERVAL_MS", CONTROL_DEFAULTS.intervalMs, 1),
    maxUpdates: whole("HEARTH_CONTROL_MAX_UPDATES", CONTROL_DEFAULTS.maxUpdates, 1),
    urlSeconds: whole("HEARTH_CONTROL_URL_SECONDS", CONTROL_DEFAULTS.urlSeconds, 1),
    publicUrl: publicUrl(environment["HEARTH_PUBLIC_URL"]),
    rate: whole("HEARTH_CONTROL_RATE", CONTROL_DEFAULTS.rate, 0),
    rateWindowMs: whole("HEARTH_CONTROL_RATE_WINDOW_MS", CONTROL_DEFAULTS.rateWindowMs, 1),
    webhooksToPrivate: ["1", "true"].includes(environment["HEARTH_WEBHOOKS_TO_PRIVATE"] ?? ""),
    webhookRetryMs: delays(environment["HEARTH_WEBHOOK_RETRY_MS"]) ?? CONTROL_DEFAULTS.webhookRetryMs,
    webhookTimeoutMs: whole("HEARTH_WEBHOOK_TIMEOUT_MS", CONTROL_DEFAULTS.webhookTimeoutMs, 1),
  };
}

function publicUrl(value: string | undefined): string | undefined {
  if (value === undefined || value === "") return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new ControlOptionError("HEARTH_PUBLIC_URL", value, "an http or https address");
  }
  return value.replace(/\/+$/, "");
}

function delays(value: string | undefined): number[] | undefined {
  if (value === undefined || value === "") return undefined;
  const numbers = value.split(",").map(Number);
  if (numbers.some((number) => !Number.isSafeInteger(number) || number < 0)) {
    throw new ControlOptionError("HEARTH_WEBHOOK_RETRY_MS", value, "milliseconds with commas between them");
  }
  return numbers;
}
