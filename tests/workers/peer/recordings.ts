/** The message sequences that a real ComfyUI sent, found in `tests/golden/ws` by the graph that was submitted. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { entriesOf, isJsonObject, type JsonObject, type JsonValue, parseJson } from "@hearth/protocol";

const FOLDER = fileURLToPath(new URL("../../golden/ws", import.meta.url));

export interface Recording {
  readonly name: string;
  readonly prompt: JsonObject;
  readonly promptId: string;
  /** frame patterns from `execution_start` to the end, without `status` and the closing `executing` */
  readonly frames: readonly JsonObject[];
  /** the client had asked for previews with metadata */
  readonly previewMetadata: boolean;
  /** types of messages that the recording left out */
  readonly left: readonly string[];
}

/** Classes that show something; a recording with another one in its place says other things. */
const SHOWS: ReadonlySet<string> = new Set([
  ...["SaveImage", "PreviewImage", "PreviewAny", "SaveImageWebsocket", "TestSyncError", "TestAsyncError"],
  ...["TestAsyncTimeout", "TestExecutionBlocker", "TestOutputNodeWithSocketOutput", "LoadImage"],
]);

const object = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});
const list = (value: JsonValue | undefined): JsonValue[] => (Array.isArray(value) ? value : []);

/** The kind of graph: node ids and their classes. */
export function shapeOf(prompt: JsonObject): string {
  return entriesOf(prompt)
    .map(([id, node]) => `${id}:${String(object(node)["class_type"])}`)
    .sort()
    .join(" ");
}

/** What decides the sequence of a graph's messages: its node ids, its links, and who shows something at the end. */
function wiringOf(prompt: JsonObject): string {
  return entriesOf(prompt)
    .map(([id, node]) => {
      const { class_type: name, inputs } = object(node);
      const links = entriesOf(object(inputs)).flatMap(([, value]) =>
        Array.isArray(value) ? [value[0]] : [],
      );
      return `${id}:${links.join(",")}${SHOWS.has(String(name)) ? String(name) : ""}`;
    })
    .sort()
    .join(" ");
}

/** A sequence operator is one of the orders that it allows. */
function flat(patterns: readonly JsonValue[]): JsonObject[] {
  return patterns.flatMap((pattern) => {
    const { "<set>": set, "<merge>": merge, "<some>": some, "<maybe>": maybe } = object(pattern);
    if (set !== undefined) return flat(list(set));
    if (merge !== undefined) return list(merge).flatMap((part) => flat(list(part)));
    if (some !== undefined || maybe !== undefined) return [];
    return [object(pattern)];
  });
}

const typeOf = (frame: JsonObject): JsonValue | undefined => object(frame["json"])["type"];

function isRunFrame(frame: JsonObject): boolean {
  if (frame["json"] === undefined) return frame["binary"] !== undefined;
  return (
    typeOf(frame) !== "status" &&
    !(typeOf(frame) === "executing" && object(object(frame["json"])["data"])["node"] === null)
  );
}

/** The first run of a scenario that its socket heard from start to end. */
function* runsOf(scenario: JsonObject): Generator<Recording> {
  let prompt: JsonObject | undefined;
  let promptId = "";
  let previewMetadata = false;
  for (const step of list(scenario["steps"]).map(object)) {
    const said = object(object(step["ws_send"])["json"]);
    if (said["type"] === "feature_flags")
      previewMetadata = object(said["data"])["supports_preview_metadata"] === true;
    const request = object(step["request"]);
    if (request["path"] === "/prompt") {
      // What runs after another prompt may be cached.
      if (prompt !== undefined) return;
      const body = object(object(request["body"])["json"]);
      prompt = object(body["prompt"]);
      promptId = String(body["prompt_id"]);
    }
    if (step["collect"] === undefined || prompt === undefined) continue;
    const frames = flat(list(step["expect"])).filter(isRunFrame);
    const left = list(object(step["collect"])["ignore"]).map(String);
    if (typeOf(frames[0] ?? {}) !== "execution_start") continue;
    if (left.includes("executed") || left.includes("executing")) continue;
    yield { name: String(scenario["name"]), prompt, promptId, frames, previewMetadata, left };
    return;
  }
}

/** Every recorded run. */
export function readRecordings(): Recording[] {
  const recordings: Recording[] = [];
  for (const file of readdirSync(FOLDER).sort()) {
    const { scenarios } = object(parseJson(readFileSync(path.join(FOLDER, file), "utf8")));
    for (const scenario of list(scenarios)) recordings.push(...runsOf(object(scenario)));
  }
  return recordings;
}

/** The fullest recording of this graph, else of one that is wired like it. */
export function findRecording(
  recordings: readonly Recording[],
  prompt: JsonObject,
  previewMetadata: boolean,
): Recording | undefined {
  const shape = shapeOf(prompt);
  const rank = (recording: Recording): number =>
    (recording.previewMetadata === previewMetadata ? 0 : 100) +
    recording.left.length +
    (recording.frames.some((frame) => typeOf(frame) === "execution_interrupted") ? 10 : 0);
  const best = (isLike: (recording: Recording) => boolean): Recording | undefined =>
    recordings.filter(isLike).sort((a, b) => rank(a) - rank(b))[0];
  const same = best((recording) => shapeOf(recording.prompt) === shape);
  if (same !== undefined) return same;
  const wiring = wiringOf(prompt);
  return best((recording) => wiringOf(recording.prompt) === wiring);
}

/** A value as the server said it: placeholders and operators become what they stand for. */
export function fill(pattern: JsonValue, promptIds: readonly [recorded: string, now: string]): JsonValue {
  if (typeof pattern === "string") {
    if (pattern === promptIds[0]) return promptIds[1];
    if (pattern === "<ms>") return Date.now();
    if (pattern === "<traceback>") return ['  File "nodes.py", line 1, in execute\n', "    raise\n"];
    if (pattern === "<string>") return "tensor([[[[0., 0., 0.]]]])";
    if (/^<[a-z-]+>$/.test(pattern) && pattern !== "<temp-prefix>")
      throw new Error(`no value for ${pattern}`);
    return pattern;
  }
  if (Array.isArray(pattern)) return pattern.map((item) => fill(item, promptIds));
  if (!isJsonObject(pattern)) return pattern;
  const anyOrder = pattern["<any-order>"];
  if (anyOrder !== undefined) return fill(anyOrder, promptIds);
  const filled: JsonObject = {};
  for (const [key, value] of entriesOf(pattern)) {
    if (key.startsWith("<")) throw new Error(`no value for ${key}`);
    filled[key] = fill(value, promptIds);
  }
  return filled;
}
