/** Converts editor workflows and compares the prompts with those of the official editor. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { isJsonObject, type JsonObject, type NodeInfo } from "@hearth/protocol";
import { type NodeInfoLookup, promptOf } from "@hearth/graph/convert";
import { bytesSource, documentOf, readEmbedded } from "@hearth/graph/media";
import { canonicalText, comparable, promptDifference } from "../canonical.ts";
import { fitsGlob } from "../options.ts";
import { readJson, type Seen } from "../recordings.ts";
import type { Run } from "../run.ts";

interface Case {
  readonly name: string;
  /** `real`, `hand`, `carrier` */
  readonly kind: string;
  readonly features: readonly string[];
  readonly input: Buffer;
  /** each of them is right */
  readonly expected: readonly JsonObject[];
  readonly nodeInfo: NodeInfoLookup;
}

/** Passed cases of a group: whole, and with titles left aside. */
interface Tally {
  total: number;
  whole: number;
  untitled: number;
}

/** Runs the cases that the `index.json` of each folder lists; no server takes part. */
export async function runConversions(run: Run, folders: readonly string[], seen: Seen): Promise<void> {
  const all = (await Promise.all(folders.map((folder) => readCases(folder, seen)))).flat();
  const { only, areas } = run.options;
  const cases = all.filter(
    ({ name, kind, features }) =>
      fitsGlob(name, only) &&
      (areas.length === 0 || areas.some((area) => [kind, ...features].includes(area))),
  );
  const tallies = new Map<string, Tally>();
  for (const each of cases) {
    const { problem, untitled } = await compare(each);
    const problems = problem === undefined ? [] : [{ text: problem }];
    run.report.add({ kind: "ui2api", area: each.kind, name: each.name, problems });
    for (const group of [` ${each.kind}`, ...each.features]) {
      const tally = tallies.get(group) ?? { total: 0, whole: 0, untitled: 0 };
      tally.total += 1;
      if (problem === undefined) tally.whole += 1;
      if (untitled) tally.untitled += 1;
      tallies.set(group, tally);
    }
  }
  for (const [group, tally] of [...tallies].sort(([a], [b]) => (a < b ? -1 : 1))) {
    run.report.note(tallyLine(group.startsWith(" ") ? `all${group}` : group, tally));
  }
}

function tallyLine(group: string, { total, whole, untitled }: Tally): string {
  const percent = ((100 * whole) / total).toFixed(1);
  return `ui2api ${group.padEnd(24)} ${whole} of ${total} whole (${percent} %), ${untitled} but for titles`;
}

async function readCases(folder: string, seen: Seen): Promise<Case[]> {
  const infos = (await readJson(path.join(folder, "object_info.json"))) as unknown as Record<
    string,
    NodeInfo
  >;
  const nodeInfo: NodeInfoLookup = (name) => (Object.hasOwn(infos, name) ? infos[name] : undefined);
  const cases: Case[] = [];
  for (const entry of (await readJson(path.join(folder, "index.json"))) as JsonObject[]) {
    const input = await readFile(path.join(folder, String(entry["input"])));
    const file = path.join(folder, String(entry["expected"]));
    if (seen.has("ui2api", input, await readFile(file))) continue;
    const expected = (await readJson(file)) as JsonObject;
    const choices = expected["any_of"];
    cases.push({
      name: String(entry["name"]),
      kind: String(entry["kind"]),
      features: entry["features"] as string[],
      input,
      expected: Array.isArray(choices) ? choices.filter(isJsonObject) : [expected],
      nodeInfo,
    });
  }
  return cases;
}

async function compare(each: Case): Promise<{ problem: string | undefined; untitled: boolean }> {
  try {
    const document = documentOf(await readEmbedded(bytesSource(each.input)));
    const got = promptOf(document, each.nodeInfo, { unknownClasses: "asEditor" });
    const same = (titles: boolean): boolean => {
      const text = canonicalText(comparable(got, titles));
      return each.expected.some((expected) => canonicalText(comparable(expected, titles)) === text);
    };
    if (same(true)) return { problem: undefined, untitled: true };
    const [first = {}] = each.expected;
    const problem = promptDifference(comparable(first, true), comparable(got, true));
    return { problem: problem ?? "none of the accepted prompts", untitled: same(false) };
  } catch (error) {
    return { problem: (error as Error).message, untitled: false };
  }
}
