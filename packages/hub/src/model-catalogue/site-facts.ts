/** The part of a model site's answer that is of use here. */
import { isJsonObject, type JsonObject, type JsonValue } from "@hearth/protocol";
import type { ModelHosts } from "../downloads/hosts.ts";

const MAX_PICTURES = 6;
const MAX_WORDS = 64;

/** Facts of a model version as the site describes it; what it leaves out is null or empty. */
export function factsOf(version: JsonObject, hosts: ModelHosts): JsonObject {
  const model = isJsonObject(version["model"]) ? version["model"] : {};
  const modelId = numberOf(version["modelId"]);
  const versionId = numberOf(version["id"]);
  return {
    source: "civitai",
    model_id: modelId,
    version_id: versionId,
    name: textOf(model["name"]),
    version_name: textOf(version["name"]),
    type: textOf(model["type"]),
    base_model: textOf(version["baseModel"]),
    nsfw: model["nsfw"] === true,
    trigger_words: listOf(version["trainedWords"])
      .filter((word) => typeof word === "string")
      .slice(0, MAX_WORDS),
    pictures: listOf(version["images"]).flatMap(pictureOf).slice(0, MAX_PICTURES),
    download_url: webAddress(version["downloadUrl"]),
    page_url:
      modelId === null || versionId === null
        ? null
        : `${hosts.civitai.replace(/\/+$/, "")}/models/${modelId}?modelVersionId=${versionId}`,
  };
}

function pictureOf(value: JsonValue): JsonObject[] {
  if (!isJsonObject(value)) return [];
  const url = webAddress(value["url"]);
  if (url === null) return [];
  return [{ url, width: numberOf(value["width"]), height: numberOf(value["height"]) }];
}

/** Pages put these into links, so nothing but the web's own schemes passes. */
function webAddress(value: JsonValue | undefined): string | null {
  return typeof value === "string" && /^https?:\/\//i.test(value) && URL.canParse(value) ? value : null;
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}

function numberOf(value: JsonValue | undefined): number | null {
  return typeof value === "number" ? value : null;
}

function listOf(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}
