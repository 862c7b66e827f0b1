/** Small node classes and a recorder for the tests of the engine. */
import path from "node:path";
import type { InputDeclaration, JsonObject, NodeInfo, RunMessage, RunResult } from "@hearth/protocol";
import { resolveFolders, toNumber } from "@hearth/protocol";
import type { CacheMode } from "./cache/result-cache.ts";
import { Engine, type EngineOptions } from "./engine.ts";
import { ExecutionBlocker, NodeError, type NodeClass } from "./node-class.ts";
import { NodeRegistry } from "./node-registry.ts";

interface Sketch extends Partial<Omit<NodeClass, "name" | "info" | "execute">> {
  readonly required?: Record<string, InputDeclaration>;
  readonly optional?: Record<string, InputDeclaration>;
  readonly hidden?: JsonObject;
  readonly outputs?: readonly string[];
  readonly listOutputs?: readonly boolean[];
  readonly outputNode?: boolean;
  readonly intermediate?: boolean;
  readonly execute: NodeClass["execute"];
}

/** A classic class of a few words. */
export function nodeClass(name: string, sketch: Sketch): NodeClass {
  const { required, optional, hidden, outputs, listOutputs, outputNode, intermediate, execute, ...rest } =
    sketch;
  const types = [...(outputs ?? ["*"])];
  const info: NodeInfo = {
    input: { required: required ?? {}, optional: optional ?? {}, hidden: hidden ?? {} },
    input_order: {},
    is_input_list: rest.inputIsList ?? false,
    output: types,
    output_is_list: types.map((_, slot) => listOutputs?.[slot] ?? false),
    output_name: types,
    name,
    display_name: name,
    description: "",
    python_module: "nodes",
    category: "test",
    output_node: outputNode ?? false,
    has_intermediate_output: intermediate ?? false,
    search_aliases: [],
  };
  return {
    name,
    info,
    execute,
    lists: [],
    inputIsList: false,
    concurrent: false,
    notIdempotent: false,
    acceptsAllInputs: false,
    ...rest,
  };
}

export const any: InputDeclaration = ["*"];
export const lazy: InputDeclaration = ["*", { lazy: true }];

/** The classes that most tests use. */
export function commonNodes(): NodeClass[] {
  return [
    nodeClass("Value", { required: { value: any }, execute: ({ value }) => [value] }),
    nodeClass("Copy", { required: { value: any }, execute: ({ value }) => [value] }),
    nodeClass("Show", {
      required: { value: any },
      outputNode: true,
      execute: ({ value }) => ({ outputs: [value], ui: { text: [value] } }),
    }),
    nodeClass("SilentOutput", {
      required: { value: any },
      outputNode: true,
      execute: ({ value }) => [value],
    }),
    nodeClass("Middle", {
      required: { value: any },
      intermediate: true,
      execute: ({ value }) => ({ outputs: [value], ui: { seen: [value] } }),
    }),
    nodeClass("MakeList", {
      acceptsAllInputs: true,
      listOutputs: [true],
      execute: (inputs) => [Object.values(inputs)],
    }),
    nodeClass("Sum", {
      optional: { a: any },
      execute: (inputs) => [Object.values(inputs).reduce<number>((sum, value) => sum + Number(value), 0)],
    }),
    nodeClass("Fail", {
      required: { value: any },
      execute: () => {
        throw new NodeError("Intentional sync execution error for testing");
      },
    }),
    nodeClass("Block", {
      required: { value: any, block: ["BOOLEAN"] },
      optional: { text: ["STRING"] },
      execute: ({ value, block, text }) => [block ? new ExecutionBlocker(text as string | undefined) : value],
    }),
    nodeClass("Switch", {
      required: { on: ["BOOLEAN"], yes: lazy, no: lazy },
      checkLazy: ({ on, yes, no }) =>
        on ? (yes === undefined ? ["yes"] : []) : no === undefined ? ["no"] : [],
      execute: ({ on, yes, no }) => [on ? yes : no],
    }),
  ];
}

export interface Recorder {
  readonly engine: Engine;
  readonly messages: RunMessage[];
  /** runs a prompt with a client and gives the result; ids of output nodes follow from the classes */
  run(
    prompt: JsonObject,
    options?: { promptId?: string; outputs?: readonly string[]; extraData?: JsonObject },
  ): Promise<RunResult>;
  /** what was said since the last call, one text per message */
  said(options?: { progress?: boolean }): string[];
}

/** An engine with the common classes and `classes`, whose messages are kept. */
export function recorder(
  classes: readonly NodeClass[] = [],
  cache: CacheMode = { kind: "classic" },
  options: Partial<EngineOptions> = {},
): Recorder {
  const registry = new NodeRegistry();
  for (const cls of [...commonNodes(), ...classes]) registry.add(cls);
  const messages: RunMessage[] = [];
  const engine = new Engine({
    registry,
    folders: resolveFolders({ base: path.join(import.meta.dirname, "nowhere") }),
    modelFolders: {},
    settings: { metadata: true, previewSize: 512 },
    cache,
    emit: (_promptId, message) => messages.push(message),
    ...options,
  });
  let read = 0;
  return {
    engine,
    messages,
    run(prompt, { promptId = "p", outputs, extraData = { client_id: "c" } } = {}) {
      const all = Object.keys(prompt).filter(
        (id) => registry.get(String((prompt[id] as JsonObject)["class_type"]))?.info.output_node,
      );
      return engine.run({ promptId, prompt, extraData, outputs: outputs ?? all });
    },
    said({ progress = false } = {}) {
      const fresh = messages.slice(read);
      read = messages.length;
      return fresh.flatMap((message) => (message.kind === "progress" && !progress ? [] : [sketch(message)]));
    },
  };
}

/** `executing 1`, `PS 1:r0/1`, … in the style of the recordings. */
function sketch(message: RunMessage): string {
  if (message.kind === "text") return `text ${message.nodeId} ${message.text}`;
  if (message.kind === "progress") {
    const nodes = Object.values((message.state?.["nodes"] ?? {}) as Record<string, JsonObject>).map(
      (node) =>
        `${String(node["node_id"])}:${String(node["state"])[0]}${toNumber(node["value"])}/${toNumber(node["max"])}`,
    );
    const bar = message.progress === undefined ? "" : ` bar ${String(message.progress["value"])}`;
    return `PS ${nodes.join(" ")}${bar}${message.preview === undefined ? "" : " preview"}`;
  }
  const { type, data } = message;
  if (type === "executing") return `executing ${String(data["node"])} ${String(data["display_node"])}`;
  if (type === "executed") return `executed ${String(data["node"])} ${JSON.stringify(data["output"])}`;
  if (type === "execution_cached") return `cached ${(data["nodes"] as string[]).join(",")}`;
  if (type === "execution_error")
    return `error ${String(data["node_id"])} ${String(data["exception_message"]).trim()}`;
  if (type === "execution_interrupted") return `interrupted ${String(data["node_id"])}`;
  return type.replace("execution_", "");
}

/** A node of a prompt. */
export function node(class_type: string, inputs: JsonObject = {}): JsonObject {
  return { class_type, inputs };
}
