/** Turns gathered lists into the arguments of each call (section 6.4) and checks them as Python would. */
import { nestInputs } from "@hearth/graph";
import { isSchemaNode } from "@hearth/protocol";
import { dynamicInputs, requiredInputs } from "./declared-inputs.ts";
import type { GatheredInputs } from "./input-values.ts";
import { ExecutionBlocker, NodeError, type NodeClass, type NodeInputs } from "./node-class.ts";

/**
 * The arguments of each call: one call with whole lists for classes that take lists, else as many as the longest list
 * has values, shorter ones repeating their last.
 * @throws NodeError `IndexError` when one list is empty and another is not
 */
export function callArguments(cls: NodeClass, values: GatheredInputs["values"]): Record<string, unknown>[] {
  if (cls.inputIsList) return [Object.fromEntries(values)];
  let calls = 0;
  for (const list of values.values()) calls = Math.max(calls, list.length);
  // Without any value there is one call without arguments.
  if (calls === 0) return [{}];
  const all: Record<string, unknown>[] = [];
  for (let call = 0; call < calls; call += 1) {
    const given: Record<string, unknown> = {};
    for (const [name, list] of values) {
      if (list.length === 0) throw new NodeError("list index out of range", "IndexError");
      given[name] = list[Math.min(call, list.length - 1)];
    }
    all.push(given);
  }
  return all;
}

/** The blocker among the arguments of one call, if any. */
export function blockerIn(
  cls: NodeClass,
  given: Readonly<Record<string, unknown>>,
): ExecutionBlocker | undefined {
  for (const value of Object.values(given)) {
    if (value instanceof ExecutionBlocker) return value;
    if (!cls.inputIsList || !Array.isArray(value)) continue;
    const blocker = value.find((item) => item instanceof ExecutionBlocker);
    if (blocker instanceof ExecutionBlocker) return blocker;
  }
  return undefined;
}

/** Flat names become what the function takes: dynamic inputs are rebuilt. */
export function nestedArguments(cls: NodeClass, given: Record<string, unknown>): NodeInputs {
  return dynamicInputs(cls.info).length === 0 ? given : nestInputs(cls.info, given);
}

/** @throws NodeError `TypeError`, in Python's words, when the function cannot take these arguments */
export function checkArguments(cls: NodeClass, given: NodeInputs, unexpected: string | undefined): void {
  if (unexpected !== undefined) {
    throw new NodeError(
      `${functionName(cls)} got an unexpected keyword argument '${unexpected}'`,
      "TypeError",
    );
  }
  const missing = requiredInputs(cls.info).filter((name) => !Object.hasOwn(given, name));
  if (missing.length === 0) return;
  const names = missing.map((name) => `'${name}'`);
  const listed =
    names.length < 3
      ? names.join(" and ")
      : `${names.slice(0, -1).join(", ")}, and ${names[names.length - 1]}`;
  const noun = names.length === 1 ? "argument" : "arguments";
  throw new NodeError(
    `${functionName(cls)} missing ${names.length} required positional ${noun}: ${listed}`,
    "TypeError",
  );
}

function functionName(cls: NodeClass): string {
  return isSchemaNode(cls.info) ? `${cls.name}.execute()` : `${cls.name}()`;
}
