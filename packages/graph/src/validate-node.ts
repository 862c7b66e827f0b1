/**
 * Validation of one node and of what it stands on (section 5.2). Each node is a generator that asks its driver to
 * validate a source or to run a class's own validator: so a chain of 10,000 nodes needs no stack, and a prompt without
 * own validators never waits.
 */
import {
  type InputDeclaration,
  isJsonObject,
  isSchemaNode,
  type JsonObject,
  type JsonValue,
  keysOf,
  type NodeClassAnnouncement,
  pyRepr,
  type ValidatorOutcome,
} from "@hearth/protocol";
import { CONVERSIONS, PythonError, pyEquals, pyLess } from "./convert.ts";
import { expandInputs, type ExpandedInput } from "./dynamic-inputs.ts";
import {
  badLinkedInput,
  customValidationFailed,
  dependencyCycle,
  exceptionDuringInnerValidation,
  invalidInputType,
  type NodeError,
  requiredInputMissing,
  returnTypeMismatch,
  type Thrown,
  valueBiggerThanMax,
  valueNotInList,
  valueSmallerThanMin,
} from "./node-errors.ts";
import { typesCompatible } from "./types.ts";

export type ClassLookup = (name: string) => NodeClassAnnouncement | undefined;

export interface NodeResult {
  valid: boolean;
  errors: NodeError[];
}

export interface ValidatorCall {
  readonly className: string;
  readonly inputs: Record<string, JsonValue>;
  readonly inputTypes: Record<string, JsonValue>;
}

/** What a node asks of its driver: another node's result, or what a validator says. */
export type Request = { readonly node: string } | { readonly validator: ValidatorCall };
type Answer = NodeResult | ValidatorOutcome;
export type Validation = Generator<Request, NodeResult, Answer>;

/** State of one prompt's validation. */
export class PromptState {
  readonly prompt: JsonObject;
  readonly classes: ClassLookup;
  readonly results = new Map<string, NodeResult>();
  /** ids from the output to the node that is looked at now */
  readonly path: string[] = [];
  readonly onPath = new Set<string>();

  constructor(prompt: JsonObject, classes: ClassLookup) {
    this.prompt = prompt;
    this.classes = classes;
  }

  node(id: JsonValue): JsonObject {
    const node = typeof id === "string" && Object.hasOwn(this.prompt, id) ? this.prompt[id] : undefined;
    if (!isJsonObject(node)) throw new PythonError("KeyError", pyRepr(id));
    return node;
  }

  classOf(id: string): NodeClassAnnouncement {
    const name = this.node(id)["class_type"];
    const found = typeof name === "string" ? this.classes(name) : undefined;
    if (found === undefined) throw new PythonError("KeyError", pyRepr(name));
    return found;
  }
}

/** Validates a node. A failure on the way is thrown and becomes an error where the caller says. */
export function* validateNode(state: PromptState, id: string): Validation {
  const known = state.results.get(id);
  if (state.onPath.has(id)) return cycleFound(state, id);
  if (known !== undefined) return known;
  state.path.push(id);
  state.onPath.add(id);
  try {
    const node = state.node(id);
    const cls = state.classOf(id);
    if (node["inputs"] === undefined) throw new PythonError("KeyError", "'inputs'");
    const inputs = node["inputs"];
    if (!isJsonObject(inputs)) throw new PythonError("TypeError", "the inputs of a node must be an object");
    const result: NodeResult = { valid: true, errors: [] };
    const inputTypes: Record<string, JsonValue> = {};
    for (const input of expandInputs(cls.info, inputs)) {
      yield* checkInput(state, cls, inputs, input, result, inputTypes, id);
    }
    refuseStrayLinks(state, cls, inputs);
    if (cls.validates !== undefined) yield* askValidator(cls, inputs, inputTypes, result);
    const earlier = state.results.get(id);
    if (earlier !== undefined) {
      // A cycle ran through this node while its inputs were checked: its error stays.
      result.errors = [...earlier.errors, ...result.errors];
      result.valid = false;
    }
    if (result.errors.length > 0) result.valid = false;
    state.results.set(id, result);
    return result;
  } finally {
    state.path.pop();
    state.onPath.delete(id);
  }
}

function cycleFound(state: PromptState, id: string): NodeResult {
  const cycle = state.path.slice(state.path.indexOf(id));
  const className = (member: string): string => String(state.node(member)["class_type"]);
  for (const member of cycle) {
    const result = state.results.get(member) ?? { valid: false, errors: [] };
    result.valid = false;
    result.errors.push(dependencyCycle(member, cycle, className));
    state.results.set(member, result);
  }
  return { valid: false, errors: [] };
}

function* checkInput(
  state: PromptState,
  cls: NodeClassAnnouncement,
  inputs: JsonObject,
  input: ExpandedInput,
  result: NodeResult,
  inputTypes: Record<string, JsonValue>,
  id: string,
): Generator<Request, void, Answer> {
  const { name, declaration, group } = input;
  if (!Object.hasOwn(inputs, name)) {
    if (group === "optional") return;
    const shown = isSchemaNode(cls.info) ? name.slice(name.lastIndexOf(".") + 1) : name;
    result.errors.push(requiredInputMissing(name, shown));
    return;
  }
  const value = inputs[name] as JsonValue;
  if (!Array.isArray(value)) {
    const error = checkConstant(cls, inputs, name, declaration);
    if (error !== undefined) result.errors.push(error);
    return;
  }
  if (value.length !== 2) {
    result.errors.push(badLinkedInput(name, declaration, value));
    return;
  }
  const received = outputType(state, value);
  inputTypes[name] = received;
  if (!cls.validatesTypes && !typesCompatible(received as string | JsonValue[], declaration[0])) {
    result.errors.push(returnTypeMismatch(name, declaration, received, value));
    return;
  }
  const source = value[0] as string;
  try {
    const outcome = (yield { node: source }) as NodeResult;
    if (!outcome.valid) result.valid = false;
  } catch (error) {
    result.valid = false;
    // The source could not be validated at all: it is to blame, unless the cycle leads back to this node.
    const blamed = source === id ? result : (state.results.get(source) ?? { valid: false, errors: [] });
    blamed.valid = false;
    blamed.errors.push(exceptionDuringInnerValidation(name, declaration, thrown(error), value));
    if (source !== id) state.results.set(source, blamed);
  }
}

/** The type of the output that a link names. @throws PythonError as Python's indexing does */
function outputType(state: PromptState, link: JsonValue[]): JsonValue {
  const [source, slotValue] = link as [JsonValue, JsonValue];
  if (Array.isArray(source) || isJsonObject(source)) {
    throw new PythonError("TypeError", `unhashable type: '${Array.isArray(source) ? "list" : "dict"}'`);
  }
  state.node(source);
  const cls = state.classOf(source as string);
  const outputs = cls.info.output;
  const kind = isSchemaNode(cls.info) ? "list" : "tuple";
  const slot = typeof slotValue === "boolean" ? Number(slotValue) : slotValue;
  if (typeof slot !== "number" || !Number.isSafeInteger(slot)) {
    throw new PythonError("TypeError", `${kind} indices must be integers or slices, not ${pyRepr(slotValue)}`);
  }
  const type = outputs[slot < 0 ? outputs.length + slot : slot];
  if (type === undefined) throw new PythonError("IndexError", `${kind} index out of range`);
  return type;
}

/** Checks and converts a constant in place; gives the first thing that is wrong with it. */
function checkConstant(
  cls: NodeClassAnnouncement,
  inputs: JsonObject,
  name: string,
  declaration: InputDeclaration,
): NodeError | undefined {
  let value = inputs[name] as JsonValue;
  if (isJsonObject(value) && Object.hasOwn(value, "__value__")) {
    value = value["__value__"] as JsonValue;
    inputs[name] = value;
  }
  const [type, options = {}] = declaration;
  const convert = typeof type === "string" ? CONVERSIONS[type] : undefined;
  if (convert !== undefined) {
    try {
      const converted = convert(value);
      inputs[name] = converted;
      value = converted;
    } catch (error) {
      if (!(error instanceof PythonError)) throw error;
      return invalidInputType(name, declaration, value, error.message);
    }
  }
  if (cls.validates === "*" || cls.validates?.includes(name)) return undefined;
  const { min, max } = options;
  if (min !== undefined && pyLess(value, min)) return valueSmallerThanMin(name, declaration, value, min);
  if (max !== undefined && pyLess(max, value)) return valueBiggerThanMax(name, declaration, value, max);
  const choices = Array.isArray(type) ? type : type === "COMBO" ? options["options"] : undefined;
  if (!Array.isArray(choices)) return undefined;
  const several = options["multiselect"] === true && Array.isArray(value);
  const bad = (several ? (value as JsonValue[]) : [value]).filter(
    (item) => !choices.some((choice) => pyEquals(choice, item)),
  );
  return bad.length > 0 ? valueNotInList(name, declaration, value, bad, choices) : undefined;
}

/**
 * A link in an input that the class does not declare is a dependency all the same. One into nothing would stop a run
 * that the server has promised, so it is refused here, where ComfyUI lets it pass and hangs.
 */
function refuseStrayLinks(state: PromptState, cls: NodeClassAnnouncement, inputs: JsonObject): void {
  const declared = new Set(expandInputs(cls.info, inputs).map((input) => input.name));
  for (const name of keysOf(inputs)) {
    const value = inputs[name];
    if (declared.has(name) || !Array.isArray(value) || value.length !== 2) continue;
    if (typeof value[0] === "string" && typeof value[1] === "number") state.node(value[0]);
  }
}

function* askValidator(
  cls: NodeClassAnnouncement,
  inputs: JsonObject,
  inputTypes: Record<string, JsonValue>,
  result: NodeResult,
): Generator<Request, void, Answer> {
  const names = cls.validates === "*" ? declaredNames(cls, inputs) : (cls.validates ?? []);
  const passed = names.filter((name) => Object.hasOwn(inputs, name));
  for (const call of validatorCalls(passed, inputs)) {
    const outcome = (yield {
      validator: { className: cls.info.name, inputs: call, inputTypes },
    }) as ValidatorOutcome;
    if ("exception" in outcome) throw new PythonError(outcome.exceptionType, outcome.exception);
    if (outcome.result === true) continue;
    const text = outcome.result === false ? undefined : outcome.result;
    const blamed = cls.validatesTypes ? [...passed, "input_types"] : passed;
    for (const name of blamed) result.errors.push(customValidationFailed(name, text));
  }
}

function declaredNames(cls: NodeClassAnnouncement, inputs: JsonObject): string[] {
  return expandInputs(cls.info, inputs).map((input) => input.name);
}

/** Once per element of list constants; links are null. */
function validatorCalls(names: readonly string[], inputs: JsonObject): Record<string, JsonValue>[] {
  return [Object.fromEntries(names.map((name) => [name, constantOf(inputs[name] as JsonValue)]))];
}

function constantOf(value: JsonValue): JsonValue {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "string" ? null : value;
}

/** What was thrown, in Python's words. */
export function thrown(error: unknown): Thrown {
  const known = error instanceof Error ? error : new Error(String(error));
  return {
    message: known.message,
    pythonType: known instanceof PythonError ? known.pythonType : known.name,
    traceback: (known.stack ?? "").split("\n").slice(1).map((line) => `${line.trim()}\n`),
  };
}
