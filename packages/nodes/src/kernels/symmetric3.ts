/** Symmetric 3 × 3 matrices, row by row. */

export function identity3(): Float64Array {
  return Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
}

export function multiply3(a: Float64Array, b: Float64Array): Float64Array {
  return Float64Array.from({ length: 9 }, (_, i) => {
    const row = Math.floor(i / 3) * 3;
    const column = i % 3;
    return a[row]! * b[column]! + a[row + 1]! * b[column + 3]! + a[row + 2]! * b[column + 6]!;
  });
}

/** The matrix to a power, through its eigenvalues; those below 1e-10 count as that. */
export function squareRoot3(matrix: Float64Array, power: 0.5 | -0.5): Float64Array {
  const { values, vectors } = eigen3(matrix);
  const scaled = values.map((value) => Math.max(value, 1e-10) ** power);
  return Float64Array.from({ length: 9 }, (_, i) => {
    const row = Math.floor(i / 3);
    const column = i % 3;
    let sum = 0;
    for (let k = 0; k < 3; k += 1) sum += vectors[row * 3 + k]! * scaled[k]! * vectors[column * 3 + k]!;
    return sum;
  });
}

/** Eigenvalues and eigenvectors (columns) by Jacobi's rotations. */
function eigen3(matrix: Float64Array): { values: Float64Array; vectors: Float64Array } {
  let a: Float64Array = Float64Array.from(matrix);
  let vectors: Float64Array = identity3();
  for (let sweep = 0; sweep < 50; sweep += 1) {
    const off = a[1]! ** 2 + a[2]! ** 2 + a[5]! ** 2;
    if (off < 1e-30 * (a[0]! ** 2 + a[4]! ** 2 + a[8]! ** 2 + 1e-300)) break;
    for (const [p, q] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      if (a[p * 3 + q] === 0) continue;
      const angle = 0.5 * Math.atan2(2 * a[p * 3 + q]!, a[q * 4]! - a[p * 4]!);
      const rotation = identity3();
      rotation[p * 4] = Math.cos(angle);
      rotation[q * 4] = Math.cos(angle);
      rotation[p * 3 + q] = Math.sin(angle);
      rotation[q * 3 + p] = -Math.sin(angle);
      a = multiply3(multiply3(transposed(rotation), a), rotation);
      vectors = multiply3(vectors, rotation);
    }
  }
  return { values: Float64Array.of(a[0]!, a[4]!, a[8]!), vectors };
}

function transposed(m: Float64Array): Float64Array {
  return Float64Array.of(m[0]!, m[3]!, m[6]!, m[1]!, m[4]!, m[7]!, m[2]!, m[5]!, m[8]!);
}
