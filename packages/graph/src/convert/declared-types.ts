/** What the editor makes of a declared input: a widget that holds a value, or a socket that takes a link. */
import { type InputDeclaration, isJsonObject, type JsonObject, type NodeInfo } from "@hearth/protocol";
import type { SlotType } from "../types.ts";

/** The node info of a class, or `undefined` when nobody has it. */
export type NodeInfoLookup = (className: string) => NodeInfo | undefined;

/** Types that the editor has a widget for. Other types get one when they say `socketless`. */
const WIDGET_TYPES = new Set<string>([
  "INT",
  "FLOAT",
  "STRING",
  "BOOLEAN",
  "COMBO",
  "COMFY_DYNAMICCOMBO_V3",
  "AUDIO_RECORD",
  "BOUNDING_BOX",
  "BOUNDING_BOXES",
  "CHART",
  "COLOR",
  "COLORS",
  "COMPOSITOR",
  "CURVE",
  "GALLERIA",
  "IMAGECOMPARE",
  "LOAD_3D",
  "LOAD_3D_ANIMATION",
  "MARKDOWN",
  "PAINTER",
  "RANGE",
  "TEXTAREA",
  "WEBCAM",
]);

/** What a class declares of an input, in whichever group. */
export function declarationOf(info: NodeInfo, name: string): InputDeclaration | undefined {
  for (const group of [info.input.required, info.input.optional]) {
    if (group !== undefined && Object.hasOwn(group, name)) return group[name];
  }
  return undefined;
}

/** The options of a declaration; none of them for `["INT"]`. */
export function optionsOf(declaration: InputDeclaration): JsonObject {
  return isJsonObject(declaration[1]) ? declaration[1] : {};
}

/** `COMBO` for the list of an older class; `widgetType` where a declaration names one. */
export function widgetType(declaration: InputDeclaration): string {
  const named = optionsOf(declaration)["widgetType"];
  if (typeof named === "string") return named;
  return typeof declaration[0] === "string" ? declaration[0] : "COMBO";
}

/** True for inputs that hold a value, also while a link takes its place. */
export function hasWidget(declaration: InputDeclaration): boolean {
  const options = optionsOf(declaration);
  if (options["forceInput"] === true) return false;
  return WIDGET_TYPES.has(widgetType(declaration)) || options["socketless"] === true;
}

/** The type that links are matched with. */
export function socketType(declaration: InputDeclaration): SlotType {
  return typeof declaration[0] === "string" ? declaration[0] : "COMBO";
}

/** What the editor's sockets accept of each other: letter case does not count, and empty means anything. */
export function socketsFit(from: SlotType, to: SlotType): boolean {
  const [a, b] = [namesOf(from), namesOf(to)];
  return a.includes("*") || b.includes("*") || a.some((name) => b.includes(name));
}

function namesOf(type: SlotType): string[] {
  if (typeof type !== "string") return ["combo"];
  return type.split(",").map((name) => name.trim().toLowerCase() || "*");
}
