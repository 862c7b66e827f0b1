/**
 * Environment variables that an operator reads and changes while the server runs. What was changed is kept in the
 * database, and wins over the environment at the next start.
 */
import type { DocumentStore } from "@hearth/jobs";
import { masked } from "./masking.ts";
import { GROUPS, type Variable, type VariableGroup } from "./variables.ts";

const COLLECTION = "environment";
/** The key that everybody knows. */
const KNOWN_KEY = "changeme";

/** As `GET /api/admin/settings/env` answers. */
export interface ShownGroup {
  readonly id: string;
  readonly label: string;
  readonly vars: readonly {
    readonly key: string;
    /** masked when sensitive; "" when not set */
    readonly value: string;
    readonly sensitive: boolean;
    readonly set: boolean;
    readonly default: string;
    readonly description: string;
    readonly editable: boolean;
  }[];
}

/** Why a variable cannot be changed so; the message is for the caller and never holds the value. */
export class VariableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "VariableError";
  }
}

export class Environment {
  readonly #documents: DocumentStore;
  readonly #process: NodeJS.ProcessEnv;
  readonly #inForce: Readonly<Record<string, string>>;
  readonly #listeners = new Set<(key: string) => void>();
  readonly #kept: Map<string, string>;

  private constructor(
    documents: DocumentStore,
    process: NodeJS.ProcessEnv,
    inForce: Readonly<Record<string, string>>,
    kept: Map<string, string>,
  ) {
    this.#documents = documents;
    this.#process = process;
    this.#inForce = inForce;
    this.#kept = kept;
  }

  /**
   * Puts what was kept into `process`, the environment of this process.
   * @param inForce what holds without being in the environment: a key that was made at the first start, a folder
   */
  static async open(
    documents: DocumentStore,
    process: NodeJS.ProcessEnv,
    inForce: Readonly<Record<string, string>> = {},
  ): Promise<Environment> {
    const kept = new Map<string, string>();
    for (const { key, text } of await documents.list(COLLECTION)) {
      if (editable(key) === undefined) continue;
      process[key] = text;
      kept.set(key, text);
    }
    return new Environment(documents, process, inForce, kept);
  }

  /** The value in force; "" when there is none. */
  get(key: string): string {
    const given = this.#process[key] ?? "";
    if (given !== "") return given;
    if (key === "HOSTING" && this.isRunpod) return "runpod";
    return this.#inForce[key] ?? "";
  }

  /** What was changed at run time; undefined for what was not. */
  kept(key: string): string | undefined {
    return this.#kept.get(key);
  }

  /** The value in force, else the default of the variable. */
  orDefault(key: string): string {
    return this.get(key) || (variables().find((item) => item.key === key)?.default ?? "");
  }

  get isRunpod(): boolean {
    return (this.#process["RUNPOD_POD_ID"] ?? "") !== "";
  }

  /**
   * Changes a variable at once, durably. An empty value takes it away, here and from the database.
   * @throws VariableError when the variable or the value is refused
   */
  async set(key: string, value: string): Promise<void> {
    if (editable(key) === undefined) throw new VariableError(`${key} cannot be changed`);
    const wrong = key === "API_KEY" ? keyFault(value) : undefined;
    if (wrong !== undefined) throw new VariableError(wrong);
    if (value === "") {
      await this.#documents.remove(COLLECTION, key);
      delete this.#process[key];
      this.#kept.delete(key);
    } else {
      await this.#documents.put(COLLECTION, key, value);
      this.#process[key] = value;
      this.#kept.set(key, value);
    }
    for (const listener of this.#listeners) listener(key);
  }

  /** Calls `listener` with the name of every variable that changes; gives the function that ends this. */
  onChange(listener: (key: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  groups(): ShownGroup[] {
    return this.#visible().map(({ id, label, variables }) => ({
      id,
      label,
      vars: variables.map((item) => {
        const { key, sensitive, description, editable } = item;
        const value = this.get(key);
        const shown = sensitive ? masked(value, item.default) : value;
        return {
          key,
          value: shown,
          sensitive,
          set: value !== "",
          default: item.default,
          description,
          editable,
        };
      }),
    }));
  }

  /** Every sensitive variable in clear; "" for those that are not set. */
  secrets(): Record<string, string> {
    const sensitive = this.#visible().flatMap((group) => group.variables.filter((item) => item.sensitive));
    return Object.fromEntries(sensitive.map(({ key }) => [key, this.get(key)]));
  }

  #visible(): VariableGroup[] {
    return GROUPS.filter((group) => group.runpodOnly !== true || this.isRunpod);
  }
}

function variables(): Variable[] {
  return GROUPS.flatMap((group) => group.variables);
}

function editable(key: string): Variable | undefined {
  return variables().find((item) => item.editable && item.key === key);
}

/** The key comes in a header: other characters would never arrive as they were set. */
function keyFault(value: string): string | undefined {
  if (value === "") return "API_KEY cannot be empty: that would lock everybody out";
  if (value === KNOWN_KEY) return `API_KEY cannot be '${KNOWN_KEY}', which everybody knows`;
  if (!/^[!-~]+$/.test(value))
    return "API_KEY must be printable ASCII without blanks: it is sent in a header";
  return undefined;
}
