/** Nodes that wait, fail and report while others of the same prompt go on. */
import { setTimeout as delay } from "node:timers/promises";
import {
  defineNode,
  float,
  image,
  input,
  int,
  isTensor,
  type NodeContext,
  NodeError,
  OutputLink,
  pyFloat,
  string,
  toNumber,
} from "@hearth/nodes/sdk";
import { filled, mapImage } from "./images.ts";

const category = "experimental/async";
const any = input<unknown>("*", {});
const uniqueId = { unique_id: "UNIQUE_ID" };

/** Sleeps with a progress update every 10 ms; an interrupt ends it at the next one. */
async function sleep(seconds: number, context: NodeContext): Promise<void> {
  const total = Math.max(1, Math.round(seconds * 100));
  const bar = context.progressBar(total);
  const started = performance.now();
  for (let done = 0; done < total;) {
    await delay(10);
    done = Math.min(total, Math.floor((performance.now() - started) / 10));
    bar.update(done);
  }
}

const inUse = new Set<string>();

/** At most three run at once; the others wait their turn. */
class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  constructor(free: number) {
    this.#free = free;
  }
  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
const limit = new Semaphore(3);

async function reportSteps(value: unknown, seconds: number, context: NodeContext): Promise<unknown[]> {
  const steps = 10;
  for (let step = 1; step <= steps; step += 1) {
    await delay((seconds * 1000) / steps, undefined, { signal: context.signal }).catch(() =>
      context.throwIfInterrupted(),
    );
    context.setProgress(step, steps);
  }
  return [value];
}

export const concurrentNodes = [
  defineNode({
    name: "TestSleep",
    api: "v1",
    displayName: "Test Sleep",
    category: "experimental",
    inputs: { value: any, seconds: float({ default: 1, min: 0, max: 9999, step: 0.01 }) },
    hidden: uniqueId,
    outputs: ["*"],
    concurrent: true,
    async execute({ value, seconds }, context) {
      await sleep(seconds, context);
      return [value];
    },
  }),
  defineNode({
    name: "TestParallelSleep",
    api: "v1",
    displayName: "Test Parallel Sleep",
    category: "experimental",
    inputs: {
      image1: image(),
      image2: image(),
      image3: image(),
      sleep1: float({ default: 0.5, min: 0, max: 10, step: 0.01 }),
      sleep2: float({ default: 0.5, min: 0, max: 10, step: 0.01 }),
      sleep3: float({ default: 0.5, min: 0, max: 10, step: 0.01 }),
    },
    hidden: uniqueId,
    outputs: ["IMAGE"],
    outputNode: true,
    execute(given, context) {
      const graph = context.graph();
      const one = graph.node("TestSleep", { value: given.image1, seconds: given.sleep1 });
      const two = graph.node("TestSleep", { value: given.image2, seconds: given.sleep2 });
      const three = graph.node("TestSleep", { value: given.image3, seconds: given.sleep3 });
      const mean = graph.node("TestVariadicAverage", {
        input1: one.out(0),
        input2: two.out(0),
        input3: three.out(0),
      });
      return { outputs: [new OutputLink(mean.id, 0)], expand: graph.build() };
    },
  }),
  defineNode({
    name: "TestDynamicAsyncGeneration",
    api: "v1",
    displayName: "Test Dynamic Async Generation",
    category,
    inputs: {
      image1: image(),
      image2: image(),
      num_async_nodes: int({ default: 3, min: 1, max: 10 }),
      sleep_duration: float({ default: 0.2, min: 0.1, max: 1 }),
    },
    outputs: ["IMAGE"],
    execute(given, context) {
      const graph = context.graph();
      const sleepers = Array.from({ length: given.num_async_nodes }, (_, index) =>
        graph.node("TestSleep", {
          value: index % 2 === 0 ? given.image1 : given.image2,
          seconds: given.sleep_duration,
        }),
      );
      const inputs = Object.fromEntries(sleepers.map((node, index) => [`input${index + 1}`, node.out(0)]));
      const mean = graph.node("TestVariadicAverage", inputs);
      return { outputs: [new OutputLink(mean.id, 0)], expand: graph.build() };
    },
  }),
  defineNode({
    name: "TestAsyncValidation",
    api: "v1",
    displayName: "Test Async Validation",
    category,
    inputs: { value: float({ default: 5 }), threshold: float({ default: 10 }) },
    outputs: ["IMAGE"],
    validates: ["value", "threshold"],
    async validate({ value, threshold }) {
      await delay(50);
      if (value === null || threshold === null) {
        throw new NodeError("'>' not supported between instances of 'NoneType' and 'float'", "TypeError");
      }
      const [given, most] = [toNumber(value), toNumber(threshold)];
      return given > most ? `Value ${pyFloat(given)} exceeds threshold ${pyFloat(most)}` : true;
    },
    concurrent: true,
    execute: async ({ value, threshold }) => [filled(Math.min(1, value / threshold), 1, 64, 64)],
  }),
  defineNode({
    name: "TestAsyncValidationError",
    api: "v1",
    displayName: "Test Async Validation Error",
    category,
    inputs: { value: float({ default: 5 }), max_value: float({ default: 10 }) },
    outputs: ["IMAGE"],
    validates: ["value", "max_value"],
    async validate({ value, max_value }) {
      await delay(50);
      const [given, most] = [toNumber(value), toNumber(max_value)];
      return given > most ? `Async validation failed: ${pyFloat(given)} > ${pyFloat(most)}` : true;
    },
    concurrent: true,
    execute: async ({ value, max_value }) => [filled(Math.min(1, value / max_value), 1, 64, 64)],
  }),
  defineNode({
    name: "TestAsyncError",
    api: "v1",
    displayName: "Test Async Error",
    category,
    inputs: { value: any, error_after: float({ default: 0.1, min: 0, max: 10 }) },
    outputs: ["*"],
    concurrent: true,
    async execute({ error_after }) {
      await delay(error_after * 1000);
      throw new NodeError("Intentional async execution error for testing");
    },
  }),
  defineNode({
    name: "TestSyncError",
    api: "v1",
    displayName: "Test Sync Error",
    category,
    inputs: { value: any },
    outputs: ["*"],
    execute() {
      throw new NodeError("Intentional sync execution error for testing");
    },
  }),
  defineNode({
    name: "TestAsyncTimeout",
    api: "v1",
    displayName: "Test Async Timeout",
    category,
    inputs: {
      value: any,
      timeout: float({ default: 1, min: 0.1, max: 10 }),
      operation_time: float({ default: 2, min: 0.1, max: 10 }),
    },
    outputs: ["*"],
    concurrent: true,
    async execute({ value, timeout, operation_time }) {
      await delay(Math.min(timeout, operation_time) * 1000);
      if (operation_time > timeout)
        throw new NodeError(`Operation timed out after ${pyFloat(timeout)} seconds`);
      return [value];
    },
  }),
  defineNode({
    name: "TestAsyncLazyCheck",
    api: "v1",
    displayName: "Test Async Lazy Check",
    category,
    inputs: {
      input1: input<unknown>("*", { lazy: true }),
      input2: input<unknown>("*", { lazy: true }),
      condition: input<boolean>("BOOLEAN", { default: true }),
    },
    outputs: ["IMAGE"],
    concurrent: true,
    async checkLazy(given) {
      await delay(50);
      const wanted = given.condition === true ? "input1" : "input2";
      return given[wanted] === undefined ? [wanted] : [];
    },
    async execute(given) {
      const value = given.condition ? given.input1 : given.input2;
      return [isTensor(value) ? value : filled(toNumber(value), 1, 64, 64)];
    },
  }),
  defineNode({
    name: "TestAsyncResourceUser",
    api: "v1",
    displayName: "Test Async Resource User",
    category,
    inputs: {
      value: any,
      resource_id: string({ default: "resource_0" }),
      duration: float({ default: 0.1, min: 0, max: 1 }),
    },
    outputs: ["*"],
    concurrent: true,
    async execute({ value, resource_id, duration }) {
      if (inUse.has(resource_id)) throw new NodeError(`Resource ${resource_id} is already in use!`);
      inUse.add(resource_id);
      try {
        await delay(duration * 1000);
      } finally {
        inUse.delete(resource_id);
      }
      return [value];
    },
  }),
  defineNode({
    name: "TestAsyncBatchProcessing",
    api: "v1",
    displayName: "Test Async Batch Processing",
    category,
    inputs: { images: image(), process_time_per_item: float({ default: 0.1, min: 0.01, max: 1 }) },
    hidden: uniqueId,
    outputs: ["IMAGE"],
    concurrent: true,
    async execute({ images, process_time_per_item }, context) {
      const batch = images.shape[0] ?? 0;
      const bar = context.progressBar(batch);
      for (let done = 1; done <= batch; done += 1) {
        await delay(process_time_per_item * 1000);
        bar.update(done);
      }
      return [mapImage(images, (value) => 1 - value)];
    },
  }),
  defineNode({
    name: "TestAsyncConcurrentLimit",
    api: "v1",
    displayName: "Test Async Concurrent Limit",
    category,
    inputs: {
      value: any,
      duration: float({ default: 0.5, min: 0.1, max: 2 }),
      node_id: int({ default: 0 }),
    },
    outputs: ["*"],
    concurrent: true,
    execute: ({ value, duration }) =>
      limit.use(async () => {
        await delay(duration * 1000);
        return [value];
      }),
  }),
  defineNode({
    name: "TestAsyncProgressUpdate",
    api: "schema",
    displayName: "Async Progress Update Test Node",
    category,
    inputs: { value: any, sleep_seconds: float({ default: 1 }) },
    outputs: ["*"],
    concurrent: true,
    execute: ({ value, sleep_seconds }, context) => reportSteps(value, sleep_seconds, context),
  }),
  defineNode({
    name: "TestSyncProgressUpdate",
    api: "schema",
    displayName: "Sync Progress Update Test Node",
    category,
    inputs: { value: any, sleep_seconds: float({ default: 1 }) },
    outputs: ["*"],
    execute: ({ value, sleep_seconds }, context) => reportSteps(value, sleep_seconds, context),
  }),
];
