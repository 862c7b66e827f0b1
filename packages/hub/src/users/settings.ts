/** Settings of a user: `comfy.settings.json` in the user's folder (section 3.15). */
import { readFile, rename } from "node:fs/promises";
import path from "node:path";
import {
  entriesOf,
  isJsonObject,
  type JsonObject,
  JsonSyntaxError,
  type JsonValue,
  objectFrom,
  parseJson,
  printJson,
} from "@hearth/protocol";
import { exclusively } from "./file-lock.ts";
import type { Users } from "./users.ts";
import { writeWhole } from "./whole-file.ts";

const NAME = "comfy.settings.json";

/** Reads and writes settings; any number of clients and processes may do so at the same time. */
export class Settings {
  readonly #users: Users;

  constructor(users: Users) {
    this.#users = users;
  }

  /** All settings of a user in the order in which they came; none when the file is absent or broken. */
  async read(user: string): Promise<JsonObject> {
    return (await load(this.#fileOf(user))) ?? {};
  }

  /** The value of one setting; `null` when there is none. */
  async get(user: string, id: string): Promise<JsonValue> {
    const settings = await this.read(user);
    return Object.hasOwn(settings, id) ? (settings[id] as JsonValue) : null;
  }

  /**
   * Sets all members of `values`, and leaves the others as they are. Reading and writing are one step that nobody else
   * gets between, so of two that change different settings neither is lost. A broken file is kept under another name.
   * @throws HttpError 503 when another process holds the settings for too long
   */
  async merge(user: string, values: JsonObject): Promise<void> {
    const file = this.#fileOf(user);
    await exclusively(this.#users.systemFile("settings.lock"), async () => {
      const settings = await load(file);
      if (settings === undefined) await rename(file, `${file}.broken`);
      const merged = new Map([...entriesOf(settings ?? {}), ...entriesOf(values)]);
      await writeWhole(this.#users.folder, file, printJson(objectFrom(merged), "indent4"));
    });
  }

  #fileOf(user: string): string {
    return path.join(this.#users.folderOf(user), NAME);
  }
}

/** `{}` when there is no file, `undefined` when it does not hold an object. */
async function load(file: string): Promise<JsonObject | undefined> {
  try {
    const settings = parseJson(await readFile(file, "utf8"));
    return isJsonObject(settings) ? settings : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}
