/** Runs whole workflows and compares what they saved with what was recorded. */
import { existsSync } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import path from "node:path";
import { entriesOf, isJsonObject, printJson, type JsonObject, type JsonValue } from "@hearth/protocol";
import { emptyDirectory } from "../base-directory.ts";
import { fitsGlob } from "../options.ts";
import { compareSavedFile, type Closeness } from "../files/saved.ts";
import { short } from "../json-values.ts";
import { PromptClient, statusMessage } from "../prompt-run.ts";
import { readJson, type Seen } from "../recordings.ts";
import { LACKS } from "../report.ts";
import { obtainServer, unavailable, type Run } from "../run.ts";
import type { ServerUnderTest } from "../server.ts";
import { compareValue } from "../values.ts";

interface Workflow {
  readonly folder: string;
  readonly name: string;
  /** `made`, `real`, `blueprint` */
  readonly kind: string;
  readonly compare: Closeness;
  readonly prompt: JsonObject;
  readonly expected: JsonObject;
  readonly classes: readonly string[];
  readonly media: readonly string[];
}

const EXACT = { got: new Float32Array(0), expected: new Float32Array(0), tolerance: { abs: 0, rel: 0 } };

/** Runs the workflows that the `index.json` of each folder lists. */
export async function runWorkflows(run: Run, folders: readonly string[], seen: Seen): Promise<void> {
  const all = (await Promise.all(folders.map((folder) => readWorkflows(folder, seen)))).flat();
  const { only, areas } = run.options;
  const workflows = all.filter(
    ({ name, kind }) => fitsGlob(name, only) && (areas.length === 0 || areas.includes(kind)),
  );
  if (workflows.length === 0) return;
  // A cached saver writes nothing, and every case starts with empty folders.
  const flags = run.options.url === undefined ? ["--cache-none"] : [];
  let server: ServerUnderTest;
  const reason = unavailable(run, flags, []);
  try {
    server = await obtainServer(run, flags, []);
  } catch (error) {
    const problems = [{ step: -1, text: (error as Error).message }];
    run.report.add({ kind: "workflows", area: "server", name: "start", problems });
    return;
  }
  try {
    const info = (await server.get("/object_info")).json() as JsonObject;
    const client = await PromptClient.open(server);
    for (const workflow of workflows) {
      const outcome = { kind: "workflows", area: workflow.kind, name: workflow.name };
      const lacking = workflow.classes.find((name) => info[name] === undefined);
      const skipped = reason ?? (lacking === undefined ? missingBase(server) : LACKS + lacking);
      if (skipped !== undefined) run.report.add({ ...outcome, problems: [], skipped });
      else {
        const problems = await problemsOf(server, client, workflow);
        run.report.add({ ...outcome, problems: problems.map((text) => ({ text })) });
      }
    }
    await client.close();
  } finally {
    await server.stop();
  }
}

function missingBase(server: ServerUnderTest): string | undefined {
  return server.baseDirectory === undefined ? "--base is not given" : undefined;
}

async function readWorkflows(folder: string, seen: Seen): Promise<Workflow[]> {
  const workflows: Workflow[] = [];
  for (const entry of (await readJson(path.join(folder, "index.json"))) as JsonObject[]) {
    const prompt = await readFile(path.join(folder, String(entry["prompt"])));
    const expected = await readFile(path.join(folder, String(entry["expected"])));
    if (seen.has("workflow", prompt, expected)) continue;
    workflows.push({
      folder,
      name: String(entry["name"]),
      kind: String(entry["kind"]),
      compare: entry["compare"] as Closeness,
      prompt: (await readJson(path.join(folder, String(entry["prompt"])))) as JsonObject,
      expected: (await readJson(path.join(folder, String(entry["expected"])))) as JsonObject,
      classes: entry["classes"] as string[],
      media: entry["media"] as string[],
    });
  }
  return workflows;
}

async function problemsOf(
  server: ServerUnderTest,
  client: PromptClient,
  workflow: Workflow,
): Promise<string[]> {
  const base = server.baseDirectory as string;
  try {
    for (const dir of ["input", "output", "temp"]) await emptyDirectory(path.join(base, dir));
    for (const file of workflow.media) {
      await copyFile(path.join(workflow.folder, "input", file), path.join(base, "input", file));
    }
    const end = await client.run(workflow.prompt);
    if (end.state === "refused")
      return [`refused with ${end.status}: ${printJson(end.answer).slice(0, 400)}`];
    const failure = statusMessage(end.history, "execution_error");
    if (failure !== undefined) {
      const { node_id, node_type, exception_message } = failure;
      return [`node ${String(node_id)} (${String(node_type)}) failed: ${String(exception_message).trim()}`];
    }
    return await compareOutputs(workflow, end.history["outputs"] as JsonObject, base);
  } catch (error) {
    return [(error as Error).message];
  }
}

/** Every node that shows something, key by key; entries that name files are compared with the files. */
async function compareOutputs(workflow: Workflow, got: JsonObject, base: string): Promise<string[]> {
  const expected = workflow.expected["outputs"] as Record<string, JsonObject>;
  const problems: string[] = [];
  const extra = Object.keys(got).filter((id) => expected[id] === undefined);
  if (extra.length > 0) problems.push(`nodes ${extra.join(", ")} show something, which is not expected`);
  for (const [id, shown] of Object.entries(expected)) {
    const node = got[id];
    if (node === undefined || !isJsonObject(node)) {
      problems.push(`node ${id} shows nothing`);
      continue;
    }
    const keys = [Object.keys(shown), Object.keys(node)].map((names) => names.sort().join(", "));
    if (keys[0] !== keys[1]) problems.push(`node ${id}: shows ${keys[1]}, expected ${keys[0]}`);
    for (const [key, values] of entriesOf(shown)) {
      problems.push(
        ...(await compareList(workflow, values as JsonValue[], node[key], base, `node ${id}.${key}`)),
      );
    }
  }
  return problems;
}

async function compareList(
  workflow: Workflow,
  expected: readonly JsonValue[],
  got: JsonValue | undefined,
  base: string,
  place: string,
): Promise<string[]> {
  if (!Array.isArray(got) || got.length !== expected.length) {
    return [`${place}: ${short(got)}, expected ${expected.length} entries`];
  }
  const problems: string[] = [];
  for (const [index, entry] of expected.entries()) {
    const where = `${place}[${index}]`;
    const value = got[index] as JsonValue;
    const problem =
      isJsonObject(entry) && entry["file"] !== undefined
        ? await compareEntry(workflow, entry, value, base)
        : compareValue(entry, value, EXACT, where);
    if (problem !== undefined) problems.push(problem.startsWith(where) ? problem : `${where}: ${problem}`);
  }
  return problems;
}

async function compareEntry(
  workflow: Workflow,
  entry: JsonObject,
  got: JsonValue,
  base: string,
): Promise<string | undefined> {
  if (!isJsonObject(got)) return `expected a file, got ${short(got)}`;
  const name = String(got["filename"]);
  if (!new RegExp(`^(?:${String(entry["filename_pattern"])})$`).test(name)) {
    return `file name ${name}, expected ${String(entry["filename_pattern"])}`;
  }
  for (const key of ["subfolder", "type"]) {
    if (got[key] !== entry[key]) return `${key} ${short(got[key])}, expected ${short(entry[key])}`;
  }
  const file = path.join(base, String(got["type"]), String(got["subfolder"]), name);
  if (!existsSync(file)) return `${name} was not written`;
  return compareSavedFile(workflow.folder, entry["file"] as JsonObject, file, workflow.compare);
}
