/**
 * The node classes that workers announced. They are kept in the database, so that `/object_info` and validation answer
 * from the first moment, before any worker has dialled.
 */
import { type NodeClassAnnouncement, parseJson, printJson } from "@hearth/protocol";
import type { JobStore } from "@hearth/jobs";

const KEY = "native";

export class NodeCatalog {
  readonly #store: Pick<JobStore, "saveNodes" | "loadNodes">;
  #classes = new Map<string, NodeClassAnnouncement>();
  #text = "";
  #version = 0;
  readonly #known = Promise.withResolvers<void>();

  constructor(store: Pick<JobStore, "saveNodes" | "loadNodes">) {
    this.#store = store;
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  get announcements(): IterableIterator<NodeClassAnnouncement> {
    return this.#classes.values();
  }

  get(name: string): NodeClassAnnouncement | undefined {
    return this.#classes.get(name);
  }

  /** Resolves once any classes are known. */
  whenKnown(): Promise<void> {
    return this.#known.promise;
  }

  /** Takes over what the last run knew. */
  async load(): Promise<void> {
    const text = await this.#store.loadNodes(KEY);
    if (text !== undefined) this.#set(text, parseJson(text) as unknown as NodeClassAnnouncement[]);
  }

  /** Takes what a worker announces; it is written down only when it is new. */
  async announce(classes: readonly NodeClassAnnouncement[]): Promise<void> {
    const text = printJson(classes, "compact");
    if (text === this.#text) return;
    this.#set(text, classes);
    await this.#store.saveNodes(KEY, text);
  }

  #set(text: string, classes: readonly NodeClassAnnouncement[]): void {
    this.#text = text;
    this.#classes = new Map(classes.map((announced) => [announced.info.name, announced]));
    this.#version += 1;
    this.#known.resolve();
  }
}
