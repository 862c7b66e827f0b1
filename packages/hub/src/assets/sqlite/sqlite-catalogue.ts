/** The catalogue on one connection, without waiting: it runs in the threads, never where HTTP is answered. */
import type { Asset, AssetChanges, NewFileAsset, NewOccurrence } from "../asset.ts";
import type {
  AssetFilter,
  AssetPage,
  AssetQuery,
  ContentFile,
  Removed,
  TagCount,
  TagQuery,
} from "../catalogue.ts";
import { Connection, type Row } from "./connection.ts";
import { KeptAnswers } from "./kept-answers.ts";
import { getAsset } from "./lookup.ts";
import { Pages } from "./pages.ts";
import { fileOf, text } from "./rows.ts";
import { listTags } from "./tag-lists.ts";
import * as tagWrites from "./tag-writes.ts";
import * as writes from "./writes.ts";

const FILE_COLUMNS = "a.file_path, a.root, a.loader_path, a.display_path, a.name, c.mime_type";

/** The methods are those of `AssetCatalogue`. */
export class SqliteCatalogue {
  readonly #connection: Connection;
  readonly #kept: KeptAnswers;
  readonly #pages: Pages;

  /** @param file the database; made when it is not there */
  constructor(file: string) {
    this.#connection = new Connection(file);
    this.#kept = new KeptAnswers(this.#connection);
    this.#pages = new Pages(this.#connection, this.#kept);
  }

  addOccurrence(asset: NewOccurrence): Asset | undefined {
    return this.#change((connection) => writes.addOccurrence(connection, asset));
  }

  putFile(asset: NewFileAsset): { asset: Asset; isNew: boolean } {
    return this.#change((connection) => writes.putFile(connection, asset));
  }

  get(id: string, viewer: string): Asset | undefined {
    return this.#connection.read(() => getAsset(this.#connection, id, viewer));
  }

  list(query: AssetQuery): AssetPage {
    return this.#pages.list(query);
  }

  refine(filter: AssetFilter, limit: number): TagCount[] {
    return this.#pages.refine(filter, limit);
  }

  tags(query: TagQuery): { tags: TagCount[]; total: number } {
    return listTags(this.#connection, this.#kept, query);
  }

  update(id: string, viewer: string, changes: AssetChanges): Asset {
    return this.#change((connection) => writes.updateAsset(connection, id, viewer, changes));
  }

  addTags(id: string, viewer: string, tags: readonly string[]): ReturnType<typeof tagWrites.addTags> {
    return this.#change((connection) => tagWrites.addTags(connection, id, viewer, tags));
  }

  removeTags(id: string, viewer: string, tags: readonly string[]): ReturnType<typeof tagWrites.removeTags> {
    return this.#change((connection) => tagWrites.removeTags(connection, id, viewer, tags));
  }

  remove(id: string, viewer: string, content: boolean): Removed | undefined {
    return this.#change((connection) => writes.removeAsset(connection, id, viewer, content));
  }

  filesOf(hash: string): ContentFile[] {
    const rows = this.#connection.all(
      `SELECT ${FILE_COLUMNS} FROM contents c JOIN assets a ON a.content = c.key
       WHERE c.hash = ? AND a.file_path IS NOT NULL AND a.missing = 0
       ORDER BY a.visible_to IS NULL, a.created_at, a.id`,
      hash,
    );
    return contentFiles(rows);
  }

  contentOf(id: string): ContentFile[] {
    const rows = this.#connection.all(
      `SELECT ${FILE_COLUMNS} FROM assets s JOIN contents c ON c.key = s.content JOIN assets a ON a.content = c.key
       WHERE s.id = ? AND a.file_path IS NOT NULL
       ORDER BY a.key <> s.key, a.missing, a.visible_to IS NULL, a.created_at, a.id`,
      id,
    );
    return contentFiles(rows);
  }

  touch(id: string): void {
    this.#connection.write(() => writes.touch(this.#connection, id));
  }

  close(): void {
    this.#connection.close();
  }

  #change<T>(work: (connection: Connection) => T): T {
    return this.#connection.change(() => work(this.#connection));
  }
}

function contentFiles(rows: readonly Row[]): ContentFile[] {
  return rows.flatMap((row) => {
    const file = fileOf(row);
    return file === undefined ? [] : [{ file, name: String(row["name"]), mimeType: text(row["mime_type"]) }];
  });
}
