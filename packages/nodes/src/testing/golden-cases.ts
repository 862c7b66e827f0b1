/**
 * Runs the recorded cases of node classes in this process. `goldenSuite` registers one test per class: its node info,
 * and every case within its recorded tolerance. Cases that need a validator, or values that no maker is given for, are
 * left to the conformance test and counted in the test's diagnostics.
 */
import type { NodeClass, NodeReturn } from "@hearth/engine";
import { JsonFloat, type JsonObject, type JsonValue, parseJson } from "@hearth/protocol";
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { type Comparison, difference, type Tolerance } from "./compare.ts";
import { generate, type GeneratorSpec } from "./generator.ts";
import { nestInputs } from "./nest-inputs.ts";
import { infoDifference } from "./node-info.ts";
import { testContext, type TestContext } from "./test-context.ts";

const repository = path.resolve(import.meta.dirname, "../../../..");

/** The folder of recordings: the project's own copy, or the one beside the project. */
export const goldenFolder: string =
  [path.join(repository, "tests/golden"), path.join(repository, "../shared/golden")].find((folder) =>
    existsSync(path.join(folder, "nodes")),
  ) ?? path.join(repository, "tests/golden");

export interface GoldenCase {
  readonly name: string;
  readonly node_class?: string;
  readonly inputs: Readonly<Record<string, JsonValue>>;
  readonly input_files?: readonly {
    dir: "input" | "output" | "temp";
    path: string;
    base64?: string;
    content?: string;
  }[];
  readonly extra_pnginfo?: JsonObject;
  readonly tolerance?: Tolerance;
  readonly expect: {
    readonly outputs?: readonly unknown[];
    readonly ui?: Readonly<Record<string, unknown>>;
    readonly progress_text?: readonly string[];
    readonly files?: readonly JsonObject[];
    readonly error?: {
      readonly stage: string;
      readonly exception_type?: string;
      readonly upstream?: unknown;
    };
  };
}

export interface GoldenFile {
  readonly class: string;
  readonly cases: readonly GoldenCase[];
  readonly recorded: Float32Array;
}

export interface GoldenOptions {
  /** classes that `$node` inputs may name, besides those under test */
  readonly others?: readonly NodeClass[];
  /** makers of values by key, e.g. `$vae` */
  readonly make?: Readonly<Record<string, (payload: JsonValue) => unknown>>;
  /** turns a value into its recorded form, e.g. a sampler into `{$sampler: …}`; `undefined` leaves it */
  readonly describe?: (value: unknown) => unknown;
  /** further checks of a case, after outputs and ui are found equal; throws when something is wrong */
  readonly check?: (given: GoldenCase, run: TestContext) => void | Promise<void>;
}

/** A value of this case cannot be made here. */
class Unsupported extends Error {}

/** The recorded cases of a class, or `undefined` when there are none. */
export function readGolden(className: string): GoldenFile | undefined {
  const stem = path.join(goldenFolder, "nodes", className.replaceAll(/[^A-Za-z0-9._-]/g, "_"));
  if (!existsSync(`${stem}.json`)) return undefined;
  const file = parseJson(readFileSync(`${stem}.json`, "utf8")) as unknown as GoldenFile;
  return { ...file, recorded: existsSync(`${stem}.f32`) ? readFloats(`${stem}.f32`) : new Float32Array(0) };
}

function readFloats(file: string): Float32Array {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** Registers one test per class. */
export function goldenSuite(classes: readonly NodeClass[], options: GoldenOptions = {}): void {
  const known = new Map([...(options.others ?? []), ...classes].map((cls) => [cls.name, cls]));
  for (const cls of classes) {
    test(`recorded behaviour of ${cls.name}`, async (t) => {
      const failures: string[] = [];
      const info = infoDifference(cls, goldenFolder);
      if (info !== undefined) failures.push(`node info: ${info}`);
      const file = readGolden(cls.name);
      const skipped: string[] = [];
      for (const given of file?.cases ?? []) {
        const found = await runCase(known, cls, given, file?.recorded ?? new Float32Array(0), options);
        if (found === "skipped") skipped.push(given.name);
        else if (found !== undefined) failures.push(`${given.name}: ${found}`);
      }
      if (file === undefined) t.diagnostic(`${cls.name}: no recorded cases`);
      if (skipped.length > 0) t.diagnostic(`left to the conformance test: ${skipped.join(", ")}`);
      assert.deepEqual(failures, []);
    });
  }
}

async function runCase(
  known: ReadonlyMap<string, NodeClass>,
  cls: NodeClass,
  given: GoldenCase,
  recorded: Float32Array,
  options: GoldenOptions,
): Promise<string | "skipped" | undefined> {
  const { error, outputs, ui, progress_text: texts } = given.expect;
  if (error?.stage === "validation") return "skipped";
  const tested = given.node_class === undefined ? cls : known.get(given.node_class);
  if (tested === undefined) return "skipped";
  using run = testContext(
    given.extra_pnginfo === undefined ? {} : { extraData: { extra_pnginfo: given.extra_pnginfo } },
  );
  for (const file of given.input_files ?? []) {
    const target = path.join(run.context.folders[file.dir], file.path);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, Buffer.from(file.base64 ?? file.content ?? "", "base64"));
  }
  let result: Called;
  try {
    result = await callNode(known, tested, given.inputs, run, options);
  } catch (thrown) {
    if (thrown instanceof Unsupported) return "skipped";
    if (error === undefined)
      return `threw ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`;
    const type = (thrown as { pythonType?: string }).pythonType ?? (thrown as Error).name;
    const expected = error.exception_type;
    const plain = expected !== undefined && !expected.includes(".") && error.upstream === undefined;
    return plain && type !== expected ? `threw ${type}, expected ${expected}: ${String(thrown)}` : undefined;
  }
  if (error !== undefined) return `expected an error (${error.exception_type ?? error.stage})`;
  const how: Comparison = { recorded, tolerance: given.tolerance, describe: options.describe };
  const found =
    (outputs === undefined ? undefined : slotsDifference(result.slots, outputs, tested, how)) ??
    (ui === undefined ? undefined : difference(result.ui ?? {}, ui, "ui", how)) ??
    (texts === undefined ? undefined : difference(run.texts, texts, "progress_text", how));
  if (found !== undefined) return found;
  try {
    await options.check?.(given, run);
  } catch (thrown) {
    return String(thrown);
  }
  return undefined;
}

function slotsDifference(
  slots: readonly (readonly unknown[])[],
  expected: readonly unknown[],
  cls: NodeClass,
  how: Comparison,
): string | undefined {
  for (const [slot, want] of expected.entries()) {
    if (isKeyed(want, "$missing")) continue;
    const got = slots[slot] ?? [];
    const bare = !isKeyed(want, "$list");
    if (bare && (got.length !== 1 || cls.info.output_is_list[slot] === true)) {
      return `output ${slot}: a list of ${got.length} values, expected one value`;
    }
    const found = bare
      ? difference(got[0], want, `output ${slot}`, how)
      : difference(got, (want as { $list: unknown[] }).$list, `output ${slot}`, how);
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Called {
  readonly slots: unknown[][];
  readonly ui: Record<string, unknown> | undefined;
}

/** Calls a class with list mapping (section 6.4) on inputs as the recordings write them. */
async function callNode(
  known: ReadonlyMap<string, NodeClass>,
  cls: NodeClass,
  inputs: GoldenCase["inputs"],
  run: TestContext,
  options: GoldenOptions,
): Promise<Called> {
  const lists: Record<string, unknown[]> = {};
  for (const [name, given] of Object.entries(inputs)) {
    lists[name] = await inputList(known, given as JsonValue, run, options);
  }
  const length = Math.max(1, ...Object.values(lists).map((list) => list.length));
  const calls = cls.inputIsList
    ? [lists]
    : Array.from({ length }, (_, call) =>
        Object.fromEntries(
          Object.entries(lists).map(([name, list]) => [name, list[Math.min(call, list.length - 1)]]),
        ),
      );
  const slots: unknown[][] = cls.info.output.map(() => []);
  const ui: Record<string, unknown[]> = {};
  let shown = false;
  for (const call of calls) {
    const returned = normalise(await cls.execute(nestInputs(cls.info, call), run.context));
    for (const [slot, values] of slots.entries()) {
      const value = returned.outputs?.[slot];
      if (slot >= (returned.outputs?.length ?? 0)) continue;
      if (cls.info.output_is_list[slot] === true && Array.isArray(value))
        values.push(...(value as unknown[]));
      else values.push(value);
    }
    for (const [key, values] of Object.entries(returned.ui ?? {})) {
      shown = true;
      (ui[key] ??= []).push(...values);
    }
  }
  return { slots, ui: shown ? ui : undefined };
}

type ReturnObject = Exclude<NodeReturn, readonly unknown[]>;

function normalise(returned: NodeReturn): ReturnObject {
  return Array.isArray(returned) ? { outputs: returned } : (returned as ReturnObject);
}

async function inputList(
  known: ReadonlyMap<string, NodeClass>,
  given: JsonValue,
  run: TestContext,
  options: GoldenOptions,
): Promise<unknown[]> {
  if (isKeyed(given, "$in")) return [makeValue(given["$in"] as JsonValue, options)];
  if (isKeyed(given, "$list")) return (given["$list"] as JsonValue[]).map((item) => makeValue(item, options));
  if (isKeyed(given, "$int")) return [BigInt(given["$int"] as string)];
  if (isKeyed(given, "$node")) {
    const source = given["$node"] as unknown as {
      class: string;
      inputs: GoldenCase["inputs"];
      slot?: number;
    };
    const cls = known.get(source.class);
    if (cls === undefined) throw new Unsupported(source.class);
    const { slots } = await callNode(known, cls, source.inputs, run, options);
    return slots[source.slot ?? 0] ?? [];
  }
  return [given];
}

function isKeyed(value: unknown, key: string): value is Record<string, JsonValue> {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key);
}

function makeValue(given: JsonValue, options: GoldenOptions): unknown {
  if (Array.isArray(given)) return given.map((item) => makeValue(item, options));
  if (typeof given !== "object" || given === null || given instanceof JsonFloat) return given;
  const [key = "", ...rest] = Object.keys(given);
  if (key.startsWith("$") && rest.length === 0) {
    const payload = given[key] as JsonValue;
    const make = options.make?.[key];
    if (make !== undefined) return make(payload);
    if (key === "$tensor") return generate(plainNumbers(payload) as GeneratorSpec);
    if (key === "$float") return Number(payload);
    if (key === "$int") return BigInt(payload as string);
    throw new Unsupported(key);
  }
  return Object.fromEntries(Object.entries(given).map(([name, item]) => [name, makeValue(item, options)]));
}

function plainNumbers(value: JsonValue): unknown {
  if (value instanceof JsonFloat) return value.value;
  if (Array.isArray(value)) return value.map(plainNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainNumbers(item)]));
}
