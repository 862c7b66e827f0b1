/**
 * What a worker must have to run a prompt: node classes, model files, tags. It is kept with the job as text; jobs of the
 * same shape with the same models have the same text, so that a long queue is a few groups.
 */
import { linkOf } from "@hearth/graph";
import { isJsonObject, JsonFloat, type JsonObject, type JsonValue, printJson } from "@hearth/protocol";

/** A value that a worker must offer at an input of a class. */
export type NeededValue = readonly [className: string, input: string, value: string | number | boolean];

export interface Needs {
  /** of the nodes that the outputs stand on; sorted */
  readonly classes: readonly string[];
  /** model files, files that only workers have, and choices that some workers lack; sorted */
  readonly values: readonly NeededValue[];
  /** names of model files among the values; sorted */
  readonly models: readonly string[];
  /** tags that a worker must carry; sorted */
  readonly tags: readonly string[];
}

/** An input whose value may be something that not every worker has. */
export interface NeedInput {
  /**
   * - `file`: a file of the input folder; the hub sends its own along
   * - `model`: a list of model files
   * - `choice`: any other list, where a name with the ending of a model file counts as one
   */
  readonly kind: "file" | "model" | "choice";
  /** of a `model` or `file` list: entries that are no files */
  readonly fixed: ReadonlySet<string>;
  /** values that every worker has that knows the class; absent: all workers have the same ones */
  readonly common?: ReadonlySet<JsonValue> | undefined;
}

/** What is known of classes. */
export interface NeedSource {
  /** by flat input name; only inputs that matter */
  inputsOf(className: string): ReadonlyMap<string, NeedInput>;
  /** whether the hub has the file that a prompt names */
  hasFile(name: string): boolean;
}

const MODEL = /\.(?:safetensors|sft|ckpt|pt|pth|bin|gguf|onnx|engine)$/i;

/** What the nodes need that `outputs` stand on. The prompt is valid: its links lead to nodes with known classes. */
export function needsOf(
  prompt: JsonObject,
  outputs: readonly string[],
  source: NeedSource,
  tags: readonly string[] = [],
): Needs {
  const classes = new Set<string>();
  const values = new Map<string, NeededValue>();
  const models = new Set<string>();
  const seen = new Set<string>(outputs);
  // The set grows while it is gone through: so each node is looked at once.
  for (const id of seen) {
    const node = Object.hasOwn(prompt, id) ? prompt[id] : undefined;
    if (!isJsonObject(node)) continue;
    const className = String(node["class_type"]);
    classes.add(className);
    const inputs = node["inputs"];
    if (!isJsonObject(inputs)) continue;
    const known = source.inputsOf(className);
    for (const name in inputs) {
      const value = inputs[name] as JsonValue;
      const link = linkOf(value);
      if (link !== undefined) {
        seen.add(link[0]);
        continue;
      }
      const input = known.get(name);
      if (input === undefined) continue;
      for (const item of Array.isArray(value) ? value : [value]) {
        const plain = item instanceof JsonFloat ? item.value : item;
        if (typeof plain !== "string" && typeof plain !== "number" && typeof plain !== "boolean") continue;
        const kind = needOf(input, plain, source);
        if (kind === undefined) continue;
        values.set(`${className}\0${name}\0${String(plain)}`, [className, name, plain]);
        if (kind === "model") models.add(String(plain));
      }
    }
  }
  return {
    classes: [...classes].sort(),
    values: [...values.keys()].sort().map((key) => values.get(key) as NeededValue),
    models: [...models].sort(),
    tags: [...new Set(tags)].sort(),
  };
}

/** What a value is to its worker; `undefined`: nothing that it could lack. */
function needOf(
  { kind, fixed, common }: NeedInput,
  value: string | number | boolean,
  source: NeedSource,
): "model" | "value" | undefined {
  if (typeof value === "string") {
    if (fixed.has(value)) return common === undefined || common.has(value) ? undefined : "value";
    if (kind === "file") return source.hasFile(value) ? undefined : "value";
    if (kind === "model" || MODEL.test(value)) return "model";
  }
  return common === undefined || common.has(value) ? undefined : "value";
}

/** The text that is kept with a job: the same for the same needs. */
export function needsText({ classes, values, models, tags }: Needs): string {
  return printJson([classes, values, models, tags] as unknown as JsonValue, "compact");
}

/** Many jobs have the same text. */
const read = new Map<string, Needs>();
const MOST_READ = 1_000;

/** What a text says. @throws SyntaxError when it is none that `needsText` made */
export function readNeeds(text: string): Needs {
  let needs = read.get(text);
  if (needs === undefined) {
    const [classes, values, models, tags] = JSON.parse(text) as [string[], NeededValue[], string[], string[]];
    needs = { classes, values, models, tags };
    if (read.size >= MOST_READ) read.clear();
    read.set(text, needs);
  }
  return needs;
}
