/**
 * `out[outAt + i] = Σ weights[k] · source[offsets[k] + i]` for i below `length`: the inner loop of every separable
 * filter. Four terms per sweep keep the weights in registers and the reads contiguous.
 */
export function weightedSum(
  out: Float64Array | Float32Array,
  outAt: number,
  source: Float64Array,
  offsets: Int32Array,
  weights: Float64Array,
  terms: number,
  length: number,
): void {
  for (let k = 0; k < terms; k += 4) {
    const left = terms - k;
    const a = offsets[k]!;
    const b = left > 1 ? offsets[k + 1]! : a;
    const c = left > 2 ? offsets[k + 2]! : a;
    const d = left > 3 ? offsets[k + 3]! : a;
    const wa = weights[k]!;
    const wb = left > 1 ? weights[k + 1]! : 0;
    const wc = left > 2 ? weights[k + 2]! : 0;
    const wd = left > 3 ? weights[k + 3]! : 0;
    if (k > 0) {
      for (let i = 0; i < length; i += 1) {
        out[outAt + i] =
          out[outAt + i]! +
          (source[a + i]! * wa + source[b + i]! * wb + source[c + i]! * wc + source[d + i]! * wd);
      }
    } else if (left > 2) {
      for (let i = 0; i < length; i += 1) {
        out[outAt + i] =
          source[a + i]! * wa + source[b + i]! * wb + source[c + i]! * wc + source[d + i]! * wd;
      }
    } else if (left > 1) {
      for (let i = 0; i < length; i += 1) out[outAt + i] = source[a + i]! * wa + source[b + i]! * wb;
    } else {
      for (let i = 0; i < length; i += 1) out[outAt + i] = source[a + i]! * wa;
    }
  }
}
