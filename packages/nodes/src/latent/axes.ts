/** Data movement along one axis of tensors of any rank. Axes count from 0, negative ones from the end. */
import { floats, NodeError, sizeOf, type Tensor, tensor } from "../sdk/index.ts";

/** The three lengths around an axis: what is outside, the axis, what is inside. */
interface Split {
  readonly axis: number;
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

function splitAt({ shape }: Tensor, axis: number): Split {
  const positive = axis < 0 ? axis + shape.length : axis;
  const length = shape[positive];
  if (length === undefined) {
    throw new NodeError(
      `Dimension out of range (a tensor of ${shape.length} dimensions, but got ${axis})`,
      "IndexError",
    );
  }
  return {
    axis: positive,
    outer: sizeOf(shape.slice(0, positive)),
    length,
    inner: sizeOf(shape.slice(positive + 1)),
  };
}

/** The length of an axis. @throws NodeError `IndexError` where there is no such axis */
export function lengthOf(given: Tensor, axis: number): number {
  return splitAt(given, axis).length;
}

/** The entries of an axis at `indexes`, in that order. */
export function takeAlong(given: Tensor, axis: number, indexes: readonly number[]): Tensor {
  const { axis: at, outer, length, inner } = splitAt(given, axis);
  const data = floats(outer * indexes.length * inner);
  for (let o = 0; o < outer; o += 1) {
    indexes.forEach((index, position) => {
      const from = (o * length + index) * inner;
      data.set(given.data.subarray(from, from + inner), (o * indexes.length + position) * inner);
    });
  }
  return tensor(given.shape.with(at, indexes.length), data);
}

/** `given[start:end]` on an axis, with Python's rules for negative and too large bounds. */
export function sliceAlong(given: Tensor, axis: number, start: number, end: number): Tensor {
  const { axis: at, outer, length, inner } = splitAt(given, axis);
  const from = sliceBound(start, length);
  const count = Math.max(sliceBound(end, length) - from, 0);
  const data = floats(outer * count * inner);
  for (let o = 0; o < outer; o += 1) {
    const first = (o * length + from) * inner;
    data.set(given.data.subarray(first, first + count * inner), o * count * inner);
  }
  return tensor(given.shape.with(at, count), data);
}

/** One bound of a Python slice, as a position from 0 to `length`. */
export function sliceBound(bound: number, length: number): number {
  return Math.min(Math.max(bound < 0 ? bound + length : bound, 0), length);
}

/** @throws NodeError `RuntimeError` when the other axes differ */
export function concatAlong(given: readonly Tensor[], axis: number): Tensor {
  const [first, ...others] = given;
  if (first === undefined) throw new NodeError("nothing to concatenate", "RuntimeError");
  const splits = given.map((part) => splitAt(part, axis));
  const { axis: at = 0, outer = 1 } = splits[0] ?? {};
  const fits = (part: Tensor): boolean =>
    part.shape.length === first.shape.length &&
    part.shape.every((length, i) => i === at || length === first.shape[i]);
  if (!others.every(fits)) {
    const shapes = given.map((part) => `[${part.shape.join(", ")}]`).join(" and ");
    throw new NodeError(`Sizes of tensors must match except in dimension ${at}: ${shapes}`, "RuntimeError");
  }
  const row = splits.reduce((total, split) => total + split.length * split.inner, 0);
  const data = floats(outer * row);
  let offset = 0;
  given.forEach((part, index) => {
    const { length = 0, inner = 0 } = splits[index] ?? {};
    const size = length * inner;
    for (let o = 0; o < outer; o += 1)
      data.set(part.data.subarray(o * size, (o + 1) * size), o * row + offset);
    offset += size;
  });
  return tensor(
    first.shape.with(
      at,
      splits.reduce((total, split) => total + split.length, 0),
    ),
    data,
  );
}

/** Mirrors an axis. */
export function flipAlong(given: Tensor, axis: number): Tensor {
  const length = lengthOf(given, axis);
  return takeAlong(
    given,
    axis,
    Array.from({ length }, (_, index) => length - 1 - index),
  );
}

/** Exchanges two axes. */
export function swapAxes(given: Tensor, first: number, second: number): Tensor {
  const { shape } = given;
  const swapped = shape.with(first, shape[second] ?? 1).with(second, shape[first] ?? 1);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const sourceStrides = strides.with(first, strides[second] ?? 1).with(second, strides[first] ?? 1);
  const data = floats(given.data.length);
  const at = swapped.map(() => 0);
  let source = 0;
  for (let index = 0; index < data.length; index += 1) {
    data[index] = given.data[source] ?? 0;
    for (let axis = swapped.length - 1; axis >= 0; axis -= 1) {
      at[axis] = (at[axis] ?? 0) + 1;
      source += sourceStrides[axis] ?? 0;
      if ((at[axis] ?? 0) < (swapped[axis] ?? 0)) break;
      source -= (sourceStrides[axis] ?? 0) * (swapped[axis] ?? 0);
      at[axis] = 0;
    }
  }
  return tensor(swapped, data);
}

/** `amount` copies of the batch, one behind the other. */
export function repeatBatch(given: Tensor, amount: number): Tensor {
  const data = floats(given.data.length * amount);
  for (let copy = 0; copy < amount; copy += 1) data.set(given.data, copy * given.data.length);
  return tensor(given.shape.with(0, (given.shape[0] ?? 1) * amount), data);
}

/** Cuts the batch, or repeats it in a cycle, so that it holds `size` items. */
export function repeatToBatch(given: Tensor, size: number): Tensor {
  const length = given.shape[0] ?? 0;
  if (length === size) return given;
  return takeAlong(
    given,
    0,
    Array.from({ length: size }, (_, index) => index % length),
  );
}

/** Applies a function to each value. */
export function mapValues(given: Tensor, each: (value: number, index: number) => number): Tensor {
  const data = floats(given.data.length);
  for (let index = 0; index < data.length; index += 1) data[index] = each(given.data[index] ?? 0, index);
  return tensor(given.shape, data);
}

/** Combines two tensors of the same shape value by value. @throws NodeError `RuntimeError` for other shapes */
export function combine(a: Tensor, b: Tensor, each: (a: number, b: number) => number): Tensor {
  if (a.shape.length !== b.shape.length || a.shape.some((length, axis) => length !== b.shape[axis])) {
    throw new NodeError(`shapes [${a.shape.join(", ")}] and [${b.shape.join(", ")}] differ`, "RuntimeError");
  }
  return mapValues(a, (value, index) => each(value, b.data[index] ?? 0));
}
