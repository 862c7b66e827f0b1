/** The form of a kernel: a pure function that fills the rows `from` … `to − 1` of its output. */

/** Numbers, texts, switches and typed arrays: what can be sent to a thread. */
export type KernelArgs = Readonly<
  Record<string, number | string | boolean | Float32Array | Float64Array | Int32Array>
>;

/**
 * Fills output rows. Rows are counted over the whole batch: row r is line r mod height of picture r div height.
 * A kernel writes nothing else, so that disjoint ranges may run on several threads at once.
 */
export type RowKernel<A extends KernelArgs = KernelArgs> = (args: A, from: number, to: number) => void;
