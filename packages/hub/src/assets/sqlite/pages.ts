/**
 * Pages and counts of assets that fit a filter.
 *
 * A page either walks the index of its order and skips what does not fit, or it takes everything that fits and sorts it.
 * Which one is cheaper depends on how many fit, and that number is part of the answer anyway. So the count comes first;
 * it begins at the rarest tag or metadata value, and is kept until anything changes: the pages of one listing ask for it
 * again and again.
 */
import type { SQLInputValue } from "node:sqlite";
import type { AssetFilter, AssetPage, AssetQuery, TagCount } from "../catalogue.ts";
import { type Condition, type Conditions, conditionsOf, type Driver, visibleTo } from "./conditions.ts";
import type { Connection } from "./connection.ts";
import type { KeptAnswers } from "./kept-answers.ts";
import { tagNumbers } from "./tag-lists.ts";
import { ASSET_COLUMNS, ASSET_JOINS, assetsOf } from "./rows.ts";

/** So many rows are sorted faster than an index is walked for them. */
const FEW = 2_000;

export class Pages {
  readonly #connection: Connection;
  readonly #kept: KeptAnswers;

  constructor(connection: Connection, kept: KeptAnswers) {
    this.#connection = connection;
    this.#kept = kept;
  }

  list(query: AssetQuery): AssetPage {
    return this.#connection.read(() => {
      const conditions = conditionsOf(this.#connection, query);
      if (conditions.impossible) return { assets: [], total: 0, hasMore: false };
      const total = this.#total(query, conditions);
      const { limit, offset, after, sort, order } = query;
      if (total === 0 || (after === undefined && offset >= total)) {
        return { assets: [], total, hasMore: false };
      }
      const direction = order === "asc" ? "ASC" : "DESC";
      const behind: Condition[] =
        after === undefined
          ? []
          : [
              {
                sql: `(a.${sort}, a.id) ${order === "asc" ? ">" : "<"} (?, ?)`,
                values: [after.value, after.id],
              },
            ];
      const driver = total > FEW ? undefined : rarest(conditions);
      const from =
        driver === undefined
          ? total > FEW
            ? `assets a INDEXED BY assets_by_${sort}`
            : "assets a"
          : `${driver.from} CROSS JOIN assets a ON a.key = ${driver.key}`;
      const where = all([
        ...(driver === undefined ? [] : [driver.where]),
        { sql: "a.visible_to IS NOT NULL", values: [] },
        conditions.visible,
        ...behind,
        ...keyed(conditions, "a.key", driver),
        ...conditions.byAsset.filter((condition) => condition !== driver?.covers),
      ]);
      const rows = this.#connection.all(
        `SELECT ${ASSET_COLUMNS} FROM (
           SELECT a.key AS found FROM ${from} WHERE ${where.sql}
           ORDER BY a.${sort} ${direction}, a.id ${direction} LIMIT ? OFFSET ?
         ) CROSS JOIN assets a ON a.key = found ${ASSET_JOINS}
         ORDER BY a.${sort} ${direction}, a.id ${direction}`,
        ...where.values,
        limit + 1,
        after === undefined ? offset : 0,
      );
      const assets = assetsOf(this.#connection, rows.slice(0, limit));
      return { assets, total, hasMore: rows.length > limit };
    });
  }

  refine(filter: AssetFilter, limit: number): TagCount[] {
    return this.#connection.read(() =>
      this.#kept.get(["refine", limit, ...questionOf(filter)], () => this.#refine(filter, limit)),
    );
  }

  #refine(filter: AssetFilter, limit: number): TagCount[] {
    const conditions = conditionsOf(this.#connection, filter);
    if (conditions.impossible) return [];
    const isFree = conditions.byKey.length === 0 && conditions.byAsset.length === 0;
    const counted = isFree
      ? tagNumbers(this.#connection, filter.viewer)
      : countsOf(keysQuery(filter.viewer, conditions));
    const rows = this.#connection.all(
      `SELECT name, n FROM (${counted.sql}) WHERE n > 0 ORDER BY n DESC, name LIMIT ?`,
      ...counted.values,
      limit,
    );
    return rows.map((row) => ({ name: String(row["name"]), count: Number(row["n"]) }));
  }

  #total(filter: AssetFilter, conditions: Conditions): number {
    return this.#kept.get(["total", ...questionOf(filter)], () => this.#count(filter, conditions));
  }

  #count(filter: AssetFilter, conditions: Conditions): number {
    if (conditions.total !== undefined) return conditions.total;
    const [without, ...others] = filter.tagsNone;
    if (without !== undefined && others.length === 0) {
      // Those with the tag are fewer than those without, as a rule, and are found by it.
      const all = { ...filter, tagsNone: [] };
      const having = { ...all, tagsAll: [...filter.tagsAll, without] };
      const count = (part: AssetFilter): number => this.#total(part, conditionsOf(this.#connection, part));
      return count(all) - count(having);
    }
    const matching = keysQuery(filter.viewer, conditions);
    return this.#connection.number(`SELECT count(*) AS n FROM (${matching.sql})`, ...matching.values);
  }
}

/** The keys of all assets that fit, as `asset`, each once. */
function keysQuery(viewer: string, conditions: Conditions): Condition {
  const driver = rarest(conditions);
  if (driver === undefined) {
    const index = conditions.byAsset.length > 0 && conditions.byKey.length === 0 ? "folded_name" : "size";
    const hint = conditions.byAsset.some(({ sql }) => sql.includes("job_id"))
      ? ""
      : `INDEXED BY assets_by_${index}`;
    const where = all([
      { sql: "a.visible_to IS NOT NULL", values: [] },
      conditions.visible,
      ...keyed(conditions, "a.key", undefined),
      ...conditions.byAsset,
    ]);
    return { sql: `SELECT a.key AS asset FROM assets a ${hint} WHERE ${where.sql}`, values: where.values };
  }
  const byAsset = conditions.byAsset.filter((condition) => condition !== driver.covers);
  const { isShared } = conditions;
  const isVisible =
    driver.shown === "no"
      ? conditions.visible
      : isShared
        ? undefined
        : driver.shown === "column"
          ? visibleTo(viewer, "d")
          : conditions.visible;
  const needsAsset = isVisible === conditions.visible || byAsset.length > 0;
  const join = needsAsset ? `CROSS JOIN assets a ON a.key = ${driver.key}` : "";
  const where = all([
    driver.where,
    ...(isVisible === undefined ? [] : [isVisible]),
    ...keyed(conditions, driver.key, driver),
    ...byAsset,
  ]);
  return {
    sql: `SELECT ${driver.key} AS asset FROM ${driver.from} ${join} WHERE ${where.sql}`,
    values: where.values,
  };
}

/** How many of the assets have each tag, as `name` and `n`. */
function countsOf(matching: Condition): Condition {
  return {
    sql: `SELECT n.name AS name, g.n AS n FROM (
        SELECT t.tag, count(*) AS n FROM (${matching.sql}) m CROSS JOIN asset_tags t ON t.asset = m.asset
        GROUP BY t.tag
      ) g JOIN tags n ON n.key = g.tag`,
    values: matching.values,
  };
}

/** All that a count depends on. */
function questionOf(filter: AssetFilter): unknown[] {
  const { viewer, tagsAll, tagsAny, tagsNone, nameContains, metadata, jobIds } = filter;
  return [viewer, tagsAll, tagsAny, tagsNone, nameContains, metadata, jobIds];
}

function rarest(conditions: Conditions): Driver | undefined {
  return conditions.drivers.toSorted((one, other) => one.rows - other.rows)[0];
}

function keyed(conditions: Conditions, key: string, driver: Driver | undefined): Condition[] {
  return conditions.byKey
    .filter((condition) => condition !== driver?.covers)
    .map(({ sql, values }) => ({ sql: sql.replace("{key}", key), values }));
}

function all(conditions: readonly Condition[]): { sql: string; values: SQLInputValue[] } {
  return {
    sql: conditions.map(({ sql }) => `(${sql})`).join(" AND "),
    values: conditions.flatMap(({ values }) => [...values]),
  };
}
