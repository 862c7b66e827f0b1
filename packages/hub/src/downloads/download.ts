/**
 * One download of a model file.
 *
 *   queued ─► running ─► verifying ─► completed
 *     ▲ │        │ │          └─────► failed
 *     │ └────────┤ └────────────────► failed
 *     └─ paused ◄┘
 *
 * A download that ran when the hub stopped is queued at the next start, and goes on behind what it has.
 */
import { isJsonObject, type JsonObject, parseJson, printJson } from "@hearth/protocol";

export const STATES = ["queued", "running", "verifying", "paused", "completed", "failed"] as const;
export type DownloadState = (typeof STATES)[number];

/** What is to be fetched. */
export interface DownloadOrder {
  /** the catalogue that the file is in: `models`, `loras`, `llm` */
  readonly kind: string;
  /** the model type, which says the folder; empty where the kind says it */
  readonly type: string;
  /** relative to its folder, with forward slashes */
  readonly filename: string;
  readonly url: string;
  /** 64 hex digits that the file must hash to */
  readonly sha256?: string | undefined;
}

/** What is kept of a download, and written at each change of its state. */
export interface DownloadRecord extends DownloadOrder {
  readonly state: DownloadState;
  /** bytes; 0: not known */
  readonly total: number;
  /** which state of the file the beginning on the disk is of */
  readonly validator?: string | undefined;
  readonly error?: string | undefined;
  /** UTC milliseconds */
  readonly addedAt: number;
  readonly endedAt?: number | undefined;
}

/** A download as a client sees it. */
export interface DownloadStatus {
  readonly kind: string;
  readonly type: string;
  readonly filename: string;
  readonly status: DownloadState;
  /** bytes */
  readonly downloaded: number;
  /** bytes; 0: not known */
  readonly total: number;
  /** 0 to 100, one decimal */
  readonly percent: number;
  /** bytes per second over the last seconds; null while nothing arrives */
  readonly speed: number | null;
  /** whole seconds; null when nobody can say */
  readonly eta_seconds: number | null;
  readonly error: string | null;
}

/** One file of a catalogue is downloaded once at a time. */
export function keyOf({ kind, type, filename }: Pick<DownloadOrder, "kind" | "type" | "filename">): string {
  return `${kind}/${type}/${filename}`;
}

export function hasEnded(state: DownloadState): boolean {
  return state === "completed" || state === "failed";
}

/** What a client sees. `rate`: bytes per second, null while nothing arrives. */
export function downloadStatus(
  { kind, type, filename, state, total, error }: DownloadRecord,
  downloaded: number,
  rate: number | null,
): DownloadStatus {
  const share = total === 0 ? 0 : downloaded / total;
  return {
    kind,
    type,
    filename,
    status: state,
    downloaded,
    total,
    percent: state === "completed" ? 100 : Math.min(99.9, Math.floor(share * 1000) / 10),
    speed: rate === null ? null : Math.round(rate),
    eta_seconds: rate === null || total === 0 ? null : Math.max(0, Math.ceil((total - downloaded) / rate)),
    error: error ?? null,
  };
}

export function printRecord(record: DownloadRecord): string {
  return printJson({ ...record }, "compact");
}

/** Reads a record; `undefined` for a text that is none. */
export function readRecord(text: string): DownloadRecord | undefined {
  const value = parseJson(text);
  if (!isJsonObject(value)) return undefined;
  const { kind, type, filename, url, state } = value;
  const isState = STATES.includes(state as DownloadState);
  if (typeof kind !== "string" || typeof type !== "string" || typeof filename !== "string") return undefined;
  if (typeof url !== "string" || !isState) return undefined;
  return {
    kind,
    type,
    filename,
    url,
    state: state as DownloadState,
    sha256: textOf(value["sha256"]),
    total: numberOf(value["total"]) ?? 0,
    validator: textOf(value["validator"]),
    error: textOf(value["error"]),
    addedAt: numberOf(value["addedAt"]) ?? 0,
    endedAt: numberOf(value["endedAt"]),
  };
}

function textOf(value: JsonObject[string] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function numberOf(value: JsonObject[string] | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}
