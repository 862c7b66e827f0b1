/** How files of jobs travel between a worker and its hub: over a disk that both see, or over the link's server. */
import type { Readable } from "node:stream";
import type { InputFile, StoredFile } from "@hearth/protocol";

export interface FileExchange {
  /**
   * A local file with the content of an input, which stays for the time that a prompt needs to take it; the BLAKE3 hash of
   * its content. @throws when the hub does not have it or cannot be reached
   */
  input(file: InputFile): Promise<{ readonly path: string; readonly hash: string }>;
  /**
   * Keeps an output in the hub's folder of its type. It keeps its name, unless the name belongs to other content there:
   * then the next free number of `<prefix>_<number>_.<ext>`, or ` (1)` before the extension. Gives the name it got.
   */
  output(file: StoredFile, content: Readable): Promise<StoredFile>;
}
