/** Answers that many clients ask for again and again, each valid for one state of the database. */

/** Clients ask for few different pages; more than this are not worth keeping. */
const MAX_ANSWERS = 16;
const MAX_BYTES = 64 * 1024 * 1024;

export class AnswerCache {
  #version = -1;
  #bytes = 0;
  readonly #texts = new Map<string, Buffer>();

  /**
   * The text kept under `key` for this version of the database, else the one that `make` gives, which is kept.
   * `key` names all that the answer depends on. Only what is asked for after the version was read may go into the text.
   */
  async text(version: number, key: string, make: () => Promise<string>): Promise<Buffer> {
    if (version !== this.#version) {
      this.#texts.clear();
      this.#bytes = 0;
      this.#version = version;
    }
    const kept = this.#texts.get(key);
    if (kept !== undefined) return kept;
    const text = Buffer.from(await make());
    const fits = this.#texts.size < MAX_ANSWERS && this.#bytes + text.length <= MAX_BYTES;
    if (version === this.#version && fits && !this.#texts.has(key)) {
      this.#texts.set(key, text);
      this.#bytes += text.length;
    }
    return text;
  }
}
