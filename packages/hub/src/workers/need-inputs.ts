/** Which inputs of the known classes may hold something that not every worker has. */
import type { FileList, FileType, Folders, JsonValue, NodeClassAnnouncement } from "@hearth/protocol";
import type { NodeCatalog } from "../nodes/catalog.ts";
import { type Choice, choicesOf, samePath, valueKey, valueSet } from "../nodes/choices.ts";
import { hasFile, isInputFile } from "../nodes/upload-inputs.ts";
import type { NeedInput, NeedSource } from "./needs.ts";

const NOTHING: ReadonlySet<string> = new Set();

export class NeedInputs implements NeedSource {
  readonly #catalog: Pick<NodeCatalog, "version" | "get" | "variants">;
  readonly #folders: Pick<Folders, FileType>;
  readonly #inputs = new Map<string, ReadonlyMap<string, NeedInput>>();
  #version = -1;

  constructor(catalog: Pick<NodeCatalog, "version" | "get" | "variants">, folders: Pick<Folders, FileType>) {
    this.#catalog = catalog;
    this.#folders = folders;
  }

  inputsOf(className: string): ReadonlyMap<string, NeedInput> {
    if (this.#version !== this.#catalog.version) {
      this.#version = this.#catalog.version;
      this.#inputs.clear();
    }
    let found = this.#inputs.get(className);
    if (found === undefined) {
      found = this.#find(className);
      this.#inputs.set(className, found);
    }
    return found;
  }

  hasFile(name: string): boolean {
    return hasFile(this.#folders, name);
  }

  #find(className: string): ReadonlyMap<string, NeedInput> {
    const merged = this.#catalog.get(className);
    const found = new Map<string, NeedInput>();
    if (merged === undefined) return found;
    const variants = this.#catalog.variants(className);
    for (const [name, choices] of choicesOf(merged.info)) {
      const lists = choices.flatMap((choice) => listOf(choice, merged.lists) ?? []);
      const kind = kindOf(choices, merged, lists);
      const fixed = lists.length === 0 ? NOTHING : new Set(lists.flatMap((list) => list.fixed ?? []));
      const common = commonValues(name, variants);
      found.set(name, { kind, fixed, common });
    }
    return found;
  }
}

function listOf(choice: Choice, lists: readonly FileList[] = []): FileList | undefined {
  return lists.find((list) => samePath(list.path, choice.path));
}

function kindOf(
  choices: readonly Choice[],
  merged: NodeClassAnnouncement,
  lists: readonly FileList[],
): NeedInput["kind"] {
  if (choices.some((choice) => isInputFile(choice, merged.lists))) return "file";
  return lists.length > 0 ? "model" : "choice";
}

/** What all of them offer at an input, files of the hub aside; `undefined`: they do not differ. */
function commonValues(
  input: string,
  variants: readonly NodeClassAnnouncement[],
): ReadonlySet<JsonValue> | undefined {
  if (variants.length < 2) return undefined;
  const offers = variants.flatMap((announced) => {
    const choices = choicesOf(announced.info).get(input);
    if (choices === undefined) return [];
    const fixed = choices.flatMap((choice) => listOf(choice, announced.lists)?.fixed ?? []);
    const values = choices.length === 1 && fixed.length === 0 ? choices[0]?.values : undefined;
    return [values ?? [...fixed, ...choices.flatMap((choice) => choice.values.map(valueKey))]];
  });
  const [first, ...others] = offers.map(valueSet);
  if (first === undefined || others.every((other) => sameSet(first, other))) return undefined;
  return new Set([...first].filter((value) => others.every((other) => other.has(value))));
}

function sameSet(one: ReadonlySet<JsonValue>, other: ReadonlySet<JsonValue>): boolean {
  return one === other || (one.size === other.size && [...one].every((value) => other.has(value)));
}
