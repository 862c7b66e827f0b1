/** `%Node.widget%` and `%date:…%` inside file name prefixes and values of PrimitiveNodes. */
import { type JsonValue, printJson } from "@hearth/protocol";

/** The value of a widget of the node that has this name for replacements, or this title. */
export type WidgetLookup = (node: string, widget: string) => JsonValue | undefined;

/** Characters that no file name may hold. */
const NO_FILE_NAME = /[/?<>\\:*|"\u0000-\u001f\u007f]/g;

/** Classes whose `filename_prefix` is resolved. */
const SAVERS = new Set([
  "CLIPSave",
  "LoraSave",
  "ModelSave",
  "SaveAnimatedPNG",
  "SaveAnimatedWEBP",
  "SaveAudio",
  "SaveAudioMP3",
  "SaveAudioOpus",
  "SaveGLB",
  "SaveImage",
  "SaveImageAdvanced",
  "SaveLatent",
  "SaveSVGNode",
  "SaveVideo",
  "SaveWEBM",
  "VAESave",
]);

/** True when texts of this widget are resolved before they are sent. */
export function hasReplacements(className: string, widget: string): boolean {
  return widget === "filename_prefix" && SAVERS.has(className);
}

/** Resolves what is known; everything else between percent signs stays for the server (`%width%`) or as it is. */
export function applyReplacements(text: string, now: Date, lookup: WidgetLookup): string {
  return text.replace(/%([^%]+)%/g, (whole, inner: string) => {
    if (inner.startsWith("date:")) return dateText(inner.slice("date:".length), now);
    const [node, widget, ...more] = inner.split(".");
    if (node === undefined || widget === undefined || more.length > 0) return whole;
    const value = lookup(node, widget);
    if (value === undefined) return whole;
    return asText(value).replaceAll(NO_FILE_NAME, "_");
  });
}

function asText(value: JsonValue): string {
  if (value === null) return "";
  if (typeof value === "object" && "valueOf" in value && typeof value.valueOf() === "number") {
    return String(value.valueOf());
  }
  return typeof value === "object" ? printJson(value, "compact") : String(value);
}

/** `yyyy-MM-dd hh:mm:ss` and the like, in local time; one letter means no leading zero. */
function dateText(format: string, now: Date): string {
  const parts: Readonly<Record<string, number>> = {
    d: now.getDate(),
    M: now.getMonth() + 1,
    h: now.getHours(),
    m: now.getMinutes(),
    s: now.getSeconds(),
  };
  return format.replace(/yyyy|yy|dd?|MM?|hh?|mm?|ss?/g, (token) => {
    if (token.startsWith("y")) return String(now.getFullYear()).slice(-token.length);
    return String(parts[token[0] as string]).padStart(token.length, "0");
  });
}
