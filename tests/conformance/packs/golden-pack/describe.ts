/** Turns values of the engine into the form of the recordings: JSON, with float32 values beside it. */
import {
  isNumeric,
  isTensor,
  JsonFloat,
  NestedTensor,
  printJson,
  tensor,
  Video,
  type Tensor,
} from "./sdk.ts";

export interface Description {
  readonly json: string;
  /** little-endian float32 */
  readonly floats: Buffer;
}

/** The shape of the latent that noise is probed with. */
const PROBE_SHAPE = [1, 4, 4, 4];
const CURVE_SAMPLES = 17;

interface Noise {
  readonly seed: number | bigint;
  generate(latent: { samples: Tensor }): Tensor;
}
interface Curve {
  readonly kind: string;
  sample(x: number): number;
}

/** Describes a list of values; tensors become `{"$tensor": {shape, at, n}}`, counted in float32 values. */
export async function describeValues(values: readonly unknown[]): Promise<Description> {
  const writer = new ValueWriter();
  const decoded = await Promise.all(
    values.map((value) => (value instanceof Video ? componentsOf(value) : value)),
  );
  return {
    json: printJson(decoded.map((value) => writer.describe(value))),
    floats: Buffer.concat(writer.parts),
  };
}

/** Videos are compared by their components, also where they lie in a file. */
async function componentsOf(video: Video): Promise<unknown> {
  const { images, frameRate, audio } = await video.components();
  return { $video: { images, fps: [...frameRate], audio } };
}

class ValueWriter {
  readonly parts: Buffer[] = [];
  #at = 0;

  describe(value: unknown): unknown {
    if (value === undefined) return null;
    if (typeof value === "number" && !Number.isFinite(value)) return { $float: String(value) };
    if (isNumeric(value)) return typeof value === "bigint" ? { $int: String(value) } : value;
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (isTensor(value)) return this.#tensor(value);
    if (Array.isArray(value)) return value.map((item) => this.describe(item));
    if (typeof value === "function") return { $function: value.name };
    if (value instanceof NestedTensor) return { $nested: value.parts.map((part) => this.describe(part)) };
    if (value instanceof JsonFloat) return value;
    return this.#object(value as Record<string, unknown>);
  }

  #object(value: Record<string, unknown>): unknown {
    if (typeof value["generate"] === "function" && isNumeric(value["seed"]))
      return this.#noise(value as unknown as Noise);
    if (typeof value["sample"] === "function" && typeof value["kind"] === "string") {
      return this.#curve(value as unknown as Curve);
    }
    const entries = Object.entries(value).filter(
      ([, item]) => item !== undefined && typeof item !== "function",
    );
    return Object.fromEntries(entries.map(([key, item]) => [key, this.describe(item)]));
  }

  #tensor({ data, shape }: Tensor): unknown {
    const at = this.#at;
    this.#at += data.length;
    // A copy: the values may lie in memory that other threads share.
    this.parts.push(Buffer.from(Float32Array.from(data).buffer));
    return { $tensor: { shape: [...shape], at, n: data.length } };
  }

  #noise(noise: Noise): unknown {
    const value = noise.generate({ samples: tensor(PROBE_SHAPE) });
    return {
      $noise: { seed: this.describe(noise.seed), probe_shape: PROBE_SHAPE, value: this.describe(value) },
    };
  }

  #curve(curve: Curve): unknown {
    const samples = Array.from({ length: CURVE_SAMPLES }, (_, i) => curve.sample(i / (CURVE_SAMPLES - 1)));
    return { $curve: { kind: curve.kind, samples } };
  }
}
