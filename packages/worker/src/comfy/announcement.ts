/** What a ComfyUI can run: its node classes, its model files, its web extensions. */
import { createHash } from "node:crypto";
import {
  entriesOf,
  isJsonObject,
  type JsonValue,
  type NodeClassAnnouncement,
  type NodeInfo,
  parseJson,
} from "@hearth/protocol";
import type { Announcement } from "../engine-port.ts";
import { type ComfyClient, Unanswered } from "./comfy-client.ts";

/** Folders of `/models` that hold no model files: this one lists every file of every node pack. */
const NO_MODELS: ReadonlySet<string> = new Set(["custom_nodes"]);
const FOLDERS_AT_ONCE = 4;

export class AnnouncementReader {
  readonly #client: ComfyClient;
  #digest = "";
  #infoDigest = "";
  #classes: NodeClassAnnouncement[] = [];
  #outputClasses = new Map<string, boolean>();

  constructor(client: ComfyClient) {
    this.#client = client;
  }

  /** Whether a class is an output node; `undefined` for one that is not known. */
  isOutputClass(name: string): boolean | undefined {
    return this.#outputClasses.get(name);
  }

  /** What can be run now; `undefined` when it is what it was the last time. @throws Unanswered */
  async read(): Promise<Announcement | undefined> {
    const info = await this.#client.text("/object_info");
    if (info === undefined) {
      throw new Unanswered(`${this.#client.shown} is no ComfyUI: it has no /object_info`, true);
    }
    const models = await this.#models();
    const extensions = strings(await this.#client.json("/extensions"));
    const infoDigest = digestOf(info);
    const digest = digestOf(infoDigest + JSON.stringify([models, extensions]));
    if (digest === this.#digest) return undefined;
    if (infoDigest !== this.#infoDigest) this.#readClasses(info);
    this.#infoDigest = infoDigest;
    this.#digest = digest;
    return {
      classes: this.#classes,
      packs: [],
      ...(models === undefined ? {} : { models }),
      ...(extensions === undefined ? {} : { extensions }),
    };
  }

  #readClasses(text: string): void {
    let all: JsonValue;
    try {
      all = parseJson(text);
    } catch (error) {
      throw new Unanswered(`${this.#client.shown} answered /object_info with no JSON`, true, error);
    }
    const classes: NodeClassAnnouncement[] = [];
    const outputs = new Map<string, boolean>();
    for (const [name, given] of isJsonObject(all) ? entriesOf(all) : []) {
      if (!isJsonObject(given) || !isJsonObject(given["input"])) continue;
      // Packs that build their own info may forget the name, or write another one.
      if (given["name"] !== name) given["name"] = name;
      const info = given as unknown as NodeInfo;
      classes.push({ info });
      outputs.set(name, info.output_node === true);
    }
    this.#classes = classes;
    this.#outputClasses = outputs;
  }

  async #models(): Promise<Record<string, string[]> | undefined> {
    const folders = strings(await this.#client.json("/models"));
    if (folders === undefined) return undefined;
    const models: Record<string, string[]> = {};
    const left = folders.filter((folder) => !NO_MODELS.has(folder));
    for (const folder of left) models[folder] = [];
    const readNext = async (): Promise<void> => {
      for (let folder = left.shift(); folder !== undefined; folder = left.shift()) {
        models[folder] = strings(await this.#client.json(`/models/${encodeURIComponent(folder)}`)) ?? [];
      }
    };
    await Promise.all(Array.from({ length: FOLDERS_AT_ONCE }, readNext));
    return models;
  }
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function strings(value: JsonValue | undefined): string[] | undefined {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : undefined;
}
