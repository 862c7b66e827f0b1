/**
 * Waiting for the disk beside the event loop. SQLite would wait inside COMMIT, and with it everybody whom the process
 * serves; here a thread of the runtime waits, and all who ask meanwhile share the next wait.
 */
import { open, type FileHandle } from "node:fs/promises";

export class DiskSync {
  readonly #file: FileHandle;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** `path`: a file that exists and stays the same one until `close`. */
  static async open(path: string): Promise<DiskSync> {
    return new DiskSync(await open(path, "r+"));
  }

  /** Resolves when what was written to the file before this call is on the disk. @throws the error of the disk */
  written(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    // The wait in progress may have begun before the last write: only the one after it is sure to cover that.
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#next;
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const running = this.#file.datasync().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async close(): Promise<void> {
    await this.#running?.catch(() => undefined);
    await this.#next?.catch(() => undefined);
    await this.#file.close();
  }
}
