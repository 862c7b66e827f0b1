/**
 * All workers that this hub knows, whether they are connected or not: who they are, what they can run, what they do.
 * Those of before are known from the database, so that their classes are listed, and prompts for them accepted, while
 * they are still starting.
 */
import { hash } from "node:crypto";
import type { DocumentStore, JobStore } from "@hearth/jobs";
import { printJson, type WorkerState, type WorkerToHub } from "@hearth/protocol";
import type { Logger } from "pino";
import type { WorkerLink } from "../link/worker-link.ts";
import type { FileNames } from "../files/file-lists.ts";
import { Eligibility, type PreferNative } from "./eligibility.ts";
import { FleetError, unknownWorker } from "./errors.ts";
import { byName, keptNodes, MemberRecord, type MemberSettings } from "./member-record.ts";
import type { CanaryReport, Member, WorkerMode } from "./member.ts";
import { readNeeds } from "./needs.ts";

const COLLECTION = "workers";
/** Hubs before this one kept the classes of their one worker under this name. */
const NATIVE = "native";
const MODES: readonly WorkerMode[] = ["on", "paused", "draining", "disabled"];
const MOST_TAGS = 10;
const LONGEST_TAG = 50;
const MOST_JOBS = 64;

export type WorkerAnnouncement = Omit<Extract<WorkerToHub, { type: "nodes" }>, "type">;

export interface FleetParts {
  readonly documents: DocumentStore;
  readonly store: Pick<JobStore, "saveNodes" | "loadNodes">;
  readonly log: Logger;
  /** what is in the hub's own folders, which native workers on this machine use; absent: they have all files */
  readonly names?: Pick<FileNames, "entries" | "generation"> | undefined;
  /** absent: `modelless` */
  readonly preferNative?: PreferNative | undefined;
}

/** A change of what an operator has set; `null` takes it back: the worker's own word counts again. */
export interface MemberChange {
  readonly mode?: WorkerMode | undefined;
  readonly tags?: readonly string[] | null | undefined;
  readonly concurrency?: number | null | undefined;
}

export class Fleet {
  readonly #parts: FleetParts;
  readonly #members = new Map<string, MemberRecord>();
  /** every link that ever joined: what is said of a lost one still belongs to its member */
  readonly #ofLink = new WeakMap<WorkerLink, MemberRecord>();
  readonly #supervised = new Set<string>();
  readonly #listeners = new Set<() => void>();
  /** who can run which job */
  readonly eligibility: Eligibility;
  /** UTC milliseconds; workers of before may dial from then on */
  readonly openedAt = Date.now();
  #ordered: readonly MemberRecord[] = [];
  #version = 0;
  /** writes of each member, one after the other */
  readonly #writing = new Map<string, Promise<void>>();

  private constructor(parts: FleetParts) {
    this.#parts = parts;
    this.eligibility = new Eligibility(this, parts);
  }

  static async open(parts: FleetParts): Promise<Fleet> {
    const fleet = new Fleet(parts);
    const { documents, store } = parts;
    const kept = await documents.list(COLLECTION);
    const texts = await Promise.all(kept.map(({ key }) => store.loadNodes(key)));
    kept.forEach(({ key, text }, index) => fleet.#add(MemberRecord.from(key, text, texts[index])));
    if (!fleet.#members.has(NATIVE)) {
      const classes = await store.loadNodes(NATIVE);
      if (classes !== undefined && classes !== NO_CLASSES) {
        const record = new MemberRecord(NATIVE);
        record.isSupervised = true;
        record.digest = digestOf(classes);
        record.nodes = keptNodes({ packs: [], extensions: [] }, classes);
        fleet.#add(record);
      }
    }
    return fleet;
  }

  /** Native ones first, then by name. */
  get members(): readonly Member[] {
    return this.#ordered;
  }

  /** Grows with everything that changes who can run what. */
  get version(): number {
    return this.#version;
  }

  /** Calls `listener` after every growth of `version`. Gives the function that ends this. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The member behind a link that stands. */
  of(link: WorkerLink): Member | undefined {
    const record = this.#ofLink.get(link);
    return record?.link === link ? record : undefined;
  }

  named(name: string): Member | undefined {
    return this.#members.get(name);
  }

  /**
   * This hub starts the workers of these names. To be called before any joins. Workers that only an earlier hub started
   * are forgotten: nobody starts them any more.
   */
  async supervise(names: readonly string[]): Promise<void> {
    for (const name of names) this.#supervised.add(name);
    for (const record of [...this.#members.values()]) {
      const wasSupervised = record.isSupervised;
      record.isSupervised = this.#supervised.has(record.name);
      if (wasSupervised && !record.isSupervised) await this.forget(record.name);
    }
    this.#changed();
  }

  /** The hub starts these too, from now on. */
  async alsoSupervise(names: readonly string[]): Promise<void> {
    if (names.some((name) => !this.#supervised.has(name))) await this.supervise(names);
  }

  /** The hub does not start this one any more. */
  unsupervise(name: string): void {
    this.#supervised.delete(name);
    const record = this.#members.get(name);
    if (record !== undefined) record.isSupervised = false;
  }

  /** A worker said hello. An older link of the same name counts no more. */
  joined(link: WorkerLink): void {
    const record = this.#members.get(link.name) ?? new MemberRecord(link.name);
    record.isSupervised = this.#supervised.has(link.name);
    record.take(link);
    // The order depends on the engine, which may be another than before.
    this.#add(record);
    this.#ofLink.set(link, record);
    this.#changed();
    void this.#write(record);
  }

  lost(link: WorkerLink): void {
    const record = this.#ofLink.get(link);
    if (record?.link !== link) return;
    record.link = undefined;
    record.seenAt = Date.now();
    this.#changed();
  }

  /** Takes what a worker can run. Resolves when it is written down, which it is only when it is new. */
  async announced(
    link: WorkerLink,
    { classes, packs, models, extensions = [] }: WorkerAnnouncement,
  ): Promise<void> {
    const record = this.#ofLink.get(link);
    if (record === undefined) return;
    const text = printJson(classes, "compact");
    const digest = digestOf(text);
    const rest = { packs, models, extensions };
    const { nodes } = record;
    const isNew = digest !== record.digest;
    if (
      !isNew &&
      sameJson(rest, { packs: nodes.packs, models: nodes.models, extensions: nodes.extensions })
    ) {
      return;
    }
    record.digest = digest;
    record.nodes = { ...rest, classes: isNew ? byName(classes) : nodes.classes };
    this.#changed();
    // The classes first: should the hub die in between, they are written again at the next announcement.
    await this.#write(record, isNew ? text : undefined);
  }

  stateChanged(link: WorkerLink, state: WorkerState): void {
    const record = this.#ofLink.get(link);
    if (record?.link !== link) return;
    const before = record.state;
    record.state = state;
    if (before.isAvailable !== state.isAvailable || before.problem !== state.problem) this.#changed();
  }

  /** `needs`: as they are kept with the job. */
  jobStarted(link: WorkerLink, promptId: string, needs: string | undefined): void {
    const record = this.#ofLink.get(link);
    if (record === undefined) return;
    record.begin(promptId, link);
    const models = needs === undefined ? [] : readNeeds(needs).models;
    if (models.length > 0) record.warm = new Set(models);
  }

  jobEnded(
    link: WorkerLink,
    promptId: string,
    outcome: { readonly ok: boolean; readonly error?: string },
  ): void {
    const record = this.#leave(link, promptId);
    if (record === undefined) return;
    record.completed += outcome.ok ? 1 : 0;
    record.failed += outcome.ok ? 0 : 1;
    if (!outcome.ok) record.lastError = { promptId, text: outcome.error ?? "the job failed", at: Date.now() };
  }

  /** The job is not this worker's any more, and did not end on it. */
  jobLeft(link: WorkerLink, promptId: string): void {
    this.#leave(link, promptId);
  }

  canaryEnded(name: string, report: CanaryReport): void {
    const record = this.#members.get(name);
    if (record === undefined) return;
    const wasOk = record.canary?.isOk !== false;
    record.canary = report;
    if (wasOk !== report.isOk) this.#changed();
  }

  /**
   * Sets what an operator wants of a worker, durably. @throws FleetError 404 for an unknown name, 422 for a value that
   * is none
   */
  async configure(name: string, change: MemberChange): Promise<Member> {
    const record = this.#members.get(name);
    if (record === undefined) throw unknownWorker(name);
    record.settings = changed(record.settings, change);
    this.#settle(record);
    this.#changed();
    await this.#write(record);
    return record;
  }

  /** Forgets a worker that is gone for good. @throws FleetError 404; 409 when it is connected, or this hub's own */
  async forget(name: string): Promise<void> {
    const record = this.#members.get(name);
    if (record === undefined) throw unknownWorker(name);
    if (record.link !== undefined) throw new FleetError(409, `the worker '${name}' is connected`);
    if (record.isSupervised) throw new FleetError(409, `the worker '${name}' is started by this server`);
    this.#members.delete(name);
    this.#order();
    this.#changed();
    await this.#writing.get(name);
    await this.#parts.documents.remove(COLLECTION, name);
    await this.#parts.store.saveNodes(name, NO_CLASSES);
  }

  /** Resolves when all that was to be written is. */
  async close(): Promise<void> {
    await Promise.all(this.#writing.values());
  }

  #leave(link: WorkerLink, promptId: string): MemberRecord | undefined {
    const record = this.#ofLink.get(link);
    if (record === undefined || !record.leave(promptId, link)) return undefined;
    if (this.#settle(record)) {
      this.#changed();
      void this.#write(record);
    }
    return record;
  }

  /** A draining worker that has nothing left is disabled; true when this is so now. */
  #settle(record: MemberRecord): boolean {
    if (record.mode !== "draining" || record.running.size > 0) return false;
    record.settings = { ...record.settings, mode: "disabled" };
    return true;
  }

  #add(record: MemberRecord): void {
    this.#members.set(record.name, record);
    this.#order();
  }

  #order(): void {
    const rank = ({ engine }: Member): number => (engine === "native" ? 0 : 1);
    this.#ordered = [...this.#members.values()].sort(
      (one, other) => rank(one) - rank(other) || (one.name < other.name ? -1 : 1),
    );
  }

  #changed(): void {
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }

  /** Never rejects: a worker that cannot be written down works all the same. */
  #write(record: MemberRecord, classes?: string): Promise<void> {
    const { name } = record;
    const text = record.print();
    if (classes === undefined && text === record.written) return this.#writing.get(name) ?? Promise.resolve();
    record.written = text;
    const { documents, store, log } = this.#parts;
    const before = this.#writing.get(name);
    const written = (async () => {
      await before;
      if (classes !== undefined) await store.saveNodes(name, classes);
      await documents.put(COLLECTION, name, text);
    })().catch((error: unknown) => {
      record.written = undefined;
      log.error({ err: error, worker: name }, "what is known of a worker could not be written down");
    });
    this.#writing.set(name, written);
    void written.finally(() => {
      if (this.#writing.get(name) === written) this.#writing.delete(name);
    });
    return written;
  }
}

const NO_CLASSES = "[]";

function digestOf(text: string): string {
  return hash("sha256", text, "base64url");
}

function sameJson(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function changed(settings: MemberSettings, change: MemberChange): MemberSettings {
  const { mode = settings.mode } = change;
  if (!MODES.includes(mode)) throw new FleetError(422, `mode must be one of ${MODES.join(", ")}`);
  const tags = change.tags === undefined ? settings.tags : (change.tags ?? undefined);
  if (tags !== undefined && !isTags(tags)) {
    throw new FleetError(422, `tags must be at most ${MOST_TAGS} texts of 1 to ${LONGEST_TAG} characters`);
  }
  const concurrency =
    change.concurrency === undefined ? settings.concurrency : (change.concurrency ?? undefined);
  if (
    concurrency !== undefined &&
    !(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= MOST_JOBS)
  ) {
    throw new FleetError(422, `concurrency must be an integer from 1 to ${MOST_JOBS}`);
  }
  return { mode, tags: tags === undefined ? undefined : [...new Set(tags)], concurrency };
}

function isTags(tags: unknown): boolean {
  return (
    Array.isArray(tags) &&
    tags.length <= MOST_TAGS &&
    tags.every((tag) => typeof tag === "string" && tag.length >= 1 && tag.length <= LONGEST_TAG)
  );
}
