/**
 * Validation of one node and of what it stands on (section 5.2). Each node is a generator that asks its driver to
 * validate a source or to run a class's own validator: so a chain of 10,000 nodes needs no stack, and a prompt without
 * own validators never waits.
 */
import {
  isJsonObject,
  isSchemaNode,
  type JsonObject,
  type JsonValue,
  type NodeClassAnnouncement,
  pyTypeName,
  type ValidatorOutcome,
} from "@hearth/protocol";
import { takeConstant } from "./constants.ts";
import { PythonError } from "./input-conversion.ts";
import { expandInputs, type ExpandedInput, type ExpandedInputs } from "./dynamic-inputs.ts";
import { linkOf } from "./links.ts";
import {
  badLinkedInput,
  exceptionDuringInnerValidation,
  requiredInputMissing,
  returnTypeMismatch,
} from "./node-errors.ts";
import { type ValidatorCall, validatorErrors, validatorPlan } from "./own-validator.ts";
import type { NodeResult, PromptState } from "./prompt-state.ts";
import { type SlotType, typesCompatible } from "./types.ts";

/** What a node asks of its driver: another node's result, or what a validator says. */
export type Request = { readonly node: string } | { readonly validator: ValidatorCall };
type Answer = NodeResult | ValidatorOutcome;
export type Validation = Generator<Request, NodeResult, Answer>;

/** The node that is looked at. */
interface Current {
  readonly id: string;
  readonly cls: NodeClassAnnouncement;
  readonly inputs: JsonObject;
  readonly result: NodeResult;
  readonly inputTypes: Map<string, JsonValue>;
  /** inputs that held a wrapped list */
  readonly wrapped: Set<string>;
}

/**
 * Validates a node that has no result yet.
 * @throws PythonError for what its caller has to report: a node or slot that does not exist, a value without order
 */
export function* validateNode(state: PromptState, id: string): Validation {
  state.enter(id);
  try {
    const node = state.node(id);
    const cls = state.classOf(id);
    const { inputs } = node;
    if (inputs === undefined) throw new PythonError("KeyError", "'inputs'");
    if (!isJsonObject(inputs)) {
      throw new PythonError("TypeError", `the inputs of a node must be a dict, not ${pyTypeName(inputs)}`);
    }
    const result: NodeResult = { valid: true, errors: [] };
    const current: Current = { id, cls, inputs, result, inputTypes: new Map(), wrapped: new Set() };
    const declared = expandInputs(cls.info, inputs);
    for (const input of declared) {
      const source = checkInput(state, current, input);
      if (source === undefined) continue;
      try {
        const outcome = (yield { node: source }) as NodeResult;
        if (!outcome.valid) result.valid = false;
      } catch (error) {
        if (!(error instanceof PythonError)) throw error;
        // The source could not be validated at all, and carries the error.
        result.valid = false;
        const { name, declaration } = input;
        state.blame(
          source,
          exceptionDuringInnerValidation(name, declaration, error, inputs[name] as JsonValue),
        );
      }
    }
    checkOtherLinks(state, current, declared);
    if (cls.validates !== undefined || cls.validatesTypes) {
      const { calls, blamed } = validatorPlan(cls, inputs, current.inputTypes, declared, current.wrapped);
      const outcomes: ValidatorOutcome[] = [];
      for (const validator of calls) outcomes.push((yield { validator }) as ValidatorOutcome);
      result.errors.push(...validatorErrors(blamed, outcomes));
    }
    return state.settle(id, result);
  } finally {
    state.leave(id);
  }
}

/** Checks one declared input; gives the id of the node that must be validated for it. */
function checkInput(state: PromptState, current: Current, input: ExpandedInput): string | undefined {
  const { cls, inputs, result } = current;
  const { name, declaration, group } = input;
  if (!Object.hasOwn(inputs, name)) {
    if (group === "optional") return undefined;
    const shown = isSchemaNode(cls.info) ? name.slice(name.lastIndexOf(".") + 1) : name;
    result.errors.push(requiredInputMissing(name, shown));
    return undefined;
  }
  const value = inputs[name] as JsonValue;
  if (!Array.isArray(value)) {
    const error = takeConstant(cls, inputs, name, declaration);
    if (error !== undefined) result.errors.push(error);
    if (Array.isArray(inputs[name])) current.wrapped.add(name);
    return undefined;
  }
  if (value.length !== 2) {
    result.errors.push(badLinkedInput(name, declaration, value));
    return undefined;
  }
  const received = outputType(state, value);
  current.inputTypes.set(name, received as JsonValue);
  if (!cls.validatesTypes && !typesCompatible(received, declaration[0])) {
    result.errors.push(returnTypeMismatch(name, declaration, received as JsonValue, value));
    return undefined;
  }
  return value[0] as string;
}

/** The type of the output that a link names. @throws PythonError as Python's indexing does */
function outputType(state: PromptState, link: readonly JsonValue[]): SlotType {
  const [source = null, given = null] = link;
  if (Array.isArray(source) || isJsonObject(source)) {
    throw new PythonError("TypeError", `unhashable type: '${pyTypeName(source)}'`);
  }
  state.node(source);
  const { info } = state.classOf(source as string);
  const kind = isSchemaNode(info) ? "list" : "tuple";
  const slot = typeof given === "boolean" ? Number(given) : given;
  if (typeof slot === "bigint") {
    throw new PythonError("IndexError", `cannot fit 'int' into an index-sized integer`);
  }
  if (typeof slot !== "number" || !Number.isSafeInteger(slot)) {
    throw new PythonError(
      "TypeError",
      `${kind} indices must be integers or slices, not ${pyTypeName(given)}`,
    );
  }
  const type = info.output[slot < 0 ? info.output.length + slot : slot];
  if (type === undefined) throw new PythonError("IndexError", `${kind} index out of range`);
  return type;
}

/** Links that no declaration covers: in undeclared inputs, and wrapped lists that look like links. */
function checkOtherLinks(state: PromptState, { inputs, wrapped }: Current, declared: ExpandedInputs): void {
  for (const name of Object.keys(inputs)) {
    const link = linkOf(inputs[name]);
    if (link === undefined) continue;
    if (wrapped.has(name) || !declared.some((input) => input.name === name)) state.checkStray(link[0]);
  }
}
