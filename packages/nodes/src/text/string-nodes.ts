/** Texts: joining, cutting, case, comparison. */
import { boolean, choice, defineNode, int, string } from "../sdk/index.ts";
import { pyStr } from "@hearth/protocol";
import {
  capitalize,
  codePointLength,
  codePointSlice,
  replaceAll,
  strip,
  stripLeft,
  stripRight,
  titleCase,
} from "./code-points.ts";
export const stringConcatenate = defineNode({
  name: "StringConcatenate",
  api: "schema",
  displayName: "Concatenate Text",
  category: "text",
  description: "Joins two texts with a delimiter.",
  pythonModule: "comfy_extras.nodes_string",
  inputs: {
    string_a: string({ multiline: true }),
    string_b: string({ multiline: true }),
    delimiter: string({ default: "", multiline: false }),
  },
  outputs: ["STRING"],
  searchAliases: [
    "concatenate",
    "text concat",
    "join text",
    "merge text",
    "combine strings",
    "string concat",
    "append text",
    "combine text",
  ],
  execute: ({ string_a, string_b, delimiter }) => [`${pyStr(string_a)}${pyStr(delimiter)}${pyStr(string_b)}`],
});

export const stringSubstring = defineNode({
  name: "StringSubstring",
  api: "schema",
  displayName: "Substring",
  category: "text",
  description: "The part of a text between two positions; negative ones count from the end.",
  pythonModule: "comfy_extras.nodes_string",
  inputs: { string: string({ multiline: true }), start: int(), end: int() },
  outputs: ["STRING"],
  searchAliases: ["substring", "extract text", "text portion"],
  execute: ({ string: text, start, end }) => [codePointSlice(text, start, end)],
});

export const stringLength = defineNode({
  name: "StringLength",
  api: "schema",
  displayName: "Text Length",
  category: "text",
  description: "Number of characters.",
  pythonModule: "comfy_extras.nodes_string",
  inputs: { string: string({ multiline: true }) },
  outputs: [{ type: "INT", name: "length" }],
  searchAliases: ["character count", "text size", "string length"],
  execute: ({ string: text }) => [codePointLength(text)],
});

export const caseConverter = defineNode({
  name: "CaseConverter",
  api: "schema",
  displayName: "Convert Text Case",
  category: "text",
  description: "Changes the case of a text.",
  pythonModule: "comfy_extras.nodes_string",
  inputs: {
    string: string({ multiline: true }),
    mode: choice(["UPPERCASE", "lowercase", "Capitalize", "Title Case"]),
  },
  outputs: ["STRING"],
  searchAliases: ["case converter", "text case", "uppercase", "lowercase", "capitalize"],
  execute: ({ string: text, mode }) => {
    if (mode === "UPPERCASE") return [text.toUpperCase()];
    if (mode === "lowercase") return [text.toLowerCase()];
    return [mode === "Capitalize" ? capitalize(text) : titleCase(text)];
  },
});

export const stringTrim = defineNode({
  name: "StringTrim",
  api: "schema",
  displayName: "Trim Text",
  category: "text",
  description: "Removes white space at the ends.",
  pythonModule: "comfy_extras.nodes_string",
  inputs: { string: string({ multiline: true }), mode: choice(["Both", "Left", "Right"]) },
  outputs: ["STRING"],
  searchAliases: ["trim", "clean whitespace", "remove whitespace", "remove spaces", "strip"],
  execute: ({ string: text, mode }) => [
    mode === "Both" ? strip(text) : mode === "Left" ? stripLeft(text) : stripRight(text),
  ],
});

export const stringReplace = defineNode({
  name: "StringReplace",
  api: "schema",
  displayName: "Replace Text",
  category: "text",
  description: "Replaces every occurrence of a text.",
  pythonModule: "comfy_extras.nodes_string",
  inputs: {
    string: string({ multiline: true }),
    find: string({ multiline: true }),
    replace: string({ multiline: true }),
  },
  outputs: ["STRING"],
  searchAliases: ["replace", "find and replace", "substitute", "swap text"],
  execute: ({ string: text, find, replace }) => [replaceAll(text, find, replace)],
});

export const stringContains = defineNode({
  name: "StringContains",
  api: "schema",
  displayName: "Contains Text",
  category: "text",
  description: "Whether a text holds another.",
  pythonModule: "comfy_extras.nodes_string",
  inputs: {
    string: string({ multiline: true }),
    substring: string({ multiline: true }),
    case_sensitive: boolean({ advanced: true, default: true }),
  },
  outputs: [{ type: "BOOLEAN", name: "contains" }],
  searchAliases: ["contains", "text includes", "string includes"],
  execute: ({ string: text, substring, case_sensitive }) => [
    case_sensitive ? text.includes(substring) : text.toLowerCase().includes(substring.toLowerCase()),
  ],
});

export const stringCompare = defineNode({
  name: "StringCompare",
  api: "schema",
  displayName: "Compare Text",
  category: "text",
  description: "Compares two texts.",
  pythonModule: "comfy_extras.nodes_string",
  inputs: {
    string_a: string({ multiline: true }),
    string_b: string({ multiline: true }),
    mode: choice(["Starts With", "Ends With", "Equal"]),
    case_sensitive: boolean({ advanced: true, default: true }),
  },
  outputs: ["BOOLEAN"],
  searchAliases: ["compare", "text match", "string equals", "starts with", "ends with"],
  execute: ({ string_a, string_b, mode, case_sensitive }) => {
    const a = case_sensitive ? string_a : string_a.toLowerCase();
    const b = case_sensitive ? string_b : string_b.toLowerCase();
    return [mode === "Equal" ? a === b : mode === "Starts With" ? a.startsWith(b) : a.endsWith(b)];
  },
});
