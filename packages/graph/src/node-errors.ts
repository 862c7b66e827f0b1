/** The errors of section 5: types, texts and shapes that clients match on. */
import { type InputDeclaration, type JsonObject, type JsonValue, pyRepr, pyStr } from "@hearth/protocol";
import type { PythonError } from "./input-conversion.ts";

export interface NodeError extends JsonObject {
  type: string;
  message: string;
  details: string;
  extra_info: JsonObject;
}

/** How many options of a combo an error text lists. */
const LISTED_OPTIONS = 20;

/** A declaration as the reference reports it: always with options. */
export function inputConfig([type, options]: InputDeclaration): JsonValue {
  return [type, options ?? {}];
}

function about(name: string, declaration: InputDeclaration, more: JsonObject): JsonObject {
  return { input_name: name, input_config: inputConfig(declaration), ...more };
}

export function requiredInputMissing(name: string, shownName: string): NodeError {
  return {
    type: "required_input_missing",
    message: "Required input is missing",
    details: shownName,
    extra_info: { input_name: name },
  };
}

export function badLinkedInput(name: string, declaration: InputDeclaration, value: JsonValue): NodeError {
  return {
    type: "bad_linked_input",
    message: "Bad linked input, must be a length-2 list of [node_id, slot_index]",
    details: name,
    extra_info: about(name, declaration, { received_value: value }),
  };
}

export function returnTypeMismatch(
  name: string,
  declaration: InputDeclaration,
  received: JsonValue,
  link: JsonValue,
): NodeError {
  return {
    type: "return_type_mismatch",
    message: "Return type mismatch between linked nodes",
    details: `${name}, received_type(${pyStr(received)}) mismatch input_type(${pyStr(declaration[0])})`,
    extra_info: about(name, declaration, { received_type: received, linked_node: link }),
  };
}

export function invalidInputType(
  name: string,
  declaration: InputDeclaration,
  value: JsonValue,
  exception: string,
): NodeError {
  return {
    type: "invalid_input_type",
    message: `Failed to convert an input value to a ${pyStr(declaration[0])} value`,
    details: `${name}, ${pyStr(value)}, ${exception}`,
    extra_info: about(name, declaration, { received_value: value, exception_message: exception }),
  };
}

export function valueSmallerThanMin(
  name: string,
  declaration: InputDeclaration,
  value: JsonValue,
  min: JsonValue,
): NodeError {
  return {
    type: "value_smaller_than_min",
    message: `Value ${pyStr(value)} smaller than min of ${pyStr(min)}`,
    details: name,
    extra_info: about(name, declaration, { received_value: value }),
  };
}

export function valueBiggerThanMax(
  name: string,
  declaration: InputDeclaration,
  value: JsonValue,
  max: JsonValue,
): NodeError {
  return {
    type: "value_bigger_than_max",
    message: `Value ${pyStr(value)} bigger than max of ${pyStr(max)}`,
    details: name,
    extra_info: about(name, declaration, { received_value: value }),
  };
}

export function valueNotInList(
  name: string,
  declaration: InputDeclaration,
  value: JsonValue,
  bad: readonly JsonValue[],
  options: readonly JsonValue[],
): NodeError {
  const isLong = options.length > LISTED_OPTIONS;
  const list = isLong ? `(list of length ${options.length})` : pyRepr(options);
  return {
    type: "value_not_in_list",
    message: "Value not in list",
    details: `${name}: ${bad.map(pyRepr).join(", ")} not in ${list}`,
    extra_info: {
      input_name: name,
      input_config: isLong ? null : inputConfig(declaration),
      received_value: value,
    },
  };
}

/** `text` is what the validator returned, unless it just said no. */
export function customValidationFailed(name: string, text: string | undefined): NodeError {
  return {
    type: "custom_validation_failed",
    message: "Custom validation failed for node",
    details: text === undefined ? name : `${name} - ${text}`,
    extra_info: { input_name: name },
  };
}

/** The last line of what Python would print: the frames above it would be ours, and help nobody. */
function traceback(thrown: PythonError): string[] {
  return [`${thrown.pythonType}: ${thrown.message}\n`];
}

export function exceptionDuringValidation(thrown: PythonError): NodeError {
  return {
    type: "exception_during_validation",
    message: "Exception when validating node",
    details: thrown.message,
    extra_info: { exception_type: thrown.pythonType, traceback: traceback(thrown) },
  };
}

export function exceptionDuringInnerValidation(
  name: string,
  declaration: InputDeclaration,
  thrown: PythonError,
  link: JsonValue,
): NodeError {
  return {
    type: "exception_during_inner_validation",
    message: "Exception when validating inner node",
    details: thrown.message,
    extra_info: about(name, declaration, {
      exception_message: thrown.message,
      exception_type: thrown.pythonType,
      traceback: traceback(thrown),
      linked_node: link,
    }),
  };
}

/** How many nodes of one cycle are reported: each repeats the names of all, and a hostile cycle has 10,000. */
const LISTED_NODES = 100;

/**
 * The errors of the nodes of a cycle, in its order. `cycle` holds the ids from the node that was met first to the one
 * that leads back to it.
 */
export function dependencyCycle(cycle: readonly string[], classOf: (id: string) => string): NodeError[] {
  const listed = cycle.slice(0, LISTED_NODES);
  const steps = listed.map((id) => `${id} (${classOf(id)})`);
  const first = steps[0] ?? "";
  if (listed.length < cycle.length) steps.push(`… ${cycle.length - listed.length} more`);
  const details = [...steps, first].join(" -> ");
  return listed.map((id) => ({
    type: "dependency_cycle",
    message: "Dependency cycle detected",
    details,
    extra_info: { node_id: id, cycle_nodes: listed },
  }));
}
