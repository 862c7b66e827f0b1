/** Pulls the files that nodes show from the ComfyUI into the hub's folders, and names them as they are called there. */
import type { FileType, JsonValue, StoredFile } from "@hearth/protocol";
import type { FileExchange } from "../files/file-exchange.ts";
import { filesIn, rename } from "../files/mentioned-files.ts";
import { type ComfyClient, Unanswered } from "./comfy-client.ts";
import { FileTransferError } from "./inputs.ts";

/** The outputs of one attempt. Each file travels once. */
export class OutputPuller {
  readonly #client: ComfyClient;
  readonly #files: FileExchange;
  /** what became of each file; `undefined`: the ComfyUI does not have it */
  readonly #pulled = new Map<string, StoredFile | undefined>();

  constructor(client: ComfyClient, files: FileExchange) {
    this.#client = client;
    this.#files = files;
  }

  /**
   * Pulls what is not there yet, and puts the names that the files got into `shown`. A file that the ComfyUI does not
   * give out keeps its name: nobody could have seen it there either.
   * @throws Unanswered, FileTransferError
   */
  async pull(shown: JsonValue): Promise<void> {
    for (const mention of filesIn(shown)) {
      const { filename, subfolder, type } = mention;
      const key = `${type}/${subfolder ?? ""}/${filename}`;
      if (!this.#pulled.has(key)) this.#pulled.set(key, await this.#pullOne(filename, subfolder ?? "", type));
      const stored = this.#pulled.get(key);
      if (stored !== undefined) rename(mention, stored);
    }
  }

  async #pullOne(filename: string, subfolder: string, type: FileType): Promise<StoredFile | undefined> {
    const query = new URLSearchParams({ filename, subfolder, type });
    const { status, stream } = await this.#client.stream(`/view?${query}`);
    if (status !== 200) {
      stream.destroy();
      if (status >= 500) {
        throw new Unanswered(
          `${this.#client.shown} answered the download of "${filename}" with ${status}`,
          true,
        );
      }
      return undefined;
    }
    let brokenOff: Error | undefined;
    stream.on("error", (error) => {
      brokenOff = error;
    });
    try {
      // A ComfyUI on Windows separates folders with backslashes.
      return await this.#files.output({ filename, subfolder: subfolder.replaceAll("\\", "/"), type }, stream);
    } catch (error) {
      stream.destroy();
      if (brokenOff !== undefined) {
        throw new Unanswered(`the download of "${filename}" broke off: ${brokenOff.message}`, true, error);
      }
      throw new FileTransferError(`"${filename}" cannot be stored: ${(error as Error).message}`, error);
    }
  }
}
