/** Which ComfyUI workers may know a path that this server does not: those that say so first, then who answered before. */
import type { Member } from "../../workers/member.ts";
import type { WorkerLink } from "../../link/worker-link.ts";

/** First segments of paths, each with the worker that answered there. */
const MOST_SEGMENTS = 1_000;
/** Paths of this server's own contracts, its sockets and links: nobody else answers there. */
const OWN =
  /^\/(?:(?:api\/)?(?:ws|internal|link)|api\/(?:admin|run|auth|comfyui|health)|v1|login|metrics|ready|openapi\.json|reference)(?:\/|$)/;

export type ForwardMember = Pick<Member, "name" | "engine" | "mode" | "address" | "state" | "nodes"> & {
  readonly link: WorkerLink | undefined;
};

/** A worker that is connected, and the ComfyUI behind it. */
export interface ForwardTarget {
  readonly name: string;
  readonly link: WorkerLink;
  /** of the ComfyUI, as its worker knows it; without a slash at the end */
  readonly base: URL;
}

export class ForwardTargets {
  readonly #members: () => readonly ForwardMember[];
  readonly #answered = new Map<string, string>();

  constructor(members: () => readonly ForwardMember[]) {
    this.#members = members;
  }

  /** Workers for a decoded path, the likeliest first; none for paths of our own. */
  of(path: string): ForwardTarget[] {
    if (OWN.test(path)) return [];
    const members = this.#reachable();
    if (members.length < 2) return members.flatMap(targetOf);
    const segment = segmentOf(path);
    const before = this.#answered.get(segment);
    const rank = (member: ForwardMember): number => {
      if (announces(member, path, segment)) return 0;
      return member.name === before ? 1 : 2;
    };
    return members
      .map((member, index) => ({ member, rank: rank(member), index }))
      .sort((one, other) => one.rank - other.rank || one.index - other.index)
      .flatMap(({ member }) => targetOf(member));
  }

  /** The worker has answered at this path. */
  answered(path: string, { name }: ForwardTarget): void {
    const segment = segmentOf(path);
    this.#answered.delete(segment);
    this.#answered.set(segment, name);
    for (const oldest of this.#answered.keys()) {
      if (this.#answered.size <= MOST_SEGMENTS) break;
      this.#answered.delete(oldest);
    }
  }

  /** Paths of all web extensions that they bring along, each once. */
  extensions(): string[] {
    return [...new Set(this.#reachable().flatMap(({ nodes }) => nodes.extensions))];
  }

  #reachable(): ForwardMember[] {
    return this.#members().filter(
      ({ engine, mode, link, state }) =>
        engine === "comfyui" && mode !== "disabled" && link !== undefined && state.isAvailable,
    );
  }
}

function targetOf({ name, link, address }: ForwardMember): ForwardTarget[] {
  if (link === undefined || address === undefined) return [];
  try {
    const base = new URL(address);
    base.pathname = base.pathname.replace(/\/+$/, "");
    return [{ name, link, base }];
  } catch {
    return [];
  }
}

/** The part of a path that names a pack. */
function segmentOf(path: string): string {
  const [first = "", second = ""] = path.split("/").slice(1);
  return first === "api" || first === "extensions" ? `${first}/${second}` : first;
}

function announces({ nodes }: ForwardMember, path: string, segment: string): boolean {
  if (nodes.extensions.includes(path)) return true;
  const [, pack = ""] = segment.split("/");
  if (pack === "") return false;
  const folder = `/extensions/${pack}/`.toLowerCase();
  return (
    nodes.packs.some(({ name }) => name.toLowerCase() === pack.toLowerCase()) ||
    nodes.extensions.some((extension) => extension.toLowerCase().startsWith(folder))
  );
}
