/**
 * A palette by median cut (Heckbert, SIGGRAPH 1982) with Pillow's choices: the box with most pixels is split next, on
 * the axis of the largest range weighted by luminance, after the colour at which half of the pixels are passed.
 */

interface Colour {
  readonly value: readonly [number, number, number];
  count: number;
}

interface Box {
  readonly colours: readonly Colour[];
  readonly pixels: number;
  left?: Box;
  right?: Box;
}

/** Shares of the channels in luminance, in 256ths. */
const AXIS_WEIGHT = [77, 150, 29] as const;
/** Above this many colours they are merged, by ever fewer bits per channel. */
const MAX_COLOURS = 65536;

/** @returns the palette, three levels per colour, of at most `count` colours */
export function medianCut(pixels: Uint8Array, count: number): Uint8Array {
  const { colours, bits } = countColours(pixels);
  const root: Box = { colours, pixels: pixels.length / 3 };
  const heap = new BoxHeap();
  heap.add(root);
  for (let boxes = 1; boxes < count; boxes += 1) {
    let box = heap.remove();
    while (box !== undefined && box.colours.length === 1) box = heap.remove();
    if (box === undefined) break;
    const [left, right] = split(box);
    box.left = left;
    box.right = right;
    heap.add(left);
    heap.add(right);
  }
  return averages(root, pixels, bits);
}

function keyOf(pixels: Uint8Array, at: number, bits: number): number {
  return ((pixels[at]! >> bits) << 16) | ((pixels[at + 1]! >> bits) << 8) | (pixels[at + 2]! >> bits);
}

/** Distinct colours; `bits` low bits per channel are ignored where there are too many. */
function countColours(pixels: Uint8Array): { colours: Colour[]; bits: number } {
  for (let bits = 0; ; bits += 1) {
    const found = new Map<number, Colour>();
    for (let at = 0; at < pixels.length && found.size <= MAX_COLOURS; at += 3) {
      const key = keyOf(pixels, at, bits);
      const known = found.get(key);
      if (known === undefined)
        found.set(key, { value: [pixels[at]!, pixels[at + 1]!, pixels[at + 2]!], count: 1 });
      else known.count += 1;
    }
    if (found.size <= MAX_COLOURS) return { colours: [...found.values()], bits };
  }
}

function split({ colours, pixels }: Box): [Box, Box] {
  let axis: 0 | 1 | 2 = 0;
  let widest = -1;
  for (const candidate of [0, 1, 2] as const) {
    let low = 255;
    let high = 0;
    for (const { value } of colours) {
      low = Math.min(low, value[candidate]);
      high = Math.max(high, value[candidate]);
    }
    const range = (high - low) * AXIS_WEIGHT[candidate];
    if (range > widest) {
      widest = range;
      axis = candidate;
    }
  }
  // From bright to dark; colours of one level stay together.
  const sorted = [...colours].sort((a, b) => b.value[axis] - a.value[axis]);
  let passed = 0;
  let end = 0;
  while (end < sorted.length && passed * 2 <= pixels) {
    passed += sorted[end]!.count;
    end += 1;
  }
  while (end < sorted.length && sorted[end]!.value[axis] === sorted[end - 1]!.value[axis]) {
    passed += sorted[end]!.count;
    end += 1;
  }
  if (end === sorted.length) {
    const last = sorted[end - 1]!.value[axis];
    while (end > 0 && sorted[end - 1]!.value[axis] === last) {
      end -= 1;
      passed -= sorted[end]!.count;
    }
  }
  return [
    { colours: sorted.slice(0, end), pixels: passed },
    { colours: sorted.slice(end), pixels: pixels - passed },
  ];
}

function averages(root: Box, pixels: Uint8Array, bits: number): Uint8Array {
  const entryOf = new Map<number, number>();
  let entries = 0;
  const number = (box: Box): void => {
    if (box.left !== undefined && box.right !== undefined) {
      number(box.left);
      number(box.right);
      return;
    }
    for (const { value } of box.colours) entryOf.set(keyOf(Uint8Array.from(value), 0, bits), entries);
    entries += 1;
  };
  number(root);
  const sums = new Float64Array(entries * 3);
  const counts = new Float64Array(entries);
  for (let at = 0; at < pixels.length; at += 3) {
    const entry = entryOf.get(keyOf(pixels, at, bits))!;
    for (let c = 0; c < 3; c += 1) sums[entry * 3 + c] = sums[entry * 3 + c]! + pixels[at + c]!;
    counts[entry] = counts[entry]! + 1;
  }
  return Uint8Array.from(sums, (sum, i) => Math.floor(0.5 + sum / counts[Math.floor(i / 3)]!));
}

/** A binary heap by pixel count; the order of equal boxes is part of the result. */
class BoxHeap {
  readonly #items: Box[] = [];

  add(box: Box): void {
    const items = this.#items;
    let at = items.length + 1;
    while (at !== 1) {
      const parent = items[(at >> 1) - 1]!;
      if (box.pixels <= parent.pixels) break;
      items[at - 1] = parent;
      at >>= 1;
    }
    items[at - 1] = box;
  }

  remove(): Box | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top;
    let at = 1;
    while (at * 2 <= items.length) {
      let child = at * 2;
      if (child < items.length && items[child - 1]!.pixels < items[child]!.pixels) child += 1;
      if (last.pixels > items[child - 1]!.pixels) break;
      items[at - 1] = items[child - 1]!;
      at = child;
    }
    items[at - 1] = last;
    return top;
  }
}
