/** Where the published description is known to be wrong about the real server; each with the reason, each in use. */
import { readFileSync } from "node:fs";
import type { Difference } from "./contract.ts";

export interface Waiver {
  /** operation id of the published description, or `message <type>` */
  readonly operation: string;
  /** absent: any */
  readonly status?: number;
  /** `answer`: a status or content type that it does not describe; `shape`; `never`: a status that is never given */
  readonly kind: "answer" | "shape" | "never";
  /** JSON pointer of the value, with a star for each part that may be anything; absent: any */
  readonly at?: string;
  readonly reason: string;
}

export class Waivers {
  readonly #waivers: readonly Waiver[];
  readonly #used = new Set<Waiver>();

  constructor(waivers: readonly Waiver[]) {
    this.#waivers = waivers;
  }

  static read(): Waivers {
    const text = readFileSync(new URL("waivers.json", import.meta.url), "utf8");
    return new Waivers(JSON.parse(text) as Waiver[]);
  }

  /** True when a waiver covers this; it counts as used then. */
  covers(
    operation: string,
    status: number | undefined,
    { kind, at }: Pick<Difference, "at"> & Pick<Waiver, "kind">,
  ): boolean {
    const found = this.#waivers.filter(
      (waiver) =>
        waiver.operation === operation &&
        waiver.kind === kind &&
        (waiver.status === undefined || waiver.status === status) &&
        (waiver.at === undefined || matches(waiver.at, at)),
    );
    for (const waiver of found) this.#used.add(waiver);
    return found.length > 0;
  }

  /** Waivers that nothing needed. */
  stale(): Waiver[] {
    return this.#waivers.filter((waiver) => !this.#used.has(waiver));
  }
}

function matches(pattern: string, at: string): boolean {
  const [wanted, given] = [pattern.split("/"), at.split("/")];
  return (
    wanted.length === given.length && wanted.every((part, index) => part === "*" || part === given[index])
  );
}
