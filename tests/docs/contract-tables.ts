/** Reads the tables of `docs/contracts`, and the tests that they name. */
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { PROJECT } from "../support/server.ts";

export interface NamedTest {
  /** path from the root of the project */
  readonly file: string;
  readonly title: string;
}

export interface ContractRow {
  /** `endpoint`, `field`, `event`, `parameter`, `rule`, … */
  readonly kind: string;
  readonly what: string;
  readonly where: string;
  /** numbers of the checklist */
  readonly numbers: readonly string[];
  readonly tests: readonly NamedTest[];
}

const COLUMNS = ["kind", "what", "where", "checklist", "test"];

/** Rows of all tables of a page. @throws Error that names a line which is no row of five cells, or a test without a file */
export function rowsIn(page: string): ContractRow[] {
  const rows: ContractRow[] = [];
  for (const line of page.split("\n")) {
    if (!line.startsWith("|")) continue;
    const cells = line
      .trim()
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim());
    if (cells.every((cell) => /^:?-+:?$/.test(cell))) continue;
    if (cells.length !== COLUMNS.length) throw new Error(`a row has not five cells: ${line}`);
    if (cells.every((cell, at) => cell === COLUMNS[at])) continue;
    const [kind = "", what = "", where = "", checklist = "", test = ""] = cells;
    const numbers = checklist.split(" ").filter((number) => number !== "");
    rows.push({ kind, what, where, numbers, tests: testsIn(test) });
  }
  return rows;
}

/** `` `file`: title ``, several with `<br>` between them. */
function testsIn(cell: string): NamedTest[] {
  if (cell === "") return [];
  return cell.split("<br>").map((text) => {
    const [, file, title] = /^`([^`]+)`: (.+)$/.exec(text.trim()) ?? [];
    if (file === undefined || title === undefined) throw new Error(`this names no test: ${text}`);
    return { file, title };
  });
}

/** The text of a test, from its title to the next one; undefined: the file has no test of this title. */
export function textOf({ file, title }: NamedTest, root = PROJECT): string | undefined {
  let source: string;
  try {
    source = readFileSync(path.join(root, file), "utf8");
  } catch {
    return undefined;
  }
  for (const quote of ['"', "'", "`"]) {
    const at = source.indexOf(quote + title + quote);
    if (at < 0 || !/\btest\(\s*$/.test(source.slice(0, at))) continue;
    const rest = source.slice(at + title.length + 2);
    const end = /\n(?:test\(|for \()/.exec(rest)?.index;
    return rest.slice(0, end);
  }
  return undefined;
}

/**
 * The words that a test has to hold to be one of this row: of a field, event or parameter its name, of which the last
 * part counts (`outputs[].src`: `src`).
 */
export function wordOf({ kind, what }: ContractRow): string | undefined {
  if (!["field", "event", "parameter"].includes(kind)) return undefined;
  const name = /`([^`]+)`/.exec(what)?.[1] ?? "";
  return kind === "event" ? name : name.replace(/^.*[.\]]/, "");
}

/** The numbers of a checklist that a title begins with. */
export function numbersOf(title: string): string[] {
  return (/^(?:[SC]-\d+ )+/.exec(title)?.[0] ?? "").trim().split(" ");
}

/** The page of a contract. */
export function pageOf(name: string): string {
  return readFileSync(path.join(PROJECT, "docs/contracts", `${name}.md`), "utf8");
}

export function pageNames(): string[] {
  return globSync("*.md", { cwd: path.join(PROJECT, "docs/contracts") })
    .map((name) => name.replace(/\.md$/, ""))
    .sort();
}
