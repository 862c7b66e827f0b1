/** What a scan reads and writes, in its own thread on its own connection. Each method is one transaction. */
import { randomUUID } from "node:crypto";
import { printJson } from "@hearth/protocol";
import type { AssetFile, FileStamp, RootName } from "../asset.ts";
import { nowMicros } from "../times.ts";
import { folded } from "./conditions.ts";
import { Connection, type Row } from "./connection.ts";
import { fileOf } from "./rows.ts";
import { attachTags } from "./tag-writes.ts";
import { contentFor, detachFile, dropContent, setMetadata } from "./writes.ts";

/** A file that a scan came upon. */
export interface FoundFile extends FileStamp {
  readonly file: AssetFile;
  readonly name: string;
  readonly mimeType: string;
  readonly tags: readonly string[];
}

/** An asset whose file is to be read. */
export interface Unread extends FileStamp {
  readonly key: number;
  readonly file: AssetFile;
  readonly mimeType: string | undefined;
  readonly hashed: boolean;
}

export class ScanWrites {
  readonly #connection: Connection;

  constructor(file: string) {
    this.#connection = new Connection(file);
  }

  /** Registers files that are not known, or are others than before. How many became assets. */
  addFound(found: readonly FoundFile[]): number {
    return this.#connection.change(() => found.filter((file) => this.#addOne(file)).length);
  }

  /** Assets with a file in `root`, behind `after`, in the order of their keys. */
  filesIn(root: RootName, after: number, limit: number): { key: number; path: string; missing: boolean }[] {
    return this.#connection
      .all(
        `SELECT key, file_path, missing FROM assets
         WHERE root = ? AND file_path IS NOT NULL AND key > ? ORDER BY key LIMIT ?`,
        root,
        after,
        limit,
      )
      .map((row) => ({
        key: Number(row["key"]),
        path: String(row["file_path"]),
        missing: row["missing"] === 1,
      }));
  }

  /** Hides assets whose file is gone, or shows them again. How many that changed. */
  setMissing(keys: readonly number[], missing: boolean): number {
    if (keys.length === 0) return 0;
    return this.#connection.change(
      () =>
        this.#connection.run(
          `UPDATE assets SET missing = ?1,
             visible_to = CASE WHEN ?1 = 0 AND deleted_at IS NULL THEN owner ELSE NULL END
           WHERE key IN (SELECT value FROM json_each(?2)) AND missing <> ?1`,
          missing ? 1 : 0,
          JSON.stringify(keys),
        ).changes,
    );
  }

  /** Shown assets behind `after` whose file was not read yet; with `hashing` also those without a hash. */
  unread(after: number, limit: number, hashing: boolean): Unread[] {
    const rows = hashing
      ? this.#connection.all(
          `SELECT ${UNREAD} FROM assets a JOIN contents c ON c.key = a.content
           WHERE a.key > ? AND a.visible_to IS NOT NULL AND a.file_path IS NOT NULL
             AND (a.enriched = 0 OR c.hash IS NULL) ORDER BY a.key LIMIT ?`,
          after,
          limit,
        )
      : this.#connection.all(
          `SELECT ${UNREAD} FROM assets a JOIN contents c ON c.key = a.content
           WHERE a.key > ? AND a.enriched = 0 AND a.visible_to IS NOT NULL AND a.file_path IS NOT NULL
           ORDER BY a.key LIMIT ?`,
          after,
          limit,
        );
    return rows.map(unreadOf).filter((row) => row !== undefined);
  }

  /** One asset by its id, for reading its file out of turn. */
  unreadById(id: string): Unread | undefined {
    const row = this.#connection.get(
      `SELECT ${UNREAD} FROM assets a JOIN contents c ON c.key = a.content
       WHERE a.id = ? AND a.file_path IS NOT NULL AND a.visible_to IS NOT NULL`,
      id,
    );
    return row === undefined ? undefined : unreadOf(row);
  }

  /** Keeps what was read, unless the file was replaced meanwhile. `hash`: absent when it was not computed. */
  setRead(asset: Unread, metadata: string | undefined, hash: string | undefined): void {
    this.#connection.write(() => {
      const row = this.#connection.get(
        "SELECT content FROM assets WHERE key = ? AND size = ? AND mtime_ns = ?",
        asset.key,
        asset.size,
        asset.mtimeNs,
      );
      if (row === undefined) return;
      this.#connection.run(
        "UPDATE assets SET enriched = 1, metadata = coalesce(?, metadata) WHERE key = ?",
        metadata ?? null,
        asset.key,
      );
      if (hash === undefined) return;
      const content = Number(row["content"]);
      const same = this.#connection.get("SELECT key FROM contents WHERE hash = ?", hash);
      if (same === undefined) {
        this.#connection.run("UPDATE contents SET hash = ? WHERE key = ? AND hash IS NULL", hash, content);
      } else if (Number(same["key"]) !== content) {
        this.#connection.run("UPDATE assets SET content = ? WHERE key = ?", same["key"] ?? null, asset.key);
        dropContent(this.#connection, content);
      }
    });
  }

  close(): void {
    this.#connection.close();
  }

  #addOne(found: FoundFile): boolean {
    const { file, size, mtimeNs } = found;
    const known = this.#connection.get(
      "SELECT key, content, size, mtime_ns, deleted_at FROM assets WHERE file_path = ?",
      file.path,
    );
    const now = nowMicros();
    if (known !== undefined) {
      if (known["size"] === size && known["mtime_ns"] === mtimeNs) {
        this.#connection.run(
          `UPDATE assets SET missing = 0, visible_to = owner
           WHERE key = ? AND missing = 1 AND deleted_at IS NULL`,
          known["key"] ?? null,
        );
        return false;
      }
      if (known["deleted_at"] === null) {
        this.#changed(Number(known["key"]), Number(known["content"]), found, now);
        return false;
      }
      // Somebody deleted what lay here before; this is another file.
      detachFile(this.#connection, Number(known["key"]));
    }
    const { content } = contentFor(
      this.#connection,
      { hash: undefined, size, mimeType: found.mimeType },
      now,
    );
    const { key } = this.#connection.run(
      `INSERT INTO assets (id, content, owner, visible_to, name, folded_name, size, file_path, root, loader_path,
         display_path, mtime_ns, user_metadata, metadata, created_at, updated_at, last_access_time)
       VALUES (?, ?, '', '', ?, ?, ?, ?, ?, ?, ?, ?, '{}', ?, ?, ?, ?)`,
      randomUUID(),
      content,
      found.name,
      folded(found.name),
      size,
      file.path,
      file.root,
      file.loaderPath,
      file.displayPath,
      mtimeNs,
      fileFacts(found),
      now,
      now,
      now,
    );
    setMetadata(this.#connection, key, printJson({ filename: file.loaderPath }));
    attachTags(
      this.#connection,
      key,
      found.tags.map((name) => ({ name, origin: "automatic" })),
      now,
    );
    return true;
  }

  /** The bytes at a known path are others: the asset stays, its content is to be read anew. */
  #changed(key: number, content: number, found: FoundFile, now: number): void {
    const { size, mtimeNs, mimeType } = found;
    const fresh = contentFor(this.#connection, { hash: undefined, size, mimeType }, now);
    this.#connection.run(
      `UPDATE assets SET content = ?, size = ?, mtime_ns = ?, metadata = ?, enriched = 0, updated_at = ?, missing = 0,
         visible_to = owner WHERE key = ?`,
      fresh.content,
      size,
      mtimeNs,
      fileFacts(found),
      now,
      key,
    );
    dropContent(this.#connection, content);
  }
}

const UNREAD = `a.key, a.size, a.mtime_ns, a.file_path, a.root, a.loader_path, a.display_path, c.mime_type, c.hash`;

/** What the name and the directory say of a file. Never its absolute path: that is nobody's business. */
export function fileFacts(found: Pick<FoundFile, "file" | "size" | "mimeType">): string {
  return printJson({
    filename: found.file.displayPath,
    content_length: found.size,
    content_type: found.mimeType,
  });
}

function unreadOf(row: Row): Unread | undefined {
  const file = fileOf(row);
  if (file === undefined) return undefined;
  return {
    key: Number(row["key"]),
    file,
    size: Number(row["size"]),
    mtimeNs: String(row["mtime_ns"]),
    mimeType: row["mime_type"] === null ? undefined : String(row["mime_type"]),
    hashed: row["hash"] !== null,
  };
}
