/** References from one schema to another. */
import { type TSchema, Type } from "typebox";

/** A reference to the schema of this name in `SCHEMAS`; a test checks that there is one. */
export function ref(name: string): TSchema {
  return Type.Unsafe({ $ref: `#/components/schemas/${name}` });
}
