/**
 * The node classes of all workers in one: what `/object_info` lists, and prompts are validated against. A class is the
 * first worker's that knows it (native ones first); what can be chosen on any worker can be chosen. Workers that are
 * away count, since their jobs wait for them; disabled ones do not.
 */
import type { NodeClassAnnouncement } from "@hearth/protocol";
import type { Fleet } from "../workers/fleet.ts";
import { NOTHING_ANNOUNCED } from "../workers/member-record.ts";
import type { Member } from "../workers/member.ts";
import { classOf } from "./member-classes.ts";
import { mergeClasses } from "./merge-classes.ts";
import { withUploads } from "./upload-inputs.ts";

/** One worker that counts. */
type Source = Pick<Member, "name" | "engine" | "nodes">;

/** Nobody waits longer for the first worker: then the answer is that there are no classes. */
const PATIENCE_MS = 60_000;

export class NodeCatalog {
  readonly #fleet: Pick<Fleet, "members" | "version">;
  readonly #known = Promise.withResolvers<void>();
  #patience: NodeJS.Timeout | undefined;
  #fleetVersion = -1;
  #version = 0;
  #sources: readonly Source[] = [];
  /** by class; filled as it is asked for */
  #classes = new Map<string, NodeClassAnnouncement | undefined>();
  #names: readonly string[] | undefined;

  constructor(fleet: Pick<Fleet, "members" | "version" | "onChange">) {
    this.#fleet = fleet;
    fleet.onChange(() => this.#look());
    this.#look();
  }

  /** Grows with every change of what can be run; 0: nothing is known yet. */
  get version(): number {
    this.#look();
    return this.#version;
  }

  get announcements(): Iterable<NodeClassAnnouncement> {
    this.#look();
    return this.#allNames().map((name) => this.get(name) as NodeClassAnnouncement);
  }

  get(name: string): NodeClassAnnouncement | undefined {
    this.#look();
    if (this.#classes.has(name)) return this.#classes.get(name);
    const found = this.#merged(name);
    // Names come from outside: what nobody has is not remembered.
    if (found !== undefined) this.#classes.set(name, found);
    return found;
  }

  /** Names of the workers that know a class. */
  whereKnown(name: string): string[] {
    this.#look();
    return this.#sources.filter(({ nodes }) => nodes.classes.has(name)).map((source) => source.name);
  }

  /** A class as each worker has it that knows it. */
  variants(name: string): NodeClassAnnouncement[] {
    this.#look();
    return this.#sources
      .map(({ nodes }) => classOf(nodes, name))
      .filter((announced) => announced !== undefined);
  }

  /** Resolves once any classes are known, or a while after it was first asked: a ComfyUI that starts takes its time. */
  whenKnown(): Promise<void> {
    this.#patience ??= setTimeout(() => this.#known.resolve(), PATIENCE_MS).unref();
    return this.#known.promise;
  }

  /** Takes note of what changed, if it concerns classes. */
  #look(): void {
    if (this.#fleet.version === this.#fleetVersion) return;
    this.#fleetVersion = this.#fleet.version;
    const sources = this.#fleet.members.filter(
      ({ mode, nodes }) => mode !== "disabled" && nodes !== NOTHING_ANNOUNCED,
    );
    const isSame =
      sources.length === this.#sources.length &&
      sources.every(({ nodes, name }, index) => {
        const before = this.#sources[index];
        return before?.nodes === nodes && before.name === name;
      });
    if (isSame) return;
    // Members change in place: what counts is kept as it is now.
    this.#sources = sources.map(({ name, engine, nodes }) => ({ name, engine, nodes }));
    this.#classes = new Map();
    this.#names = undefined;
    this.#version += 1;
    this.#known.resolve();
    clearTimeout(this.#patience);
  }

  #allNames(): readonly string[] {
    this.#names ??= [...new Set(this.#sources.flatMap(({ nodes }) => [...nodes.classes.keys()]))];
    return this.#names;
  }

  #merged(name: string): NodeClassAnnouncement | undefined {
    const [first, ...others] = this.#sources.filter(({ nodes }) => nodes.classes.has(name));
    const own = first === undefined ? undefined : offered(first, name);
    if (own === undefined || others.length === 0) return own;
    return mergeClasses(
      own,
      others.map((other) => offered(other, name)).filter((announced) => announced !== undefined),
    );
  }
}

function offered({ engine, nodes }: Source, name: string): NodeClassAnnouncement | undefined {
  const own = classOf(nodes, name);
  return own !== undefined && engine === "comfyui" ? withUploads(own) : own;
}
