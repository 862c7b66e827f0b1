/** Classes with a validator of their own: what it is called with, and what its answers mean (section 5.2). */
import type { JsonObject, JsonValue, NodeClassAnnouncement, ValidatorOutcome } from "@hearth/protocol";
import { PythonError } from "./input-conversion.ts";
import type { ExpandedInputs } from "./dynamic-inputs.ts";
import { linkOf } from "./links.ts";
import { customValidationFailed, type NodeError } from "./node-errors.ts";

/** One call of a class's validator. */
export interface ValidatorCall {
  readonly className: string;
  /** constants by name; links are `null` */
  readonly inputs: Record<string, JsonValue>;
  /** received type by linked input name */
  readonly inputTypes: Record<string, JsonValue>;
}

/** What the validator of a node is to be asked. */
export interface ValidatorPlan {
  readonly calls: ValidatorCall[];
  /** the inputs that its errors are reported on */
  readonly blamed: readonly string[];
}

/**
 * The calls of a node's validator. It sees the inputs that it names, or all declared ones. Constants that are lists
 * (`wrapped` names them: they came as `__value__`) make it run once per element, shorter ones repeating their last;
 * a class that takes lists is called once, with lists.
 * @throws PythonError `IndexError` when one list is empty and another is not
 */
export function validatorPlan(
  cls: NodeClassAnnouncement,
  inputs: JsonObject,
  inputTypes: ReadonlyMap<string, JsonValue>,
  declared: ExpandedInputs,
  wrapped: ReadonlySet<string>,
): ValidatorPlan {
  const { validates = [], validatesTypes = false } = cls;
  // A validator without parameters is not called.
  if (validates.length === 0 && !validatesTypes) return { calls: [], blamed: [] };
  const names = validates === "*" ? declared.map((input) => input.name) : validates;
  const lists = names
    .filter((name) => Object.hasOwn(inputs, name))
    .map((name) => [name, valuesOf(inputs[name] as JsonValue, wrapped.has(name))] as const);
  const blamed = lists.map(([name]) => name);
  if (validatesTypes) blamed.push("input_types");
  const common = { className: cls.info.name, inputTypes: Object.fromEntries(inputTypes) };
  if (cls.info.is_input_list) return { calls: [{ ...common, inputs: Object.fromEntries(lists) }], blamed };
  const count = lists.reduce((most, [, values]) => Math.max(most, values.length), 0);
  if (count === 0) return { calls: [{ ...common, inputs: {} }], blamed };
  const calls = Array.from({ length: count }, (_, index) => ({
    ...common,
    inputs: Object.fromEntries(lists.map(([name, values]) => [name, elementOf(values, index)])),
  }));
  return { calls, blamed };
}

function valuesOf(value: JsonValue, isList: boolean): JsonValue[] {
  if (linkOf(value) !== undefined) return [null];
  return isList && Array.isArray(value) ? value : [value];
}

function elementOf(values: readonly JsonValue[], index: number): JsonValue {
  const element = values[Math.min(index, values.length - 1)];
  if (element === undefined) throw new PythonError("IndexError", "list index out of range");
  return element;
}

/**
 * The errors that the outcomes of all calls make: each bad one is reported on every input that was passed.
 * @throws PythonError when the validator threw
 */
export function validatorErrors(
  blamed: readonly string[],
  outcomes: readonly ValidatorOutcome[],
): NodeError[] {
  const texts: (string | undefined)[] = [];
  for (const outcome of outcomes) {
    if ("exception" in outcome) throw new PythonError(outcome.exceptionType, outcome.exception);
    if (outcome.result !== true) texts.push(outcome.result === false ? undefined : outcome.result);
  }
  return blamed.flatMap((name) => texts.map((text) => customValidationFailed(name, text)));
}
