/** One class out of those of several workers: the first one's, and what can be chosen on any of them. */
import type { FileList, JsonValue, NodeClassAnnouncement, NodeInfo } from "@hearth/protocol";
import { withValueAt } from "../files/file-lists.ts";
import { choicesOf, samePath, valueKey, valueSet } from "./choices.ts";

/** `base` with the choices of `others` after its own; `base` itself where they have no more than it. */
export function mergeClasses(
  base: NodeClassAnnouncement,
  others: readonly NodeClassAnnouncement[],
): NodeClassAnnouncement {
  let info = base.info as unknown as JsonValue;
  let lists = base.lists;
  for (const choices of choicesOf(base.info).values()) {
    for (const choice of choices) {
      const list = lists?.find(({ path }) => samePath(path, choice.path));
      const more = missing(choice.values, list?.also, valuesElsewhere(choice, others));
      if (more.length === 0) continue;
      if (list === undefined) info = withValueAt(info, choice.path, [...choice.values, ...more]);
      else {
        const also = [...(list.also ?? []), ...more.filter((value) => typeof value === "string")];
        lists = lists?.map((one): FileList => (one === list ? { ...one, also } : one));
      }
    }
  }
  const isSame = info === (base.info as unknown) && lists === base.lists;
  if (isSame) return base;
  return { ...base, info: info as unknown as NodeInfo, ...(lists === undefined ? {} : { lists }) };
}

function valuesElsewhere(
  { input, under, isDynamic }: { input: string; under: string; isDynamic: boolean },
  others: readonly NodeClassAnnouncement[],
): JsonValue[][] {
  return others.flatMap(({ info, lists }) =>
    (choicesOf(info).get(input) ?? [])
      .filter((choice) => choice.under === under && choice.isDynamic === isDynamic)
      .map((choice) => {
        const also = lists?.find(({ path }) => samePath(path, choice.path))?.also ?? [];
        return [...choice.values, ...also];
      }),
  );
}

function missing(
  own: readonly JsonValue[],
  also: readonly string[] | undefined,
  elsewhere: readonly (readonly JsonValue[])[],
): JsonValue[] {
  if (elsewhere.length === 0) return [];
  const known = new Set(also === undefined ? valueSet(own) : [...valueSet(own), ...also]);
  const more: JsonValue[] = [];
  for (const value of elsewhere.flat()) {
    const key = valueKey(value);
    if (known.has(key)) continue;
    known.add(key);
    more.push(value);
  }
  return more;
}
