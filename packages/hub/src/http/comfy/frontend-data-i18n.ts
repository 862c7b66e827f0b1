/** `/i18n` (section 3.18): the translations that packs bring along. */
import path from "node:path";
import { entriesOf, isJsonObject, type JsonObject, type JsonValue, objectFrom } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import { DirectoryCache } from "../../files/directory-cache.ts";
import { byCodePoint } from "../../files/file-lists.ts";
import { sendJson } from "../answers.ts";
import { twin } from "../twin.ts";
import type { Pack } from "../../nodes/pack-folders.ts";
import { JsonFiles } from "./frontend-data-json.ts";

/** Files beside `main.json` that each replace one key of it. */
const PARTS = ["nodeDefs", "commands", "settings"];

export function registerI18n(app: FastifyInstance, packs: () => readonly Pack[]): void {
  const files = new JsonFiles();
  const cache = new DirectoryCache();

  twin(app, "GET", "/i18n", async (_request, reply) => {
    const languages = new Map<string, JsonObject>();
    for (const { folder } of [...packs()].sort((one, other) => byCodePoint(one.name, other.name))) {
      const locales = path.join(folder, "locales");
      for (const language of [...cache.directories(locales)].sort(byCodePoint)) {
        const texts = await textsOf(files, path.join(locales, language));
        languages.set(language, merge(languages.get(language) ?? {}, texts) as JsonObject);
      }
    }
    return sendJson(reply, objectFrom(languages));
  });
}

/** What one pack says in one language. */
async function textsOf(files: JsonFiles, folder: string): Promise<JsonObject> {
  const texts = new Map(entriesOf(await files.read(path.join(folder, "main.json"))));
  for (const part of PARTS) {
    const value = await files.read(path.join(folder, `${part}.json`));
    if (Object.keys(value).length > 0) texts.set(part, value);
  }
  return objectFrom(texts);
}

/** Objects member by member, lists one after the other; else `added` counts. */
function merge(known: JsonValue, added: JsonValue): JsonValue {
  if (Array.isArray(known) && Array.isArray(added)) return [...known, ...added];
  if (!isJsonObject(known) || !isJsonObject(added)) return added;
  const merged = new Map(entriesOf(known));
  for (const [key, value] of entriesOf(added)) {
    const before = merged.get(key);
    merged.set(key, before === undefined ? value : merge(before, value));
  }
  return objectFrom(merged);
}
