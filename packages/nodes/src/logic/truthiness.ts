/** Python's truth of values. */
import { isJsonObject, isNumeric, toNumber } from "@hearth/protocol";
import { isTensor, NodeError } from "../sdk/index.ts";

/**
 * Python's `bool(value)`: false for `None`, zero, and everything empty.
 * @throws NodeError `RuntimeError` for a tensor with more than one value
 */
export function isTruthy(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === "") return false;
  // NaN is true in Python.
  if (isNumeric(value)) return toNumber(value) !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (isTensor(value)) {
    if (value.data.length === 1) return value.data[0] !== 0;
    const amount = value.data.length === 0 ? "no values" : "more than one value";
    throw new NodeError(`Boolean value of Tensor with ${amount} is ambiguous`, "RuntimeError");
  }
  if (isJsonObject(value) && Object.getPrototypeOf(value) === Object.prototype)
    return Object.keys(value).length > 0;
  return true;
}
