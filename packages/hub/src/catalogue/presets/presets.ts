/** Presets: catalogue workflows with saved parameters, `STUDIO_DIR/presets/<id>.json` each. */
import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { isJsonObject, type JsonObject, JsonSyntaxError, parseJson, printJson } from "@hearth/protocol";
import Type from "typebox";
import { faults, plain } from "../../http/validate.ts";

export const PRESET_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const ENDING = ".json";

/** A preset as it is made, imported and exported. */
export const PresetSchema = Type.Object({
  id: Type.Optional(Type.String({ pattern: PRESET_ID.source })),
  name: Type.String({ minLength: 1, maxLength: 200 }),
  description: Type.Optional(Type.String()),
  /** not offered to the public (the Telegram bot) */
  private: Type.Optional(Type.Boolean()),
  workflow: Type.Object({
    workflow_id: Type.String({ minLength: 1 }),
    workflow_name: Type.Optional(Type.String()),
    params: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  }),
  /** where it comes from; kept as it is */
  source: Type.Optional(Type.Unknown()),
});

export interface Preset {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly private: boolean;
  readonly workflow: {
    readonly workflow_id: string;
    readonly workflow_name: string;
    readonly params: JsonObject;
  };
  readonly source?: JsonObject[string];
}

export class UnknownPresetError extends Error {
  constructor(id: string) {
    super(`there is no preset '${id}'`);
    this.name = "UnknownPresetError";
  }
}

export class PresetExistsError extends Error {
  constructor(id: string) {
    super(`there is a preset '${id}' already`);
    this.name = "PresetExistsError";
  }
}

/** The text or object is no preset; the message names the fields. */
export class PresetError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "PresetError";
  }
}

export class Presets {
  readonly #folder: string;

  /** @param folder need not exist */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** All presets by id; files that are no presets are left out. */
  async list(): Promise<Preset[]> {
    const names = await readdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
    const found: Preset[] = [];
    for (const name of names.filter((name) => name.endsWith(ENDING)).sort()) {
      const id = name.slice(0, -ENDING.length);
      try {
        if (PRESET_ID.test(id)) found.push(await this.get(id));
      } catch (error) {
        if (!(error instanceof PresetError || error instanceof UnknownPresetError)) throw error;
      }
    }
    return found;
  }

  /** @throws UnknownPresetError, PresetError when the file is broken */
  async get(id: string): Promise<Preset> {
    let text: string;
    try {
      text = await readFile(this.#file(id), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new UnknownPresetError(id);
      throw error;
    }
    try {
      return { ...readPreset(parseJson(text)), id };
    } catch (error) {
      if (error instanceof JsonSyntaxError)
        throw new PresetError(`preset '${id}' is not JSON: ${error.message}`);
      throw error;
    }
  }

  /** @throws PresetExistsError unless it may replace one */
  async put(preset: Preset, overwrite = false): Promise<void> {
    const file = this.#file(preset.id);
    await mkdir(this.#folder, { recursive: true });
    const temporary = path.join(this.#folder, `.new-${randomUUID()}`);
    try {
      await writeFile(temporary, printPreset(preset));
      if (overwrite) await rename(temporary, file);
      else await link(temporary, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") throw new PresetExistsError(preset.id);
      throw error;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** @throws UnknownPresetError, PresetExistsError when the new id is taken */
  async rename(id: string, newId: string, name: string | undefined): Promise<Preset> {
    const preset = await this.get(id);
    const renamed = { ...preset, id: newId, name: name ?? preset.name };
    await this.put(renamed, newId === id);
    if (newId !== id) await this.remove(id);
    return renamed;
  }

  /** @throws UnknownPresetError */
  async remove(id: string): Promise<void> {
    try {
      await rm(this.#file(id));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new UnknownPresetError(id);
      throw error;
    }
  }

  #file(id: string): string {
    if (!PRESET_ID.test(id)) throw new UnknownPresetError(id);
    return path.join(this.#folder, id + ENDING);
  }
}

/**
 * A preset from what somebody sent, with exact numbers. Without an id it gets one from its name.
 * @throws PresetError
 */
export function readPreset(value: JsonObject[string]): Preset {
  const wrong = faults(PresetSchema, plain(value));
  if (wrong !== undefined || !isJsonObject(value)) throw new PresetError(wrong ?? "a preset is an object");
  const workflow = value["workflow"] as JsonObject;
  const { source } = value;
  const workflowId = workflow["workflow_id"] as string;
  return {
    id: (value["id"] as string | undefined) ?? presetId(value["name"] as string),
    name: value["name"] as string,
    description: (value["description"] as string | undefined) ?? "",
    private: (value["private"] as boolean | undefined) ?? false,
    workflow: {
      workflow_id: workflowId,
      workflow_name: (workflow["workflow_name"] as string | undefined) ?? workflowId,
      params: (workflow["params"] as JsonObject | undefined) ?? {},
    },
    ...(source === undefined ? {} : { source }),
  };
}

/** The text of a preset's file. */
export function printPreset(preset: Preset): string {
  return `${printJson(preset, "indent2")}\n`;
}

/** An id from a name: `My café №1` → `my-cafe-1`. @throws PresetError when nothing of it is left */
export function presetId(name: string): string {
  const id = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[\u0300-\u036f]/g, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 100);
  if (id === "") throw new PresetError(`no id can be made of the name ${JSON.stringify(name)}: give one`);
  return id;
}
