/** A progress bar on one line of a terminal; elsewhere one line per step. */

const WIDTH = 30;

export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  #label = "";

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  /** `share` from 0 to 1. */
  show(share: number, label: string): void {
    const full = Math.round(share * WIDTH);
    const bar = `[${"█".repeat(full)}${"·".repeat(WIDTH - full)}] ${String(Math.round(share * 100)).padStart(3)} %`;
    if (this.#stream.isTTY) this.#stream.write(`\r\u001b[2K${bar}  ${label}`);
    else if (label !== this.#label) this.#stream.write(`${bar}  ${label}\n`);
    this.#label = label;
  }

  end(): void {
    if (this.#stream.isTTY) this.#stream.write("\n");
  }
}
