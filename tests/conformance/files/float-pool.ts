/** float32 values of several tensors in one array, as `{"$tensor": {at, n, …}}` refers to them. */
import type { JsonObject } from "@hearth/protocol";

export class FloatPool {
  readonly #parts: Float32Array[] = [];
  #length = 0;

  /** Adds a tensor and returns its description. */
  add(data: Float32Array, shape: readonly number[]): JsonObject {
    const at = this.#length;
    this.#parts.push(data);
    this.#length += data.length;
    return { $tensor: { shape: [...shape], at, n: data.length } };
  }

  values(): Float32Array {
    const all = new Float32Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}
