/** What the doctor says about one thing. */

export interface Finding {
  readonly level: "ok" | "warn" | "fail";
  /** the thing that was looked at: one or two words */
  readonly subject: string;
  /** what was found, and what to do about it where something is wrong */
  readonly text: string;
}

export const ok = (subject: string, text: string): Finding => ({ level: "ok", subject, text });
/** Hearth runs, but not everything will work. */
export const warn = (subject: string, text: string): Finding => ({ level: "warn", subject, text });
/** Hearth will not start, or will lose something. */
export const fail = (subject: string, text: string): Finding => ({ level: "fail", subject, text });

/** A thrown error as a finding. */
export function failure(subject: string, error: unknown): Finding {
  return fail(subject, error instanceof Error ? error.message : String(error));
}
