/**
 * What a worker says that it can run. Node classes of a ComfyUI were written by many people, and a few declare what
 * nobody can read: such a class is left out, and the others count.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@hearth/protocol";
import { LinkError, textOf } from "./link-error.ts";

const MOST_EXTENSIONS = 20_000;
const LONGEST_PATH = 4_096;

/** Checks the message, and removes classes that cannot be read. @throws LinkError */
export function checkAnnouncement(message: JsonObject): void {
  const { classes, packs, models, extensions } = message;
  if (!Array.isArray(classes)) throw new LinkError("classes must be a list");
  message["classes"] = classes.filter((announced) => isAnnounced(announced));
  if (!Array.isArray(packs)) throw new LinkError("packs must be a list");
  for (const pack of packs) checkPack(pack);
  if (models !== undefined) {
    if (!isJsonObject(models)) throw new LinkError("models must be an object");
    if (!Object.values(models).every(isTexts)) throw new LinkError("models must be lists of names");
  }
  if (extensions !== undefined) {
    if (!isTexts(extensions) || (extensions as string[]).length > MOST_EXTENSIONS) {
      throw new LinkError("extensions must be a list of paths");
    }
    message["extensions"] = (extensions as string[]).filter(
      (path) => path.startsWith("/extensions/") && path.length <= LONGEST_PATH,
    );
  }
}

function checkPack(value: JsonValue): void {
  if (!isJsonObject(value)) throw new LinkError("a pack must be an object");
  textOf(value["name"], "the name of a pack", 1_000);
  textOf(value["folder"], "the folder of a pack", LONGEST_PATH);
  for (const field of ["problem", "web"])
    if (value[field] !== undefined) textOf(value[field], field, 100_000);
}

function isAnnounced(value: JsonValue): boolean {
  if (!isJsonObject(value)) return false;
  const { info, lists, validates } = value;
  if (info === undefined || !isNodeInfo(info)) return false;
  if (validates !== undefined && validates !== "*" && !isTexts(validates)) return false;
  return lists === undefined || (Array.isArray(lists) && lists.every(isFileList));
}

function isNodeInfo(info: JsonValue): boolean {
  if (!isJsonObject(info) || typeof info["name"] !== "string" || info["name"] === "") return false;
  const { input, input_order: order, output, output_is_list: isList, output_name: names } = info;
  if (input === undefined || !isJsonObject(input) || order === undefined || !isJsonObject(order))
    return false;
  if (!Object.values(order).every(isTexts)) return false;
  for (const group of ["required", "optional"]) {
    const declared = input[group];
    if (declared === undefined) continue;
    if (!isJsonObject(declared) || !Object.values(declared).every(isDeclaration)) return false;
  }
  if (input["hidden"] !== undefined && !isJsonObject(input["hidden"])) return false;
  if (!Array.isArray(output) || !Array.isArray(isList) || !Array.isArray(names)) return false;
  return output.every((type) => typeof type === "string" || Array.isArray(type));
}

/** `[type, options?]` */
function isDeclaration(value: JsonValue): boolean {
  if (!Array.isArray(value)) return false;
  const [type, options] = value;
  if (typeof type !== "string" && !Array.isArray(type)) return false;
  return options === undefined || isJsonObject(options);
}

function isFileList(value: JsonValue): boolean {
  if (!isJsonObject(value) || typeof value["folder"] !== "string") return false;
  const { path, media, extensions, fixed, also } = value;
  const isPath =
    Array.isArray(path) && path.every((step) => typeof step === "string" || Number.isInteger(step));
  return isPath && [media, extensions, fixed, also].every((texts) => texts === undefined || isTexts(texts));
}

function isTexts(value: JsonValue): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}
