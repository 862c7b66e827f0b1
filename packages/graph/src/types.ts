/** Which output may go into which input (section 5.3). */
import type { JsonValue } from "@hearth/protocol";
import { pyEquals } from "./input-conversion.ts";

/** A type name, several joined by commas, or the options of a classic combo. */
export type SlotType = string | readonly JsonValue[];

/** The type that takes whatever its template is matched with; the server does not check it. */
const MATCHED = "COMFY_MATCHTYPE_V3";

/** True when a value of type `received` may be linked into an input of type `wanted`. */
export function typesCompatible(received: SlotType, wanted: SlotType): boolean {
  if (received === wanted) return true;
  if (received === "*" || wanted === "*" || received === MATCHED || wanted === MATCHED) return true;
  if (typeof received !== "string") {
    return wanted === "COMBO" || (typeof wanted !== "string" && pyEquals([...received], [...wanted]));
  }
  if (typeof wanted !== "string") return false;
  const accepted = new Set(namesIn(wanted));
  return accepted.has("*") || namesIn(received).some((name) => name === "*" || accepted.has(name));
}

function namesIn(types: string): string[] {
  return types.split(",").map((name) => name.trim());
}
