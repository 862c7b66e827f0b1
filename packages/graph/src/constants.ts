/** Constants of a node: unwrapped, converted in place, and checked (section 5.2). */
import {
  type InputDeclaration,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type NodeClassAnnouncement,
  setKey,
} from "@hearth/protocol";
import { CONVERSIONS, pyCompare, pyEquals, PythonError } from "./input-conversion.ts";
import {
  invalidInputType,
  type NodeError,
  valueBiggerThanMax,
  valueNotInList,
  valueSmallerThanMin,
} from "./node-errors.ts";

/**
 * Takes a constant in; gives the first thing that is wrong with it.
 * @throws PythonError `TypeError` when it cannot be compared with its bounds
 */
export function takeConstant(
  cls: NodeClassAnnouncement,
  inputs: JsonObject,
  name: string,
  declaration: InputDeclaration,
): NodeError | undefined {
  let value = inputs[name] as JsonValue;
  if (isJsonObject(value) && Object.hasOwn(value, "__value__")) {
    value = value["__value__"] as JsonValue;
    setKey(inputs, name, value);
  }
  const [type, options = {}] = declaration;
  const convert = CONVERSIONS.get(type);
  if (convert !== undefined) {
    try {
      value = convert(value);
    } catch (error) {
      if (!(error instanceof PythonError)) throw error;
      return invalidInputType(name, declaration, value, error.message);
    }
    setKey(inputs, name, value);
  }
  if (cls.validates === "*" || cls.validates?.includes(name)) return undefined;
  const { min, max } = options;
  if (min != null && pyCompare(value, "<", min)) return valueSmallerThanMin(name, declaration, value, min);
  if (max != null && pyCompare(value, ">", max)) return valueBiggerThanMax(name, declaration, value, max);
  const choices = Array.isArray(type) ? type : type === "COMBO" ? options["options"] : undefined;
  return Array.isArray(choices) ? checkChoice(name, declaration, value, choices) : undefined;
}

function checkChoice(
  name: string,
  declaration: InputDeclaration,
  value: JsonValue,
  choices: readonly JsonValue[],
): NodeError | undefined {
  const given = declaration[1]?.["multiselect"] === true && Array.isArray(value) ? value : [value];
  const bad = given.filter(
    (item) => !choices.includes(item) && !choices.some((choice) => pyEquals(choice, item)),
  );
  return bad.length > 0 ? valueNotInList(name, declaration, value, bad, choices) : undefined;
}
