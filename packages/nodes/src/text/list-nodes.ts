/** Texts of a data set: each result is a list with one text, as these classes always gave. */
import { defineNode, int, string } from "../sdk/index.ts";
import { codePointSlice, replaceAll, strip } from "./code-points.ts";

export const textToLowercase = defineNode({
  name: "TextToLowercase",
  api: "schema",
  displayName: "Convert Text to Lowercase (DEPRECATED)",
  category: "text",
  description: "Lower case.",
  pythonModule: "comfy_extras.nodes_dataset",
  inputs: { texts: string({ tooltip: "The text to process.", multiline: false }) },
  outputs: [{ type: "STRING", name: "texts", list: null, tooltip: "The result." }],
  deprecated: true,
  experimental: true,
  searchAliases: ["lowercase"],
  execute: ({ texts }) => [[texts.toLowerCase()]],
});

export const textToUppercase = defineNode({
  name: "TextToUppercase",
  api: "schema",
  displayName: "Convert Text to Uppercase (DEPRECATED)",
  category: "text",
  description: "Upper case.",
  pythonModule: "comfy_extras.nodes_dataset",
  inputs: { texts: string({ tooltip: "The text to process.", multiline: false }) },
  outputs: [{ type: "STRING", name: "texts", list: null, tooltip: "The result." }],
  deprecated: true,
  experimental: true,
  searchAliases: ["uppercase"],
  execute: ({ texts }) => [[texts.toUpperCase()]],
});

export const truncateText = defineNode({
  name: "TruncateText",
  api: "schema",
  displayName: "Truncate Text",
  category: "text",
  description: "Keeps the first characters.",
  pythonModule: "comfy_extras.nodes_dataset",
  inputs: {
    texts: string({ tooltip: "The text to process.", multiline: false }),
    max_length: int({ tooltip: "Longest text to keep, in characters.", default: 77, min: 1, max: 10000 }),
  },
  outputs: [{ type: "STRING", name: "texts", list: null, tooltip: "The result." }],
  experimental: true,
  searchAliases: ["truncate", "cut", "shorten"],
  execute: ({ texts, max_length }) => [[codePointSlice(texts, 0, max_length)]],
});

export const addTextPrefix = defineNode({
  name: "AddTextPrefix",
  api: "schema",
  displayName: "Add Text Prefix (DEPRECATED)",
  category: "text",
  description: "Puts a text in front.",
  pythonModule: "comfy_extras.nodes_dataset",
  inputs: {
    texts: string({ tooltip: "The text to process.", multiline: false }),
    prefix: string({ tooltip: "Text put in front.", default: "", multiline: false }),
  },
  outputs: [{ type: "STRING", name: "texts", list: null, tooltip: "The result." }],
  deprecated: true,
  experimental: true,
  execute: ({ texts, prefix }) => [[prefix + texts]],
});

export const addTextSuffix = defineNode({
  name: "AddTextSuffix",
  api: "schema",
  displayName: "Add Text Suffix (DEPRECATED)",
  category: "text",
  description: "Puts a text behind.",
  pythonModule: "comfy_extras.nodes_dataset",
  inputs: {
    texts: string({ tooltip: "The text to process.", multiline: false }),
    suffix: string({ tooltip: "Text put behind.", default: "", multiline: false }),
  },
  outputs: [{ type: "STRING", name: "texts", list: null, tooltip: "The result." }],
  deprecated: true,
  experimental: true,
  execute: ({ texts, suffix }) => [[texts + suffix]],
});

export const replaceText = defineNode({
  name: "ReplaceText",
  api: "schema",
  displayName: "Replace Text (DEPRECATED)",
  category: "text",
  description: "Replaces every occurrence of a text.",
  pythonModule: "comfy_extras.nodes_dataset",
  inputs: {
    texts: string({ tooltip: "The text to process.", multiline: false }),
    find: string({ tooltip: "Text to look for.", default: "", multiline: false }),
    replace: string({ tooltip: "Text to put in its place.", default: "", multiline: false }),
  },
  outputs: [{ type: "STRING", name: "texts", list: null, tooltip: "The result." }],
  deprecated: true,
  experimental: true,
  execute: ({ texts, find, replace }) => [[replaceAll(texts, find, replace)]],
});

export const stripWhitespace = defineNode({
  name: "StripWhitespace",
  api: "schema",
  displayName: "Strip Whitespace (DEPRECATED)",
  category: "text",
  description: "Removes white space at both ends.",
  pythonModule: "comfy_extras.nodes_dataset",
  inputs: { texts: string({ tooltip: "The text to process.", multiline: false }) },
  outputs: [{ type: "STRING", name: "texts", list: null, tooltip: "The result." }],
  deprecated: true,
  experimental: true,
  execute: ({ texts }) => [[strip(texts)]],
});

export const mergeTextLists = defineNode({
  name: "MergeTextLists",
  api: "schema",
  displayName: "Merge Text Lists (DEPRECATED)",
  category: "text",
  description: "One list of all texts.",
  pythonModule: "comfy_extras.nodes_dataset",
  inputs: { texts: string({ tooltip: "The text to process.", multiline: false }) },
  outputs: [{ type: "STRING", name: "texts", list: null, tooltip: "The result." }],
  inputIsList: true,
  deprecated: true,
  experimental: true,
  execute: ({ texts }) => [[[...texts]]],
});
