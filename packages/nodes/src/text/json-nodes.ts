/** Texts from structured values: JSON, templates, prompts in JSON. */
import { autogrow, defineNode, dynamicCombo, input, int, LETTER_NAMES, string } from "../sdk/index.ts";
import { isJsonObject, type JsonValue, JsonSyntaxError, parseJson, pyStr } from "@hearth/protocol";
import { formatString } from "./format-string.ts";
import { jsonText } from "./json-text.ts";

/** The value of JSON text; `undefined` where it is none. */
function readJson(text: string): JsonValue | undefined {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

/** The choice of a style, and its text under the choice's own name. */
type Style = { style: "none" | "photo" | "art_style"; photo?: string; art_style?: string };

export const jsonExtractString = defineNode({
  name: "JsonExtractString",
  api: "schema",
  displayName: "Extract Text from JSON",
  category: "text",
  description: "The value of a key of a JSON object, as text.",
  pythonModule: "comfy_extras.nodes_string",
  inputs: { json_string: string({ multiline: true }), key: string({ multiline: false }) },
  outputs: ["STRING"],
  searchAliases: ["json", "extract json", "parse json", "json value", "read json"],
  execute: ({ json_string, key }) => {
    const value = readJson(json_string);
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return [""];
    const member = value[key];
    return [member === null ? "" : pyStr(member)];
  },
});

export const convertDictionaryToString = defineNode({
  name: "ConvertDictionaryToString",
  api: "schema",
  displayName: "Convert Dictionary to String",
  category: "text",
  description: "A dictionary as JSON text.",
  pythonModule: "comfy_extras.nodes_string",
  inputs: {
    dictionary: input<unknown>("DICT"),
    indent: int({ tooltip: "Spaces per level; 0 prints one line.", default: 2, min: 0, max: 8 }),
  },
  outputs: ["STRING"],
  searchAliases: ["json", "dict to json", "stringify", "serialize", "dict to string"],
  execute: ({ dictionary, indent }) => [jsonText(dictionary, indent)],
});

export const convertArrayToString = defineNode({
  name: "ConvertArrayToString",
  api: "schema",
  displayName: "Convert Array to String",
  category: "text",
  description: "A list as JSON text.",
  pythonModule: "comfy_extras.nodes_string",
  inputs: {
    array: input<unknown>("ARRAY"),
    indent: int({ tooltip: "Spaces per level; 0 prints one line.", default: 2, min: 0, max: 8 }),
  },
  outputs: ["STRING"],
  searchAliases: ["json", "list to json", "stringify", "serialize", "list to string", "array to json"],
  execute: ({ array, indent }) => [jsonText(array, indent)],
});

export const stringFormat = defineNode({
  name: "StringFormat",
  api: "schema",
  displayName: "Format Text",
  category: "text",
  description: "Fills a template such as {a} or {b:.2f} with named values.",
  pythonModule: "comfy_extras.nodes_string",
  inputs: {
    values: autogrow<unknown>({
      input: { required: { value: ["*", {}] } },
      names: LETTER_NAMES,
      min: 0,
    }),
    f_string: string({ default: "{a}", multiline: true }),
  },
  outputs: ["STRING"],
  searchAliases: ["string", "format"],
  execute: ({ values, f_string }) => [formatString(f_string, values ?? {})],
});

export const buildJsonPromptIdeogram = defineNode({
  name: "BuildJsonPromptIdeogram",
  api: "schema",
  displayName: "Build JSON Prompt (Ideogram)",
  category: "text",
  description: "A structured prompt for Ideogram.",
  pythonModule: "comfy_extras.nodes_json_prompt",
  inputs: {
    element: input<readonly unknown[]>("ARRAY", { tooltip: "Elements of the composition." }),
    high_level_description: string({
      tooltip: "One sentence on the whole picture.",
      default: "",
      multiline: true,
    }),
    background: string({ tooltip: "What is behind the elements.", default: "", multiline: true }),
    style: dynamicCombo<Style>([
      { key: "none", inputs: { required: {} } },
      {
        key: "photo",
        inputs: {
          required: { photo: ["STRING", { tooltip: "Kind of photograph.", default: "", multiline: false }] },
        },
      },
      {
        key: "art_style",
        inputs: {
          required: { art_style: ["STRING", { tooltip: "Style of art.", default: "", multiline: false }] },
        },
      },
    ]),
    aesthetics: string({ tooltip: "Mood and aesthetics.", default: "", multiline: false }),
    lighting: string({ tooltip: "Light of the scene.", default: "", multiline: false }),
    medium: string({ tooltip: "Medium of the picture.", default: "", multiline: false }),
    color_palette: input<readonly string[]>("COLORS", {
      tooltip: "Colours of the picture.",
      default: [],
      socketless: false,
    }),
  },
  outputs: [{ type: "DICT", name: "prompt" }],
  experimental: true,
  execute: ({
    element,
    high_level_description,
    background,
    style,
    aesthetics,
    lighting,
    medium,
    color_palette,
  }) => {
    const palette = color_palette.map((color) => color.toUpperCase());
    const described =
      style.style !== "none" || aesthetics !== "" || lighting !== "" || medium !== "" || palette.length > 0;
    const styleDescription = {
      aesthetics,
      lighting,
      ...(style.style === "photo" ? { photo: style.photo ?? "" } : {}),
      medium,
      ...(style.style === "art_style" ? { art_style: style.art_style ?? "" } : {}),
      ...(palette.length > 0 ? { color_palette: palette } : {}),
    };
    const prompt = {
      ...(high_level_description === "" ? {} : { high_level_description }),
      ...(described ? { style_description: styleDescription } : {}),
      compositional_deconstruction: { background, elements: element },
    };
    return [prompt];
  },
});
