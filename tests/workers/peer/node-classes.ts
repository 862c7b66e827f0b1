/** What the peer knows: the recorded classes, and those of the packs that recordings ran with. */
import { readFileSync } from "node:fs";
import { entriesOf, type JsonObject, type JsonValue, parseJson, printJson } from "@hearth/protocol";

const GOLDEN = new URL("../../golden/", import.meta.url);

function testClass(name: string, required: JsonObject, output: string[], isOutput = false): JsonObject {
  return {
    input: { required },
    input_order: { required: Object.keys(required) },
    is_input_list: false,
    output,
    output_is_list: output.map(() => false),
    output_name: output,
    name,
    display_name: name,
    description: "",
    python_module: "custom_nodes.testing-pack",
    category: "Testing",
    output_node: isOutput,
  };
}

const SIZE: JsonObject = {
  height: ["INT", { default: 512, min: 1, max: 16384 }],
  width: ["INT", { default: 512, min: 1, max: 16384 }],
  batch_size: ["INT", { default: 1, min: 1, max: 64 }],
};

const TESTING_PACK: readonly JsonObject[] = [
  testClass("StubImage", { content: [["WHITE", "BLACK", "NOISE"]], ...SIZE }, ["IMAGE"]),
  testClass("TestSleep", { value: ["*", {}], seconds: ["FLOAT", { default: 1, min: 0, max: 9999 }] }, ["*"]),
  testClass("TestSyncError", { value: ["*", {}] }, ["*"]),
  testClass("SaveImageWebsocket", { images: ["IMAGE"] }, [], true),
];

export type FilesOfFolder = (folder: string) => readonly string[];

type Step = Record<string | number, JsonValue | undefined>;

interface FileInput {
  readonly class: string;
  readonly path: readonly (string | number)[];
  readonly folder: string;
  readonly fixed_entries: readonly string[];
}

/** The classes of one peer. */
export class NodeClasses {
  readonly #classes = new Map<string, JsonObject>();
  readonly #fileInputs: readonly FileInput[];

  /** @param only the names of the classes that are there; absent: all */
  constructor(only?: readonly string[]) {
    const recorded = parseJson(readFileSync(new URL("object_info.json", GOLDEN), "utf8")) as JsonObject;
    const all = [
      ...entriesOf(recorded).map(([name, info]) => [name, info as JsonObject] as const),
      ...TESTING_PACK.map((info) => [String(info["name"]), info] as const),
    ];
    for (const [name, info] of all) {
      if (only === undefined || only.includes(name)) this.#classes.set(name, info);
    }
    const text = readFileSync(new URL("object_info.files.json", GOLDEN), "utf8");
    this.#fileInputs = (JSON.parse(text) as FileInput[]).filter((input) => this.#classes.has(input.class));
  }

  has(name: string): boolean {
    return this.#classes.has(name);
  }

  isOutput(name: string): boolean {
    return this.#classes.get(name)?.["output_node"] === true;
  }

  /** The answer of `GET /object_info`: lists of files are what the folders hold. */
  print(files: FilesOfFolder): string {
    for (const { class: name, path, folder, fixed_entries } of this.#fileInputs) {
      const parents = path.slice(0, -1);
      const parent = parents.reduce<unknown>((value, key) => (value as Step)[key], this.#classes.get(name));
      (parent as Step)[path.at(-1) ?? ""] = [...fixed_entries, ...files(folder)];
    }
    return printJson(Object.fromEntries(this.#classes));
  }
}
