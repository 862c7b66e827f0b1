/** Every row of `docs/contracts` has a test that is there and looks at what the row is about. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { type ContractRow, numbersOf, pageNames, pageOf, rowsIn, textOf, wordOf } from "./contract-tables.ts";

/** How many numbers each checklist has. */
const CHECKLISTS = { studio: ["S", 112], control: ["C", 33] } as const;

/** What is wrong with a row. */
function problemsOf(row: ContractRow): string[] {
  if (row.tests.length === 0) return [`${row.what}: no test`];
  const word = wordOf(row);
  const texts = row.tests.map((named) => ({ named, text: textOf(named) }));
  const missing = texts
    .filter(({ text }) => text === undefined)
    .map(({ named }) => `${row.what}: ${named.file} has no test '${named.title}'`);
  if (missing.length > 0 || word === undefined) return missing;
  const looks = texts.some(({ text = "" }) =>
    new RegExp(`(?<!\\w)${word.replaceAll(".", "\\.")}(?!\\w)`).test(text),
  );
  return looks ? [] : [`${row.what}: no test of it holds '${word}'`];
}

test("the pages are those of the two contracts", () => {
  assert.deepEqual(pageNames(), Object.keys(CHECKLISTS).sort());
});

for (const [page, [letter, count]] of Object.entries(CHECKLISTS)) {
  test(`${page}: every endpoint, field and event has a test that looks at it`, () => {
    const rows = rowsIn(pageOf(page));
    assert.ok(rows.length > count);
    assert.deepEqual(
      rows.flatMap((row) => problemsOf(row)),
      [],
    );
  });

  test(`${page}: every number of the checklist has a row and a test that begins with it`, () => {
    const rows = rowsIn(pageOf(page));
    const numbers = Array.from({ length: count }, (_, index) => `${letter}-${index + 1}`);
    const known = new Set(numbers);
    assert.deepEqual(
      rows.flatMap((row) => row.numbers).filter((number) => !known.has(number)),
      [],
      "numbers that no checklist has",
    );
    const without = numbers.filter((number) => {
      const own = rows.filter((row) => row.numbers.includes(number));
      return !own.some((row) => row.tests.some(({ title }) => numbersOf(title).includes(number)));
    });
    assert.deepEqual(without, []);
  });
}

test("a row without a test, with one that is not there, or with one that looks elsewhere is found", (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-docs-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    path.join(folder, "a.test.ts"),
    'test("one", () => {\n  seen;\n});\ntest("two", () => {});\n',
  );
  assert.match(textOf({ file: "a.test.ts", title: "one" }, folder) ?? "", /seen/);
  assert.doesNotMatch(textOf({ file: "a.test.ts", title: "two" }, folder) ?? "seen", /seen/);
  assert.equal(textOf({ file: "a.test.ts", title: "on" }, folder), undefined);
  assert.equal(textOf({ file: "b.test.ts", title: "one" }, folder), undefined);

  const head = "| kind | what | where | checklist | test |\n|---|---|---|---|---|\n";
  const problems = (row: string): string[] => rowsIn(head + row).flatMap((parsed) => problemsOf(parsed));
  assert.deepEqual(problems("| field | `a.id` | here | S-1 |  |"), ["`a.id`: no test"]);
  const nowhere = "| rule | x | here | | `tests/docs/none.test.ts`: none |";
  assert.deepEqual(problems(nowhere), ["x: tests/docs/none.test.ts has no test 'none'"]);
  const elsewhere =
    "| field | `a.zebra` | here | | `tests/docs/contract-tables.test.ts`: the pages are those of the two contracts |";
  assert.deepEqual(problems(elsewhere), ["`a.zebra`: no test of it holds 'zebra'"]);
  assert.throws(() => rowsIn("| four | cells | are | few |"), /five cells/);
  assert.throws(() => rowsIn(`${head}| rule | x | here | | a test without a file |`), /names no test/);
});
