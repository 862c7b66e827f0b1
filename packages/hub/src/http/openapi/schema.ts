/** Shapes that TypeBox has no short word for in the dialect of OpenAPI 3.1 (JSON Schema 2020-12). */
import { type TProperties, type TSchema, Type } from "typebox";

/** An object with these members and no others. */
export function closed(properties: TProperties, description?: string): TSchema {
  return Type.Object(properties, {
    additionalProperties: false,
    ...(description === undefined ? {} : { description }),
  });
}

/** An object with these members, and whatever else somebody put there. */
export function open(properties: TProperties, description?: string): TSchema {
  return Type.Object(properties, {
    additionalProperties: true,
    ...(description === undefined ? {} : { description }),
  });
}

/** An object whose members all have this shape. */
export function mapOf(schema: TSchema, description?: string): TSchema {
  return Type.Unsafe<Record<string, unknown>>({
    type: "object",
    additionalProperties: schema,
    ...(description === undefined ? {} : { description }),
  });
}

/** An array of exactly these elements. */
export function tuple(...items: readonly TSchema[]): TSchema {
  return Type.Unsafe<unknown[]>({
    type: "array",
    prefixItems: items,
    items: false,
    minItems: items.length,
  });
}

/** One of these texts. */
export function words(...values: readonly string[]): TSchema {
  return Type.Unsafe<string>({ type: "string", enum: values });
}

export function orNull(schema: TSchema): TSchema {
  return Type.Union([schema, Type.Null()]);
}

/** Any JSON value. */
export const ANYTHING: TSchema = Type.Unknown();

/** Any JSON object. */
export function anyObject(description?: string): TSchema {
  return open({}, description);
}

export function described(schema: TSchema, description: string): TSchema {
  return Type.Unsafe({ ...schema, description });
}
