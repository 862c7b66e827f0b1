/** Reads the files of single assets out of turn: outputs of jobs, which are registered before they are read. */
import type { ScanWrites } from "../sqlite/scan-writes.ts";
import { readAsset } from "./read-asset.ts";

export class FileReader {
  readonly #writes: ScanWrites;
  readonly #ids = new Set<string>();
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(writes: ScanWrites) {
    this.#writes = writes;
  }

  /** Plans assets to be read and hashed. */
  add(ids: readonly string[]): void {
    for (const id of ids) this.#ids.add(id);
    this.#running ??= this.#readAll().finally(() => {
      this.#running = undefined;
    });
  }

  /** Leaves the rest to the next scan. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #readAll(): Promise<void> {
    for (const id of this.#ids) {
      if (this.#stopped) return;
      this.#ids.delete(id);
      const asset = this.#writes.unreadById(id);
      if (asset !== undefined) await readAsset(this.#writes, asset, true, () => !this.#stopped);
    }
  }
}
