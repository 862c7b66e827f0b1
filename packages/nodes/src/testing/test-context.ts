/** A node context over real temporary folders, for tests that call `execute` directly. */
import { GraphBuilder, InterruptedError, type NodeContext } from "@hearth/engine";
import { type JsonObject, isJsonObject, makeFolders, resolveFolders } from "@hearth/protocol";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Mt19937 } from "../kernels/random.ts";

export interface TestContextOptions {
  readonly nodeId?: string;
  readonly prompt?: JsonObject;
  readonly extraData?: JsonObject;
}

export interface TestContext {
  readonly context: NodeContext;
  /** what the node showed with `sendText` */
  readonly texts: string[];
  /** value and maximum of each progress call */
  readonly progress: [value: number, max: number][];
  readonly messages: [type: string, data: JsonObject][];
  interrupt(): void;
  /** Removes the folders. */
  [Symbol.dispose](): void;
}

/** A context whose folders exist and are empty, and whose generator has seed 0. */
export function testContext(options: TestContextOptions = {}): TestContext {
  const base = mkdtempSync(path.join(tmpdir(), "hearth-nodes-"));
  const folders = resolveFolders({ base });
  makeFolders(folders);
  const nodeId = options.nodeId ?? "1";
  const prompt = options.prompt ?? {};
  const extraData = options.extraData ?? {};
  const pnginfo = extraData["extra_pnginfo"];
  const abort = new AbortController();
  const generator = new Mt19937(0);
  const texts: string[] = [];
  const progress: [number, number][] = [];
  const messages: [string, JsonObject][] = [];
  let graphs = 0;
  const throwIfInterrupted = (): void => {
    if (abort.signal.aborted) throw new InterruptedError();
  };
  const context: NodeContext = {
    nodeId,
    promptId: "00000000-0000-4000-8000-000000000000",
    prompt,
    extraData,
    extraPnginfo: isJsonObject(pnginfo) ? pnginfo : undefined,
    dynamicPrompt: {
      getNode: (id) => {
        const node = prompt[id];
        if (!isJsonObject(node)) throw new RangeError(`no node ${id}`);
        return node;
      },
      hasNode: (id) => Object.hasOwn(prompt, id),
      allNodeIds: () => Object.keys(prompt),
      parentOf: () => undefined,
      displayIdOf: (id) => id,
      realIdOf: (id) => id,
      original: () => prompt,
    },
    folders,
    modelFolders: {},
    settings: { metadata: true, previewSize: 512 },
    random: () => generator.nextDouble(),
    state: new Map(),
    signal: abort.signal,
    throwIfInterrupted,
    progressBar: (total) => {
      let value = 0;
      let max = total;
      const report = (): void => {
        throwIfInterrupted();
        progress.push([value, max]);
      };
      return {
        update: (to, newTotal) => {
          value = to;
          max = newTotal ?? max;
          report();
        },
        advance: (by) => {
          value += by;
          report();
        },
      };
    },
    setProgress: (value, max) => {
      throwIfInterrupted();
      progress.push([value, max]);
    },
    sendText: (text) => void texts.push(text),
    graph: () => {
      graphs += 1;
      return new GraphBuilder(`${nodeId}.0.${graphs - 1}.`);
    },
    send: (type, data) => void messages.push([type, data]),
  };
  return {
    context,
    texts,
    progress,
    messages,
    interrupt: () => abort.abort(),
    [Symbol.dispose]: () => rmSync(base, { recursive: true, force: true }),
  };
}
