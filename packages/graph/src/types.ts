/** Which output may go into which input (section 5.3). */
import type { JsonValue } from "@hearth/protocol";

type SlotType = string | readonly JsonValue[];

/** True when a value of type `received` may be linked into an input of type `wanted`. */
export function typesCompatible(received: SlotType, wanted: SlotType): boolean {
  if (received === "*" || wanted === "*") return true;
  if (received === "COMFY_MATCHTYPE_V3" || wanted === "COMFY_MATCHTYPE_V3") return true;
  if (typeof received !== "string") {
    if (wanted === "COMBO") return true;
    return typeof wanted !== "string" && JSON.stringify(received) === JSON.stringify(wanted);
  }
  if (typeof wanted !== "string") return false;
  if (received === wanted) return true;
  const names = (list: string): string[] => list.split(",").map((name) => name.trim());
  const accepted = new Set(names(wanted));
  return accepted.has("*") || names(received).some((name) => name === "*" || accepted.has(name));
}
