/** The command line of the conformance run. */
import path from "node:path";
import { parseArgs } from "node:util";

export const KINDS = ["http", "ws", "validation", "nodes", "workflows", "ui2api"] as const;
export type Kind = (typeof KINDS)[number];

export const PROJECT = path.join(import.meta.dirname, "..", "..");

export interface Options {
  /** folders by kind; kinds without a folder do not run */
  readonly folders: ReadonlyMap<Kind, readonly string[]>;
  readonly only: readonly string[];
  readonly areas: readonly string[];
  readonly strict: boolean;
  readonly report: string | undefined;
  readonly log: string | undefined;
  /** program and arguments that start a server */
  readonly command: readonly string[];
  /** a server that runs already */
  readonly url: string | undefined;
  readonly base: string | undefined;
  /** packs that the server at `url` has */
  readonly packs: readonly string[];
  readonly waivers: string;
}

export const USAGE = `npm run conformance -- [options]

  --http DIR, --ws DIR, --validation DIR, --nodes DIR, --workflows DIR,
  --ui2api DIR
                    recordings to run (repeatable); when any is given, only those run.
                    By default: tests/golden and the folder that HEARTH_GOLDEN names.
  --only GLOB       only cases whose name fits (repeatable)
  --areas a,b       only these areas (files of scenarios, classes of node cases, features of conversions)
  --strict          steps marked as accidents must match too
  --command CMD     starts the server under test (default: this project's Hearth)
  --url URL         uses a server that runs already, with --base DIR and --packs a,b
  --waivers FILE    known differences (default: tests/conformance/waivers.json)
  --report FILE     writes all results as JSON
  --log FILE        keeps the output of started servers
`;

/** Splits a command at spaces, as a shell does with quotes and backslashes. */
export function splitCommand(text: string): string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g)) {
    words.push(
      word.replace(
        /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g,
        (_all, double?: string, single?: string, escaped?: string) =>
          double === undefined ? (single ?? escaped ?? "") : double.replace(/\\(["\\$`])/g, "$1"),
      ),
    );
  }
  return words;
}

/** Reads the command line. @throws on unknown options, and when both `--command` and `--url` are given */
export function readOptions(args: readonly string[], environment: NodeJS.ProcessEnv): Options | "help" {
  const many = { type: "string", multiple: true } as const;
  const one = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      http: many,
      ws: many,
      validation: many,
      nodes: many,
      workflows: many,
      ui2api: many,
      only: many,
      areas: many,
      strict: { type: "boolean" },
      command: one,
      url: one,
      base: one,
      packs: one,
      waivers: one,
      report: one,
      log: one,
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) return "help";
  if (values.url !== undefined && values.command !== undefined)
    throw new Error("give --url or --command, not both");
  const named = KINDS.filter((kind) => values[kind] !== undefined);
  const folders = new Map(named.map((kind): [Kind, string[]] => [kind, values[kind] ?? []]));
  return {
    folders: named.length > 0 ? folders : defaultFolders(environment),
    only: values.only ?? [],
    areas: (values.areas ?? []).flatMap(listed),
    strict: values.strict ?? false,
    report: values.report,
    log: values.log,
    command:
      values.command === undefined
        ? [process.execPath, path.join(PROJECT, "bin", "hearth.js"), "serve"]
        : splitCommand(values.command),
    url: values.url?.replace(/\/+$/, ""),
    base: values.base,
    packs: listed(values.packs ?? ""),
    waivers: values.waivers ?? path.join(import.meta.dirname, "waivers.json"),
  };
}

function listed(text: string): string[] {
  return text.split(",").filter((part) => part !== "");
}

/** The copies in the project first: what is in both is run once. */
function defaultFolders(environment: NodeJS.ProcessEnv): Map<Kind, string[]> {
  const own = path.join(PROJECT, "tests", "golden");
  const shared = environment["HEARTH_GOLDEN"] ?? path.join(PROJECT, "..", "shared", "golden");
  return new Map(
    KINDS.map((kind) => {
      const name = kind === "workflows" ? "cpu-workflows" : kind;
      return [kind, [path.join(own, name), path.join(shared, name)]];
    }),
  );
}

/** Whether a name fits one of the globs; `*` and `?` match any character, also `/`. No globs: everything fits. */
export function fitsGlob(name: string, globs: readonly string[]): boolean {
  if (globs.length === 0) return true;
  return globs.some((glob) => {
    const source = glob
      .replace(/[.+^${}()|\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    return new RegExp(`^(?:${source.replaceAll("[!", "[^")})$`, "s").test(name);
  });
}
