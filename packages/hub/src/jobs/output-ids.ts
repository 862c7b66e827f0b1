/** With assets on, every file that a node shows carries the id of its asset (section 3.20). */
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type RunMessage,
  type RunResult,
} from "@hearth/protocol";
import type { Logger } from "pino";
import { type FolderFile, isRootName } from "../assets/index.ts";

/** Makes files assets; an id for each, or `undefined` where there is no such file. */
export type RegisterOutputs = (promptId: string, files: FolderFile[]) => Promise<(string | undefined)[]>;

export class OutputIds {
  readonly #register: RegisterOutputs;
  readonly #log: Logger;

  constructor(register: RegisterOutputs, log: Logger) {
    this.#register = register;
    this.#log = log;
  }

  /** Adds the ids to what an `executed` message shows; other messages stay as they are. */
  async ofMessage(promptId: string, message: RunMessage): Promise<void> {
    if (message.kind !== "json" || message.type !== "executed") return;
    await this.#add(promptId, fileEntries((message.data as JsonObject)["output"]));
  }

  /** Adds the ids to the outputs of a whole run. */
  async ofResult(promptId: string, result: RunResult): Promise<void> {
    await this.#add(promptId, Object.values(result.outputs).flatMap(fileEntries));
  }

  async #add(promptId: string, entries: JsonObject[]): Promise<void> {
    if (entries.length === 0) return;
    try {
      const ids = await this.#register(promptId, entries as unknown as FolderFile[]);
      for (const [index, entry] of entries.entries()) {
        const id = ids[index];
        if (id !== undefined) entry["id"] = id;
      }
    } catch (error) {
      // The picture is there all the same.
      this.#log.error({ err: error, job: promptId }, "outputs could not be catalogued");
    }
  }
}

/** Entries that name a file, in all lists of one node's output. */
function fileEntries(output: JsonValue | undefined): JsonObject[] {
  if (!isJsonObject(output)) return [];
  return Object.values(output).flatMap((list) => (Array.isArray(list) ? list.filter(isFileEntry) : []));
}

function isFileEntry(value: JsonValue): value is JsonObject {
  if (!isJsonObject(value)) return false;
  const { filename, subfolder, type } = value;
  return typeof filename === "string" && typeof subfolder === "string" && isRootName(type as string);
}
