/** Looking at values and shaping them by hand. */
import { any, defineNode, input, JsonFloat, NodeError, optional } from "../sdk/index.ts";
import { isJsonObject, isNumeric, pyStr, toNumber } from "@hearth/protocol";
import { jsonText } from "../text/json-text.ts";
import { makeCurve } from "./curve.ts";

/** A value as text: texts and numbers as Python prints them, the rest as JSON, and what JSON cannot hold by its name. */
function previewText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined || typeof value === "boolean" || isNumeric(value))
    return pyStr(value);
  try {
    return jsonText(value, 4);
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    // Tensors and models describe themselves; collections that hold some are printed as Python does.
    return isJsonObject(value) &&
      Object.hasOwn(Object.getPrototypeOf(value) as object, "toString") &&
      Object.getPrototypeOf(value) !== Object.prototype
      ? String(value as object)
      : pyStr(value);
  }
}

/** The value of a curve editor. */
interface CurveSettings {
  readonly points: readonly (readonly [unknown, unknown])[];
  readonly interpolation?: string;
}

export const previewAny = defineNode({
  name: "PreviewAny",
  api: "v1",
  displayName: "Preview as Text",
  category: "utilities",
  description: "Shows any value as text.",
  pythonModule: "comfy_extras.nodes_preview_any",
  inputs: { source: any({}) },
  outputs: ["STRING"],
  outputNode: true,
  searchAliases: ["show output", "inspect", "debug", "print value", "show text"],
  execute: ({ source }) => {
    const text = previewText(source);
    return { outputs: [text], ui: { text: [text] } };
  },
});

export const curveEditor = defineNode({
  name: "CurveEditor",
  api: "schema",
  displayName: "Curve Editor",
  category: "utilities",
  description: "A curve drawn by hand.",
  pythonModule: "comfy_extras.nodes_curve",
  inputs: {
    curve: input<CurveSettings>("CURVE", {
      default: {
        points: [
          [new JsonFloat(0), new JsonFloat(0)],
          [new JsonFloat(1), new JsonFloat(1)],
        ],
        interpolation: "monotone_cubic",
      },
      socketless: true,
    }),
    histogram: optional(input<unknown>("HISTOGRAM")),
  },
  outputs: [{ type: "CURVE", name: "curve" }],
  hasIntermediateOutput: true,
  execute: ({ curve }) => {
    const points = curve.points.map(([x, y]) => [toNumber(x), toNumber(y)] as const);
    return [makeCurve(points, curve.interpolation ?? "monotone_cubic")];
  },
});
