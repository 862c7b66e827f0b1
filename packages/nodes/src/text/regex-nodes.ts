/** Regular expressions with the semantics of Python's `re`. */
import { boolean, choice, defineNode, int, NodeError, optional, string } from "../sdk/index.ts";
import { UnsupportedRegexError } from "./regex-syntax.ts";
import { PythonRegex } from "./regex.ts";

interface FlagInputs {
  readonly case_insensitive?: boolean | undefined;
  readonly multiline?: boolean | undefined;
  readonly dotall?: boolean | undefined;
}

function compile(pattern: string, flags: FlagInputs): PythonRegex {
  return new PythonRegex(pattern, {
    ignoreCase: flags.case_insensitive ?? true,
    multiline: flags.multiline ?? false,
    dotAll: flags.dotall ?? false,
  });
}

/** The compiled pattern; `undefined` where it is invalid, which two of the nodes forgive. */
function compileForgiving(pattern: string, flags: FlagInputs): PythonRegex | undefined {
  try {
    return compile(pattern, flags);
  } catch (error) {
    if (error instanceof NodeError && !(error instanceof UnsupportedRegexError)) return undefined;
    throw error;
  }
}

export const regexMatch = defineNode({
  name: "RegexMatch",
  api: "schema",
  displayName: "Match Text",
  category: "text",
  description: "Whether a pattern occurs in a text.",
  pythonModule: "comfy_extras.nodes_string",
  inputs: {
    string: string({ multiline: true }),
    regex_pattern: string({ multiline: true }),
    case_insensitive: boolean({ advanced: true, default: true }),
    multiline: boolean({ advanced: true, default: false }),
    dotall: boolean({ advanced: true, default: false }),
  },
  outputs: [{ type: "BOOLEAN", name: "matches" }],
  searchAliases: ["regex match", "regex", "pattern match", "text contains", "string match"],
  execute: ({ string: text, regex_pattern, ...flags }) => [
    compileForgiving(regex_pattern, flags)?.search(text) !== undefined,
  ],
});

export const regexExtract = defineNode({
  name: "RegexExtract",
  api: "schema",
  displayName: "Extract Text",
  category: "text",
  description: "The parts of a text that a pattern finds.",
  pythonModule: "comfy_extras.nodes_string",
  inputs: {
    string: string({ multiline: true }),
    regex_pattern: string({ multiline: true }),
    mode: choice(["First Match", "All Matches", "First Group", "All Groups"]),
    case_insensitive: boolean({ advanced: true, default: true }),
    multiline: boolean({ advanced: true, default: false }),
    dotall: boolean({ advanced: true, default: false }),
    group_index: int({ advanced: true, default: 1, min: 0, max: 100 }),
  },
  outputs: ["STRING"],
  searchAliases: ["regex extract", "regex", "pattern extract", "text parser", "parse text"],
  execute: ({ string: text, regex_pattern, mode, group_index, ...flags }) => {
    const regex = compileForgiving(regex_pattern, flags);
    if (regex === undefined) return [""];
    const hasGroup = regex.groupCount >= group_index;
    if (mode === "First Match") return [regex.search(text)?.groups[0] ?? ""];
    if (mode === "First Group")
      return [(hasGroup ? regex.search(text)?.groups[group_index] : undefined) ?? ""];
    const matches = [...regex.matches(text)];
    if (mode === "All Matches") {
      const group = regex.groupCount > 0 ? 1 : 0;
      return [matches.map((match) => match.groups[group] ?? "").join("\n")];
    }
    if (!hasGroup || regex.groupCount === 0) return [""];
    return [matches.map((match) => match.groups[group_index] ?? "").join("\n")];
  },
});

export const regexReplace = defineNode({
  name: "RegexReplace",
  api: "schema",
  displayName: "Replace Text (Regex)",
  category: "text",
  description: "Replaces what a pattern finds; \\\\1 and \\\\g<name> stand for groups.",
  pythonModule: "comfy_extras.nodes_string",
  inputs: {
    string: string({ multiline: true }),
    regex_pattern: string({ multiline: true }),
    replace: string({ multiline: true }),
    case_insensitive: optional(boolean({ advanced: true, default: true })),
    multiline: optional(boolean({ advanced: true, default: false })),
    dotall: optional(
      boolean({ tooltip: "The dot also matches line breaks.", advanced: true, default: false }),
    ),
    count: optional(
      int({
        tooltip: "Largest number of replacements; 0 replaces all.",
        advanced: true,
        default: 0,
        min: 0,
        max: 100,
      }),
    ),
  },
  outputs: ["STRING"],
  searchAliases: ["regex replace", "regex", "pattern replace", "substitution"],
  execute: ({ string: text, regex_pattern, replace, count, ...flags }) => [
    compile(regex_pattern, flags).substitute(text, replace, count ?? 0),
  ],
});
