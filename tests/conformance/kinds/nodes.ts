/** Runs recorded cases of node classes through the server's own front door, and compares node info. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import {
  isJsonObject,
  keysOf,
  parseJson,
  printJson,
  type JsonObject,
  type JsonValue,
} from "@hearth/protocol";
import { emptyDirectory, writeFixture } from "../base-directory.ts";
import { compareFiles } from "../files/compare.ts";
import { describeFiles } from "../files/describe.ts";
import { maskedValue } from "../files/masked.ts";
import { buildPrompt, classesOf, unbuildable, type NodeCase } from "../node-prompt.ts";
import { fitsGlob } from "../options.ts";
import { PromptClient, statusMessage, type PromptEnd } from "../prompt-run.ts";
import { jsonFiles, readJson, type Seen } from "../recordings.ts";
import { LACKS } from "../report.ts";
import { obtainServer, unavailable, type Run } from "../run.ts";
import type { ServerUnderTest } from "../server.ts";
import { compareValue, readFloats, toleranceOf, type Comparison } from "../values.ts";
import { compareInfo } from "./info.ts";

interface ClassRecording {
  readonly class: string;
  readonly cases: readonly NodeCase[];
  readonly recorded: Float32Array;
}

/** Nothing may come from a cache: a node that does not run writes no file. */
const FLAGS = ["--cache-none"];
const PACKS = ["golden-pack"];

/** Runs all node cases in `folders`, and compares the node info that lies beside them. */
export async function runNodes(run: Run, folders: readonly string[], seen: Seen): Promise<void> {
  const recordings = (await Promise.all(folders.map((folder) => readClasses(folder, seen)))).flat();
  if (folders.length === 0 || (recordings.length === 0 && run.options.only.length > 0)) return;
  const reason = unavailable(run, [], PACKS);
  if (reason !== undefined) {
    for (const recording of recordings)
      for (const given of recording.cases) skip(run, recording, given, reason);
    return;
  }
  let server: ServerUnderTest;
  try {
    server = await obtainServer(run, FLAGS, PACKS);
  } catch (error) {
    const problems = [{ step: -1, text: (error as Error).message }];
    run.report.add({ kind: "nodes", area: "server", name: "start", problems });
    return;
  }
  try {
    const info = (await server.get("/object_info")).json() as JsonObject;
    if (run.options.areas.length === 0) await compareInfo(run, folders[0] as string, info);
    await runCases(run, server, recordings, info);
  } finally {
    await server.stop();
  }
}

async function readClasses(folder: string, seen: Seen): Promise<ClassRecording[]> {
  const classes: ClassRecording[] = [];
  for (const file of await jsonFiles(folder)) {
    const floats = file.replace(/\.json$/, ".f32");
    const bytes = existsSync(floats) ? await readFile(floats) : Buffer.alloc(0);
    if (seen.has("nodes", await readFile(file), bytes)) continue;
    const document = (await readJson(file)) as unknown as Omit<ClassRecording, "recorded">;
    classes.push({ class: document.class, cases: document.cases, recorded: readFloats(bytes) });
  }
  return classes;
}

async function runCases(
  run: Run,
  server: ServerUnderTest,
  recordings: readonly ClassRecording[],
  info: JsonObject,
): Promise<void> {
  const results = await mkdtemp(path.join(os.tmpdir(), "golden-results-"));
  const client = await PromptClient.open(server);
  try {
    for (const recording of recordings) {
      if (run.options.areas.length > 0 && !run.options.areas.includes(recording.class)) continue;
      for (const given of recording.cases) {
        if (!fitsGlob(given.name, run.options.only)) continue;
        const reason = whySkipped(server, recording, given, info);
        if (reason !== undefined) {
          skip(run, recording, given, reason);
          continue;
        }
        const text = await new CaseRun(server, client, recording, given, info, results).problem();
        const problems = text === undefined ? [] : [{ text }];
        run.report.add({ kind: "nodes", area: recording.class, name: given.name, problems });
      }
    }
  } finally {
    await client.close();
    await rm(results, { recursive: true, force: true });
  }
}

function whySkipped(
  server: ServerUnderTest,
  recording: ClassRecording,
  given: NodeCase,
  info: JsonObject,
): string | undefined {
  const lacking = classesOf(recording.class, given).find((name) => info[name] === undefined);
  if (lacking !== undefined) return LACKS + lacking;
  const kind = unbuildable(given.inputs as JsonValue);
  if (kind !== undefined) return `values of kind ${kind} cannot be built`;
  if (server.baseDirectory === undefined) return "--base is not given";
  return undefined;
}

function skip(run: Run, recording: ClassRecording, given: NodeCase, skipped: string): void {
  run.report.add({ kind: "nodes", area: recording.class, name: given.name, problems: [], skipped });
}

class CaseRun {
  readonly #server: ServerUnderTest;
  readonly #client: PromptClient;
  readonly #recording: ClassRecording;
  readonly #case: NodeCase;
  readonly #info: JsonObject;
  readonly #resultFile: string;

  constructor(
    server: ServerUnderTest,
    client: PromptClient,
    recording: ClassRecording,
    given: NodeCase,
    info: JsonObject,
    results: string,
  ) {
    this.#server = server;
    this.#client = client;
    this.#recording = recording;
    this.#case = given;
    this.#info = info[given.node_class ?? recording.class] as JsonObject;
    this.#resultFile = path.join(results, given.name.replaceAll(/[^A-Za-z0-9._-]/g, "_"));
  }

  /** Runs the case and says what differs. */
  async problem(): Promise<string | undefined> {
    const base = this.#server.baseDirectory as string;
    const { name, extra_pnginfo: pnginfo, input_files: files = [] } = this.#case;
    try {
      for (const dir of ["input", "output", "temp"]) await emptyDirectory(path.join(base, dir));
      for (const file of files) {
        await writeFixture(
          base,
          { ...file, path: `${String(file["dir"])}/${String(file["path"])}` },
          (value) => value,
        );
      }
      const slots = (this.#info["output"] as JsonValue[]).length;
      const prompt = buildPrompt(this.#recording.class, this.#case, slots, this.#resultFile);
      const end = await this.#client.run(prompt, pnginfo === undefined ? {} : { extra_pnginfo: pnginfo });
      return await this.#compare(end, prompt);
    } catch (error) {
      return `${name}: ${(error as Error).message}`;
    }
  }

  async #compare(end: PromptEnd, prompt: JsonObject): Promise<string | undefined> {
    const { expect, tolerance: given } = this.#case;
    const error = expect["error"] as JsonObject | undefined;
    if (error !== undefined) {
      const problem = compareError(error, end);
      if (problem !== undefined || expect["outputs"] === undefined) return problem;
    }
    if (end.state === "refused") return `refused with ${end.status}: ${printJson(end.answer).slice(0, 400)}`;
    const failure = statusMessage(end.history, "execution_error");
    if (failure !== undefined && error === undefined) {
      const { node_id, exception_type, exception_message } = failure;
      return `node ${String(node_id)} raised ${String(exception_type)}: ${String(exception_message).trim()}`;
    }
    const tolerance = toleranceOf(given);
    const plain = { got: new Float32Array(0), expected: this.#recording.recorded, tolerance, prompt };
    return (
      (await this.#compareOutputs(expect["outputs"] as JsonValue[] | undefined, plain)) ??
      this.#compareShown(expect, end, plain) ??
      (await this.#compareFiles(expect["files"] as JsonObject[] | undefined, plain))
    );
  }

  async #compareOutputs(
    expected: readonly JsonValue[] | undefined,
    how: Comparison,
  ): Promise<string | undefined> {
    for (const [slot, want] of (expected ?? []).entries()) {
      const file = `${this.#resultFile}.${slot}`;
      let got: JsonValue | undefined;
      let floats: Float32Array = new Float32Array(0);
      if (existsSync(`${file}.json`)) {
        const values = parseJson(await readFile(`${file}.json`, "utf8")) as JsonValue[];
        const isList = (this.#info["output_is_list"] as JsonValue[])[slot] === true;
        got = !isList && values.length === 1 ? (values[0] as JsonValue) : { $list: values };
        floats = readFloats(await readFile(`${file}.f32`));
      }
      const problem = compareValue(want, got, { ...how, got: floats }, `output ${slot}`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #compareShown(
    expect: JsonObject,
    end: Extract<PromptEnd, { state: "ended" }>,
    how: Comparison,
  ): string | undefined {
    const shown = (end.history["outputs"] as JsonObject)["1"];
    const ui = expect["ui"];
    if (ui !== undefined && shown === undefined) return "the node shows nothing";
    if (ui === undefined && shown !== undefined)
      return `ui is not expected: ${printJson(shown).slice(0, 200)}`;
    const problem =
      ui === undefined ? undefined : compareValue(ui, maskedValue(shown as JsonValue), how, "ui");
    if (problem !== undefined) return problem;
    const texts = end.texts.flatMap(({ node, text }) => (node === "1" ? [text] : []));
    return compareValue(expect["progress_text"] ?? [], texts, how, "progress_text");
  }

  async #compareFiles(
    expected: readonly JsonObject[] | undefined,
    how: Comparison,
  ): Promise<string | undefined> {
    if (expected === undefined) return undefined;
    // Files that lay there before are not recorded.
    const given = (this.#case.input_files ?? []).map(
      (file) => `${String(file["dir"])}/${String(file["path"])}`,
    );
    const { files, floats } = await describeFiles(this.#server.baseDirectory as string, new Set(given));
    return compareFiles(expected, files, { ...how, got: floats });
  }
}

/** Stage and Python type of a failure; dotted names belong to libraries and are not compared. */
function compareError(expected: JsonObject, end: PromptEnd): string | undefined {
  const { stage, errors, exception_type: type, upstream } = expected;
  if (stage === "validation") {
    if (end.state !== "refused") return "the prompt should be refused";
    const nodes = (end.answer["node_errors"] ?? {}) as Record<string, JsonObject>;
    if (upstream !== undefined && upstream !== false)
      return keysOf(nodes).length > 0 ? undefined : "no node has errors";
    const found = ((nodes["1"]?.["errors"] ?? []) as JsonObject[]).map((error): [JsonValue, JsonValue] => {
      const info = error["extra_info"];
      return [
        error["type"] ?? null,
        info !== undefined && isJsonObject(info) ? (info["input_name"] ?? null) : null,
      ];
    });
    const sorted = (pairs: JsonValue[]): string =>
      pairs
        .map((pair) => printJson(pair))
        .sort()
        .join(" ");
    const wanted = ((errors ?? []) as JsonObject[]).map((error): JsonValue => [
      error["type"] ?? null,
      error["input"] ?? null,
    ]);
    return sorted(found) === sorted(wanted)
      ? undefined
      : `validation errors ${sorted(found)}, expected ${sorted(wanted)}`;
  }
  if (end.state === "refused") return `refused with ${end.status}, but should fail while it runs`;
  const failure = statusMessage(end.history, "execution_error");
  if (failure === undefined) return `should fail with ${String(type)}`;
  if ((upstream === undefined || upstream === false) && failure["node_id"] !== "1") {
    return `node ${String(failure["node_id"])} failed, expected node 1: ${String(failure["exception_message"]).trim()}`;
  }
  if (typeof type !== "string" || type.includes(".") || failure["exception_type"] === type) return undefined;
  return `exception_type ${String(failure["exception_type"])}, expected ${type}: ${String(failure["exception_message"]).trim()}`;
}
