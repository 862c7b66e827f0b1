/** Numbers: expressions, conversion, sizes, colours. */
import {
  autogrow,
  choice,
  defineNode,
  float,
  input,
  int,
  LETTER_NAMES,
  NodeError,
  string,
} from "../sdk/index.ts";
import { roundHalfEven } from "../text/exact-decimal.ts";
import { convertNumber, evaluateExpression, integerValue } from "./math-expression.ts";

export const comfyMathExpression = defineNode({
  name: "ComfyMathExpression",
  api: "schema",
  displayName: "Math Expression",
  category: "utilities",
  description: "Evaluates an expression with the operators of Python.",
  pythonModule: "comfy_extras.nodes_math",
  inputs: {
    expression: string({ default: "a + b", multiline: true }),
    values: autogrow<unknown>({
      input: { required: { value: ["FLOAT,INT,BOOLEAN", {}] } },
      names: LETTER_NAMES,
      min: 1,
    }),
  },
  outputs: ["FLOAT", "INT", { type: "BOOLEAN", name: "BOOL" }],
  searchAliases: ["expression", "formula", "calculate", "calculator", "eval", "math"],
  execute: ({ expression, values }) => {
    const result = evaluateExpression(expression, values);
    return [result.float, integerValue(result.integer), result.boolean];
  },
});

export const comfyNumberConvert = defineNode({
  name: "ComfyNumberConvert",
  api: "schema",
  displayName: "Convert Number",
  category: "utilities",
  description: "A number, a boolean or a text as float and integer.",
  pythonModule: "comfy_extras.nodes_number_convert",
  inputs: { value: input("INT,FLOAT,STRING,BOOLEAN", { display_name: "value" }) },
  outputs: ["FLOAT", "INT"],
  searchAliases: [
    "int to float",
    "float to int",
    "number convert",
    "int2float",
    "float2int",
    "cast",
    "parse number",
    "string to number",
    "bool to int",
  ],
  execute: ({ value }) => {
    const { float: number, integer } = convertNumber(value);
    return [number, integerValue(integer)];
  },
});

export const resolutionSelector = defineNode({
  name: "ResolutionSelector",
  api: "schema",
  displayName: "Resolution Selector",
  category: "utilities",
  description: "Width and height from a shape and a size.",
  pythonModule: "comfy_extras.nodes_resolution",
  inputs: {
    aspect_ratio: choice(
      [
        "1:1 (Square)",
        "2:3 (Portrait Photo)",
        "3:2 (Photo)",
        "3:4 (Portrait Standard)",
        "4:3 (Standard)",
        "9:16 (Portrait Widescreen)",
        "16:9 (Widescreen)",
        "21:9 (Ultrawide)",
      ],
      { tooltip: "Shape of the picture.", default: "1:1 (Square)" },
    ),
    megapixels: float({
      tooltip: "Size in units of 1024×1024 pixels.",
      default: 1,
      min: 0.1,
      max: 16,
      step: 0.1,
    }),
    multiple: int({
      tooltip: "Both sides become multiples of this.",
      advanced: true,
      default: 8,
      min: 8,
      max: 128,
      step: 4,
    }),
  },
  outputs: [
    { type: "INT", name: "width", tooltip: "Width in pixels." },
    { type: "INT", name: "height", tooltip: "Height in pixels." },
  ],
  execute: ({ aspect_ratio, megapixels, multiple }) => {
    const [across = 1, down = 1] = (/^\d+:\d+/.exec(aspect_ratio)?.[0] ?? "1:1").split(":").map(Number);
    const scale = Math.sqrt((megapixels * 1024 * 1024) / (across * down));
    return [across, down].map((side) => roundHalfEven((side * scale) / multiple) * multiple);
  },
});

export const colorToRGBInt = defineNode({
  name: "ColorToRGBInt",
  api: "schema",
  displayName: "Color Picker",
  category: "utilities",
  description: "A colour as integer, as text without alpha, and its alpha.",
  pythonModule: "comfy_extras.nodes_color",
  inputs: { color: input<string>("COLOR", { default: "#ffffff", socketless: true }) },
  outputs: [
    { type: "INT", name: "rgb_int" },
    { type: "COLOR", name: "hex" },
    { type: "FLOAT", name: "alpha" },
  ],
  execute: ({ color }) => {
    if (!/^#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$/.test(color)) {
      throw new NodeError(`Color must be in format #RRGGBB or #RRGGBBAA, got ${color}`, "ValueError");
    }
    const alpha = color.length === 9 ? Number.parseInt(color.slice(7), 16) / 255 : 1;
    return [Number.parseInt(color.slice(1, 7), 16), color.slice(0, 7), alpha];
  },
});
