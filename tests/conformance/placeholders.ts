/** Placeholders: strings of the form `<…>` that stand for a class of values. */
import { isNumeric, toNumber, type JsonValue } from "@hearth/protocol";
import type { MatchContext } from "./match-context.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$/;
const TEMP_PREFIX = /^ComfyUI_temp_[a-z]{5}_\d{5}_\.png$/;
const COUNT = /^<(count|minus-count):(\d+)>$/;
const WINDOW_S = 48 * 3600;

const text =
  (shape: RegExp) =>
  (value: JsonValue): boolean =>
    typeof value === "string" && shape.test(value);
const isText = (value: JsonValue): boolean => typeof value === "string";
const isInteger = (value: JsonValue): boolean =>
  typeof value === "bigint" || (isNumeric(value) && Number.isInteger(toNumber(value)));

function isRecent(seconds: number, context: MatchContext): boolean {
  return context.now === undefined || Math.abs(seconds - context.now) < WINDOW_S;
}

const PLACEHOLDERS: Readonly<Record<string, (value: JsonValue, context: MatchContext) => boolean>> = {
  "<any>": () => true,
  "<uuid>": text(UUID),
  "<hex32>": text(/^[0-9a-f]{32}$/),
  "<hex64>": text(/^[0-9a-f]{64}$/),
  "<ms>": (value, context) => isInteger(value) && isRecent(toNumber(value) / 1000, context),
  "<seconds>": (value, context) => isNumeric(value) && isRecent(toNumber(value), context),
  "<iso>": text(ISO),
  "<int>": isInteger,
  "<number>": isNumeric,
  "<bool>": (value) => typeof value === "boolean",
  "<string>": isText,
  "<path>": isText,
  "<prose>": (value) => value === null || isText(value),
  "<traceback>": (value) => Array.isArray(value) && value.every(isText),
  "<temp-prefix>": text(TEMP_PREFIX),
};

/** Whether the value fits, or `undefined` when `token` is not a placeholder but a literal text. */
export function placeholder(token: string, value: JsonValue, context: MatchContext): boolean | undefined {
  if (!token.startsWith("<") || !token.endsWith(">")) return undefined;
  const known = PLACEHOLDERS[token];
  if (known !== undefined) return known(value, context);
  const count = COUNT.exec(token);
  if (count === null) return undefined;
  if (!isNumeric(value)) return false;
  // All queue numbers of a scenario count from one base.
  const base = (count[1] === "count" ? 1 : -1) * toNumber(value) - Number(count[2]);
  context.counter ??= base;
  return base === context.counter;
}
