/** A member of the fleet as it changes, and what of it outlives the hub. */
import {
  type NodeClassAnnouncement,
  parseJson,
  type WorkerEngineKind,
  type WorkerState,
  type WorkerStats,
} from "@hearth/protocol";
import type { WorkerLink } from "../link/worker-link.ts";
import type { CanaryReport, Member, WorkerMode, WorkerNodes } from "./member.ts";

/** What an operator has set; it goes before what the worker says of itself. */
export interface MemberSettings {
  readonly mode: WorkerMode;
  readonly tags?: readonly string[] | undefined;
  readonly concurrency?: number | undefined;
}

/** The document of a member, as JSON. Its node classes are kept apart, under `nodes`: they are large. */
export interface StoredMember {
  readonly engine: WorkerEngineKind;
  readonly address?: string | undefined;
  readonly concurrency: number;
  readonly tags: readonly string[];
  readonly files: "shared" | "link";
  readonly settings: MemberSettings;
  readonly packs: WorkerNodes["packs"];
  readonly models?: WorkerNodes["models"];
  readonly extensions: readonly string[];
  /** digest of the text of its node classes; absent: it has announced none */
  readonly nodes?: string | undefined;
  readonly seenAt: number;
  /** the hub that wrote this started it */
  readonly isSupervised?: boolean;
}

/** Of a worker that has not said yet what it can run. */
export const NOTHING_ANNOUNCED: WorkerNodes = { classes: new Map(), packs: [], extensions: [] };

const AVAILABLE: WorkerState = { isAvailable: true };

export class MemberRecord implements Member {
  readonly name: string;
  engine: WorkerEngineKind = "native";
  isSupervised = false;
  address: string | undefined;
  files: "shared" | "link" = "shared";
  /** what the worker says of itself */
  said: { concurrency: number; tags: readonly string[] } = { concurrency: 1, tags: [] };
  settings: MemberSettings = { mode: "on" };
  link: WorkerLink | undefined;
  state: WorkerState = AVAILABLE;
  nodes = NOTHING_ANNOUNCED;
  /** digest of the classes' text */
  digest: string | undefined;
  warm: ReadonlySet<string> = new Set();
  readonly running = new Set<string>();
  /** prompt id → the link over which it was given */
  readonly #given = new Map<string, WorkerLink>();
  seenAt = 0;
  lastError: Member["lastError"];
  canary: CanaryReport | undefined;
  completed = 0;
  failed = 0;
  /** the document as it was last written */
  written: string | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get concurrency(): number {
    return this.settings.concurrency ?? this.said.concurrency;
  }

  get tags(): readonly string[] {
    return this.settings.tags ?? this.said.tags;
  }

  get mode(): WorkerMode {
    return this.settings.mode;
  }

  get stats(): WorkerStats | undefined {
    return this.link?.stats;
  }

  /** The worker said hello. Should it be able to run nothing, it says so next. */
  take(link: WorkerLink): void {
    this.link = link;
    this.engine = link.engine;
    this.address = link.address;
    this.files = link.files;
    this.said = { concurrency: link.concurrency, tags: link.tags };
    this.state = AVAILABLE;
    this.seenAt = Date.now();
  }

  begin(promptId: string, link: WorkerLink): void {
    this.running.add(promptId);
    this.#given.set(promptId, link);
  }

  /** False when it was not given over this link: it may have been taken up again over a newer one. */
  leave(promptId: string, link: WorkerLink): boolean {
    if (this.#given.get(promptId) !== link) return false;
    this.#given.delete(promptId);
    return this.running.delete(promptId);
  }

  print(): string {
    const { engine, address, said, files, settings, digest, seenAt, isSupervised } = this;
    const { packs, models, extensions } = this.nodes;
    const stored: StoredMember = {
      ...{ engine, address, concurrency: said.concurrency, tags: said.tags, files, settings },
      ...{ packs, models, extensions, nodes: digest, seenAt },
      ...(isSupervised ? { isSupervised } : {}),
    };
    return JSON.stringify(stored);
  }

  /** As the last hub left it. `classes` gives the text of its node classes when it is first asked for them. */
  static from(name: string, text: string, classes: string | undefined): MemberRecord {
    const stored = JSON.parse(text) as StoredMember;
    const record = new MemberRecord(name);
    record.engine = stored.engine;
    record.address = stored.address;
    record.files = stored.files;
    record.said = { concurrency: stored.concurrency, tags: stored.tags };
    record.settings = stored.settings;
    record.digest = stored.nodes;
    record.seenAt = stored.seenAt;
    record.isSupervised = stored.isSupervised ?? false;
    record.written = text;
    const { packs, models, extensions } = stored;
    if (classes !== undefined) record.nodes = keptNodes({ packs, models, extensions }, classes);
    return record;
  }
}

/** Node classes whose text is read when somebody wants them: a hub with many workers would read for seconds at start. */
export function keptNodes(rest: Omit<WorkerNodes, "classes">, text: string): WorkerNodes {
  let classes: ReadonlyMap<string, NodeClassAnnouncement> | undefined;
  let left = text;
  return {
    ...rest,
    get classes() {
      if (classes === undefined) {
        classes = byName(parseJson(left) as unknown as NodeClassAnnouncement[]);
        left = "";
      }
      return classes;
    },
  };
}

export function byName(
  classes: readonly NodeClassAnnouncement[],
): ReadonlyMap<string, NodeClassAnnouncement> {
  return new Map(classes.map((announced) => [announced.info.name, announced]));
}
