/** Known differences that are wanted: each names its case, perhaps a step, and why. */
import { readFile } from "node:fs/promises";
import { isJsonObject, parseJson, toNumber } from "@hearth/protocol";

export interface Waiver {
  readonly kind: string;
  readonly case: string;
  /** only this step may differ */
  readonly step?: number;
  readonly reason: string;
}

export class Waivers {
  readonly #byCase: Map<string, Waiver[]>;

  constructor(waivers: readonly Waiver[]) {
    this.#byCase = Map.groupBy(waivers, (waiver) => `${waiver.kind} ${waiver.case}`);
  }

  /** Reads a waiver file. @throws when an entry lacks its kind, case or reason */
  static async read(file: string): Promise<Waivers> {
    const entries = parseJson(await readFile(file, "utf8"));
    if (!Array.isArray(entries)) throw new Error(`${file}: not a list`);
    const waivers = entries.map((entry): Waiver => {
      const { kind, case: name, reason, step } = isJsonObject(entry) ? entry : {};
      if (
        typeof kind !== "string" ||
        typeof name !== "string" ||
        typeof reason !== "string" ||
        reason === ""
      ) {
        throw new Error(`${file}: a waiver needs kind, case and reason`);
      }
      return step === undefined
        ? { kind, case: name, reason }
        : { kind, case: name, reason, step: toNumber(step) };
    });
    return new Waivers(waivers);
  }

  of(kind: string, name: string): readonly Waiver[] {
    return this.#byCase.get(`${kind} ${name}`) ?? [];
  }
}
