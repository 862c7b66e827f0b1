/**
 * A filter as SQL. Each condition is about one asset key, so that it can be put to whatever table a query begins with:
 * the assets in their order, or the few rows of one rare tag or metadata value (the driver).
 */
import type { SQLInputValue } from "node:sqlite";
import type { AssetFilter } from "../catalogue.ts";
import type { Connection } from "./connection.ts";

export interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** A table that holds only assets which fulfil one of the conditions, each once. */
export interface Driver {
  readonly from: string;
  /** its column with the key of the asset */
  readonly key: "d.asset" | "d.rowid";
  readonly where: Condition;
  /** its rows are of shown assets only; `column`: and it has `visible_to` */
  readonly shown: "no" | "yes" | "column";
  /** the condition that it stands for */
  readonly covers: Condition;
  /** how many rows it has, at most `MOST_COUNTED` unless that is known */
  readonly rows: number;
}

export interface Conditions {
  /** no asset is somebody's own: whoever asks sees all that are shown */
  readonly isShared: boolean;
  /** about `a.visible_to` */
  readonly visible: Condition;
  /** about `{key}`, which stands for the key of an asset */
  readonly byKey: readonly Condition[];
  /** about columns of `a` */
  readonly byAsset: readonly Condition[];
  readonly drivers: readonly Driver[];
  /** nothing can match: a tag that there is none of is asked for */
  readonly impossible: boolean;
  /** how many assets fit, where that is known without counting */
  readonly total: number | undefined;
}

/** Beyond this many rows a driver is as good as any other; those of tags are known exactly. */
const MOST_COUNTED = 30_000;

export function conditionsOf(connection: Connection, filter: AssetFilter): Conditions {
  const isShared = isEverybodys(connection);
  const shown = connection.number("SELECT shown AS n FROM totals");
  const all = filter.tagsAll.map((name) => tagOf(connection, name));
  const any = filter.tagsAny.map((name) => tagOf(connection, name)?.key).filter((key) => key !== undefined);
  const none = filter.tagsNone.map((name) => tagOf(connection, name)?.key).filter((key) => key !== undefined);
  const impossible = all.includes(undefined) || (filter.tagsAny.length > 0 && any.length === 0);
  // What every asset has, need not be looked for.
  const telling = all.filter((tag) => tag !== undefined).filter((tag) => tag.shown < shown);

  const drivers: Driver[] = [];
  const byKey: Condition[] = [];
  for (const { key, shown: rows } of telling) {
    const covers = {
      sql: "EXISTS (SELECT 1 FROM asset_tags WHERE asset = {key} AND tag = ?)",
      values: [key],
    };
    const where = { sql: "d.tag = ? AND d.visible_to IS NOT NULL", values: [key] };
    byKey.push(covers);
    drivers.push({ from: "asset_tags d", key: "d.asset", where, shown: "column", covers, rows });
  }
  if (any.length > 0) byKey.push(hasAny(any));
  if (none.length > 0) byKey.push(not(hasAny(none)));
  for (const term of filter.metadata) {
    if (term.kind === "absent") {
      byKey.push({
        sql: "NOT EXISTS (SELECT 1 FROM asset_meta WHERE asset = {key} AND key = ?)",
        values: [term.key],
      });
      continue;
    }
    const covers = {
      sql: `EXISTS (SELECT 1 FROM asset_meta WHERE asset = {key} AND key = ? AND value IN (${marks(term.values)}))`,
      values: [term.key, ...term.values],
    };
    byKey.push(covers);
    const [only] = term.values;
    if (term.values.length === 1 && only !== undefined) {
      const where = { sql: "d.key = ? AND d.value = ?", values: [term.key, only] };
      drivers.push(driver(connection, "asset_meta d", where, "no", covers));
    }
  }

  const byAsset: Condition[] = [];
  if (filter.nameContains !== undefined && filter.nameContains !== "") {
    const part = folded(filter.nameContains);
    const covers = { sql: "instr(a.folded_name, ?) > 0", values: [part] };
    byAsset.push(covers);
    if (isIndexed(part)) {
      const where = { sql: "d.asset_names MATCH ?", values: [`"${part.replaceAll('"', '""')}"`] };
      drivers.push(driver(connection, "asset_names d", where, "yes", covers));
    }
  }
  if (filter.jobIds !== undefined) {
    byAsset.push({ sql: `a.job_id IN (${marks(filter.jobIds)})`, values: [...filter.jobIds] });
  }
  const visible = isShared ? { sql: "a.visible_to IS NOT NULL", values: [] } : visibleTo(filter.viewer, "a");
  const [only, ...more] = telling;
  const isCounted = isShared && byAsset.length === 0 && more.length === 0;
  const isByTag = isCounted && byKey.length === telling.length;
  const total = impossible ? 0 : isByTag ? (only?.shown ?? shown) : undefined;
  return { isShared, visible, byKey, byAsset, drivers, impossible, total };
}

/** True when no asset is somebody's own, so that the kept numbers of shown assets hold for everybody. */
export function isEverybodys(connection: Connection): boolean {
  return connection.get("SELECT 1 FROM assets WHERE owner <> '' LIMIT 1") === undefined;
}

/** Of `alias.visible_to`: what `viewer` sees. */
export function visibleTo(viewer: string, alias: string): Condition {
  if (viewer === "") return { sql: `${alias}.visible_to = ''`, values: [] };
  return { sql: `${alias}.visible_to IN ('', ?)`, values: [viewer] };
}

/** The form in which names are searched. */
export function folded(name: string): string {
  return name.toLowerCase();
}

/** The index of names knows three characters in a row, and ends a text at its first zero. */
function isIndexed(part: string): boolean {
  return !part.includes("\0") && [...part].length >= 3;
}

/** A tag, and how many shown assets have it. */
function tagOf(connection: Connection, name: string): { key: number; shown: number } | undefined {
  const row = connection.get("SELECT key, shown FROM tags WHERE name = ?", name);
  return row === undefined ? undefined : { key: Number(row["key"]), shown: Number(row["shown"]) };
}

function hasAny(tags: readonly number[]): Condition {
  return {
    sql: `EXISTS (SELECT 1 FROM asset_tags WHERE asset = {key} AND tag IN (${marks(tags)}))`,
    values: tags,
  };
}

function not({ sql, values }: Condition): Condition {
  return { sql: `NOT ${sql}`, values };
}

function driver(
  connection: Connection,
  from: string,
  where: Condition,
  shown: Driver["shown"],
  covers: Condition,
): Driver {
  const rows = connection.number(
    `SELECT count(*) AS n FROM (SELECT 1 FROM ${from} WHERE ${where.sql} LIMIT ${MOST_COUNTED})`,
    ...where.values,
  );
  return { from, key: from === "asset_names d" ? "d.rowid" : "d.asset", where, shown, covers, rows };
}

function marks(values: readonly unknown[]): string {
  return values.map(() => "?").join(", ");
}
