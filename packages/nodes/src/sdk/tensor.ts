/** Tensors in ComfyUI's layouts: float32 values in C order with a shape. */

export interface Tensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** float32 `[batch, height, width, channels]`, nominal 0…1, sRGB. */
export type Image = Tensor;
/** float32 `[batch, height, width]`, 1 = selected. */
export type Mask = Tensor;

/** A batch of latents. Further keys travel along untouched. */
export interface Latent {
  /** `[b,c,h,w]` or `[b,c,t,h,w]` */
  readonly samples: Tensor;
  readonly noise_mask?: Tensor;
  readonly batch_index?: readonly number[];
  readonly [key: string]: unknown;
}

export interface Audio {
  /** float32 `[batch, channels, samples]` */
  readonly waveform: Tensor;
  readonly sample_rate: number;
}

/** Arrays from this size on live in shared memory, so that kernel threads work on them in place. */
const SHARED_FROM = 1 << 14;

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** A zero-filled array of `length` floats; large ones are shared between threads. */
export function floats(length: number): Float32Array {
  return length >= SHARED_FROM
    ? new Float32Array(new SharedArrayBuffer(length * 4))
    : new Float32Array(length);
}

/** A tensor of zeros, or one over `data`. */
export function tensor(shape: readonly number[], data?: Float32Array): Tensor {
  const size = sizeOf(shape);
  if (data !== undefined && data.length !== size) {
    throw new RangeError(`${data.length} values do not fill the shape [${shape.join(", ")}]`);
  }
  return new DenseTensor(data ?? floats(size), shape);
}

class DenseTensor implements Tensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
  constructor(data: Float32Array, shape: readonly number[]) {
    this.data = data;
    this.shape = shape;
  }
  /** A short text for error reports. */
  toString(): string {
    return `tensor(shape=[${this.shape.join(", ")}], dtype=float32)`;
  }
}

export function isTensor(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && (value as Tensor).data instanceof Float32Array;
}
