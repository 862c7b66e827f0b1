/** The list of all tags, with counts. */
import type { TagCount, TagQuery } from "../catalogue.ts";
import { type Condition, isEverybodys, visibleTo } from "./conditions.ts";
import type { Connection } from "./connection.ts";
import type { KeptAnswers } from "./kept-answers.ts";

export function listTags(
  connection: Connection,
  kept: KeptAnswers,
  query: TagQuery,
): { tags: TagCount[]; total: number } {
  return connection.read(() => kept.get(["tags", query], () => counted(connection, query)));
}

function counted(connection: Connection, query: TagQuery): { tags: TagCount[]; total: number } {
  const order = query.order === "count_desc" ? "n DESC, name" : "name";
  const { sql: numbers, values: viewer } = tagNumbers(connection, query.viewer);
  const listed = `
    SELECT name, n FROM (${numbers})
    WHERE substr(name, 1, length(?)) = ? AND instr(lower(name), ?) > 0 ${query.includeZero ? "" : "AND n > 0"}`;
  const values = [...viewer, query.prefix, query.prefix, query.search.toLowerCase()];
  const total = connection.number(`SELECT count(*) AS n FROM (${listed})`, ...values);
  const rows = connection.all(
    `${listed} ORDER BY ${order} LIMIT ? OFFSET ?`,
    ...values,
    query.limit,
    query.offset,
  );
  return { tags: rows.map((row) => ({ name: String(row["name"]), count: Number(row["n"]) })), total };
}

/** All tags with the numbers of assets that `viewer` sees, as `name` and `n`. */
export function tagNumbers(connection: Connection, viewer: string): Condition {
  if (isEverybodys(connection)) return { sql: "SELECT name, shown AS n FROM tags", values: [] };
  const seen = visibleTo(viewer, "t");
  return {
    sql: `SELECT n.name AS name, coalesce(c.n, 0) AS n FROM tags n LEFT JOIN (
        SELECT t.tag AS tag, count(*) AS n FROM asset_tags t INDEXED BY asset_tags_by_tag
        WHERE t.visible_to IS NOT NULL AND ${seen.sql} GROUP BY t.tag
      ) c ON c.tag = n.key`,
    values: seen.values,
  };
}
