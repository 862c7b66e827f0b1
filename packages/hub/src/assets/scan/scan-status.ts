/** What is told of a scan. */

export type ScanState = "IDLE" | "RUNNING" | "PAUSED" | "CANCELLING";

export interface ScanProgress {
  /** files looked at */
  readonly scanned: number;
  /** files found so far, and assets still to be read */
  readonly total: number;
  /** files that became assets */
  readonly created: number;
  /** files that were known */
  readonly skipped: number;
}

export interface ScanStatus {
  readonly state: ScanState;
  /** of the running scan, or of the last one; null before the first */
  readonly progress: ScanProgress | null;
  readonly errors: readonly string[];
}

export interface ScanResult {
  readonly status: "completed" | "cancelled" | "failed";
  readonly progress: ScanProgress;
  readonly errors: readonly string[];
}
