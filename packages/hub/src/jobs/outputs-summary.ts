/** What the jobs list says of a job's outputs: how many, how many can be previewed, and the one to show (section 3.8). */
import { entriesOf, isJsonObject, type JsonObject, type JsonValue } from "@hearth/protocol";

const SOLID = [".obj", ".fbx", ".gltf", ".glb", ".usdz"];
const TEXT = [".txt", ".md", ".json"];
const MEDIA_KEYS = new Set(["images", "video", "audio", "3d", "text"]);
/** A raw text in the list is cut after this many characters. */
const TEXT_LIMIT = 1024;

export interface OutputsSummary {
  readonly outputsCount: number;
  readonly previewableCount: number;
  readonly previewOutput: JsonObject | undefined;
}

function hasExtension(name: JsonValue | undefined, extensions: readonly string[]): boolean {
  if (typeof name !== "string") return false;
  const lower = name.toLowerCase();
  return extensions.some((extension) => lower.endsWith(extension));
}

/** A bare file name of a model becomes an item like any other. */
function asItem(value: JsonValue): JsonValue {
  return hasExtension(value, SOLID)
    ? { filename: value, type: "output", subfolder: "", mediaType: "3d" }
    : value;
}

/** The outputs as the detail of a job shows them: no nulls, model files as items. */
export function normalizedOutputs(outputs: JsonObject): JsonObject {
  const copy: JsonObject = {};
  for (const [nodeId, output] of entriesOf(outputs)) {
    if (!isJsonObject(output)) continue;
    const node: JsonObject = {};
    for (const [key, value] of entriesOf(output)) {
      node[key] =
        Array.isArray(value) && key !== "animated"
          ? value.filter((item) => item !== null).map(asItem)
          : value;
    }
    copy[nodeId] = node;
  }
  return copy;
}

interface Item {
  readonly nodeId: string;
  readonly key: string;
  readonly value: JsonValue;
}

function* items(outputs: JsonObject): Generator<Item> {
  for (const [nodeId, output] of entriesOf(outputs)) {
    if (!isJsonObject(output)) continue;
    for (const [key, list] of entriesOf(output)) {
      if (key === "animated" || !Array.isArray(list)) continue;
      for (const value of list) if (value !== null) yield { nodeId, key, value: asItem(value) };
    }
  }
}

function isPreviewable(key: string, item: JsonObject): boolean {
  const format = item["format"];
  return (
    MEDIA_KEYS.has(key) ||
    (typeof format === "string" && (format.startsWith("video/") || format.startsWith("audio/"))) ||
    hasExtension(item["filename"], [...SOLID, ...TEXT])
  );
}

function shown({ nodeId, key, value }: Item): JsonObject {
  const item = value as JsonObject;
  return { ...item, nodeId, mediaType: item["mediaType"] ?? key };
}

/** Counts the outputs and picks the one to show: saved media first, then other media, then text. */
export function summarizeOutputs(outputs: JsonObject): OutputsSummary {
  const all = [...items(outputs)];
  const objects = all.filter((item) => isJsonObject(item.value));
  const previewable = objects.filter((item) => isPreviewable(item.key, item.value as JsonObject));
  const isText = (item: Item): boolean =>
    item.key === "text" || hasExtension((item.value as JsonObject)["filename"], TEXT);
  const media = previewable.filter((item) => !isText(item));
  const file =
    media.find((item) => (item.value as JsonObject)["type"] === "output") ??
    media[0] ??
    previewable.find(isText);
  const previewOutput = file === undefined ? firstText(all) : shown(file);
  return { outputsCount: objects.length, previewableCount: previewable.length, previewOutput };
}

function firstText(all: readonly Item[]): JsonObject | undefined {
  const text = all.find((item) => item.key === "text" && typeof item.value === "string");
  if (text === undefined) return undefined;
  const content = text.value as string;
  const characters = [...content];
  const cut = characters.length > TEXT_LIMIT;
  return {
    content: cut ? characters.slice(0, TEXT_LIMIT).join("") : content,
    nodeId: text.nodeId,
    mediaType: "text",
    ...(cut ? { truncated: true } : {}),
  };
}
