/** Change tokens (section 6.11): what a class says of its constant inputs, compared with the last time. */
import type { JsonValue } from "@hearth/protocol";
import type { GraphNode } from "./dynamic-prompt.ts";
import { declaredInputs, unwrapped } from "./declared-inputs.ts";
import { linkOf } from "./expansion.ts";
import type { NodeClass, ValidationFolders } from "./node-class.ts";

/** The token of a class without a fingerprint. */
export const UNCHANGED = false;

/**
 * Asks the class for the token of a node. Links are `null`. A fingerprint that throws gives NaN: the node runs again
 * and meets the same trouble where it can be reported.
 */
export function changeTokenOf(
  cls: NodeClass,
  node: GraphNode,
  folders: ValidationFolders,
): JsonValue | Promise<JsonValue> {
  if (cls.fingerprint === undefined) return UNCHANGED;
  const declared = declaredInputs(cls.info, node.inputs);
  const constants: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(node.inputs)) {
    const input = declared.get(name);
    if (input === undefined && !cls.acceptsAllInputs) continue;
    constants[name] = linkOf(value) === undefined ? (unwrapped(value, input) as JsonValue) : null;
  }
  try {
    const token = cls.fingerprint(constants, folders);
    return token instanceof Promise ? token.catch(() => Number.NaN) : token;
  } catch {
    return Number.NaN;
  }
}
