/** The way of one file: fetched beside its place, checked, and given its name. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { moveFile } from "../files/move-file.ts";
import { type DownloadOrder, type DownloadRecord, keyOf } from "./download.ts";
import { DownloadError } from "./errors.ts";
import { fetchRest } from "./fetch-rest.ts";
import { authorizationFor, type ModelHosts, type ModelTokens, relocated, tokenVariable } from "./hosts.ts";

export interface FileSources {
  /** the SHA-256 of a file as hex digits; computed elsewhere, since it takes a while */
  readonly sha256: (file: string) => Promise<string>;
  readonly tokens: () => ModelTokens;
  readonly hosts: ModelHosts;
  /** addresses of this machine and its network may be asked */
  readonly allowPrivate: boolean;
  /** a server that says nothing for so long is given up, in milliseconds; default 60 s */
  readonly idleMs?: number | undefined;
  /** default 1 TiB */
  readonly maxBytes?: number | undefined;
  /** pause before a second try, in milliseconds; default 1 s */
  readonly retryMs?: number | undefined;
}

/** A download while it is worked on. */
export interface FileWork {
  /** as it is now */
  readonly record: DownloadRecord;
  readonly signal: AbortSignal;
  /** writes changes of the record down */
  change(changes: Partial<DownloadRecord>): Promise<void>;
  /** so many bytes are there */
  heard(downloaded: number): void;
}

const IDLE_MS = 60_000;
const MAX_BYTES = 1024 ** 4;
const RETRY_MS = 1_000;

/** The file in the making: beside its target, so that naming it is one step; hidden, so that no list shows it. */
export function partialOf(target: string, order: DownloadOrder): string {
  const name = createHash("sha256").update(keyOf(order)).digest("hex").slice(0, 24);
  return path.join(path.dirname(target), `.download-${name}`);
}

/** Brings a file to `target`. @throws DownloadError; when the work's signal is aborted, any error */
export async function downloadFile(sources: FileSources, work: FileWork, target: string): Promise<void> {
  const { sha256, filename } = work.record;
  const partial = partialOf(target, work.record);
  if (await isPlaced(sources, work, target)) return;
  await mkdir(path.dirname(target), { recursive: true });
  for (let isSecond = false; ; isSecond = true) {
    const have = await sizeOf(partial);
    const { total, validator } = work.record;
    if (have > 0 && have === total && validator !== undefined) work.heard(have);
    else await fetchPartial(sources, work, partial);
    if (await isRight(sources, work, partial)) break;
    await rm(partial, { force: true });
    await work.change({ state: "running", validator: undefined, total: 0 });
    // A beginning of another file may be to blame: once more, from the start.
    if (isSecond || have === 0) {
      throw new DownloadError(`The file is not the one that was asked for: its SHA-256 is not ${sha256}`);
    }
  }
  await place(partial, target, filename);
}

/** True when the last hub gave the file its name and died before it could note that. */
async function isPlaced({ sha256 }: FileSources, work: FileWork, target: string): Promise<boolean> {
  const size = await sizeOf(target, -1);
  if (size < 0) return false;
  const { sha256: wanted, total, filename } = work.record;
  const isSame = wanted === undefined ? size === total : (await sha256(target)) === wanted;
  if (!isSame) throw new DownloadError(`Another '${filename}' has come to the disk meanwhile`);
  work.heard(size);
  return true;
}

async function fetchPartial(sources: FileSources, work: FileWork, partial: string): Promise<void> {
  const { hosts, tokens, allowPrivate, idleMs = IDLE_MS, maxBytes = MAX_BYTES, retryMs = RETRY_MS } = sources;
  const { record, signal } = work;
  if (!URL.canParse(record.url)) throw new DownloadError("Its address in the catalogue is not a URL");
  const url = relocated(new URL(record.url), hosts);
  await fetchRest({
    url,
    reach: { allowPrivate, idleMs, authorization: (at) => authorizationFor(at, hosts, tokens()) },
    partial,
    validator: record.validator,
    isChecked: record.sha256 !== undefined,
    maxBytes,
    signal,
    tokenVariable: tokenVariable(url, hosts),
    retryMs,
    begun: ({ validator, total }) => work.change({ validator, total }),
    heard: (downloaded) => work.heard(downloaded),
  });
}

async function isRight({ sha256 }: FileSources, work: FileWork, partial: string): Promise<boolean> {
  const { sha256: wanted } = work.record;
  if (wanted === undefined) return true;
  await work.change({ state: "verifying" });
  const aborted = once(work.signal, "abort").then(() => undefined);
  const found = await Promise.race([sha256(partial), aborted]);
  work.signal.throwIfAborted();
  return found === wanted;
}

async function place(partial: string, target: string, filename: string): Promise<void> {
  try {
    await moveFile(partial, target, false);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    await rm(partial, { force: true });
    throw new DownloadError(`Another '${filename}' has come to the disk meanwhile`);
  }
}

/** Bytes of a file; `absent` when there is none. */
export async function sizeOf(file: string, absent = 0): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? absent;
}
