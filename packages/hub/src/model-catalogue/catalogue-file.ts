/** One catalogue as a file that people edit too: read again when it changed, written whole. */
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { JsonSyntaxError, parseJson, printJson } from "@hearth/protocol";
import { temporaryPath } from "../files/temporary.ts";
import { faults, plain } from "../http/validate.ts";
import { CATALOGUE, type CatalogueEntry, type CatalogueText } from "./entry.ts";

/** The file cannot be used; the message names it, and what is wrong in it. */
export class CatalogueError extends Error {
  constructor(file: string, what: string) {
    super(`catalogs/${path.basename(file)}: ${what}`);
    this.name = "CatalogueError";
  }
}

const EMPTY: CatalogueText = { version: 0, date: "", models: [] };

export class CatalogueFile {
  readonly #file: string;
  #stamp = "";
  #text: CatalogueText = EMPTY;
  #last: Promise<unknown> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  /** The catalogue as it is now; an absent file is an empty one. @throws CatalogueError */
  async read(): Promise<CatalogueText> {
    const stats = await stat(this.#file, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw new CatalogueError(this.#file, `it cannot be read (${error.code})`);
    });
    const stamp = stats === undefined ? "none" : `${stats.ino}-${stats.size}-${stats.mtimeNs}`;
    if (stamp !== this.#stamp) {
      this.#text = stats === undefined ? EMPTY : parse(this.#file, await readFile(this.#file, "utf8"));
      this.#stamp = stamp;
    }
    return this.#text;
  }

  /** Forgets what was read, so that the next reading looks again whatever the file's time says. */
  reload(): void {
    this.#stamp = "";
  }

  /** Changes the entries, one change after the other. A file that is broken is never written over. @throws CatalogueError */
  change(alter: (entries: readonly CatalogueEntry[]) => readonly CatalogueEntry[]): Promise<void> {
    const changed = this.#last.then(async () => {
      const text = await this.read();
      const models = alter(text.models);
      if (models === text.models) return;
      await this.#write({ ...text, models: [...models] });
      this.reload();
    });
    this.#last = changed.catch(() => undefined);
    return changed;
  }

  async #write(text: CatalogueText): Promise<void> {
    const directory = path.dirname(this.#file);
    await mkdir(directory, { recursive: true });
    const temporary = temporaryPath(directory);
    try {
      const handle = await open(temporary, "wx");
      try {
        await handle.writeFile(indented(text));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, this.#file);
    } finally {
      await rm(temporary, { force: true });
    }
  }
}

function parse(file: string, text: string): CatalogueText {
  let value: unknown;
  try {
    value = plain(parseJson(text));
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new CatalogueError(file, `it is not JSON: ${error.message}`);
    throw error;
  }
  // A bare list of entries is what people write by hand.
  const whole = Array.isArray(value) ? { models: value } : value;
  const wrong = faults(CATALOGUE, whole);
  if (wrong !== undefined) throw new CatalogueError(file, wrong);
  const catalogue = whole as CatalogueText;
  const seen = new Set<string>();
  for (const { filename } of catalogue.models) {
    if (seen.has(filename)) throw new CatalogueError(file, `'${filename}' stands there twice`);
    seen.add(filename);
  }
  return catalogue;
}

/** One entry a line: a person finds it, and a version control shows its change. */
function indented({ models, ...rest }: CatalogueText): string {
  const head = printJson(rest as never, "compact").slice(0, -1);
  const lines = models.map((entry) => `  ${printJson(entry as never, "compact")}`);
  return `${head}${head === "{" ? "" : ","}"models":[\n${lines.join(",\n")}\n]}\n`;
}
