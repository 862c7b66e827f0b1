/** Requests checked against TypeBox schemas, for the contracts whose errors are ours to word. */
import { createRequire } from "node:module";
import { JsonFloat, type JsonValue } from "@hearth/protocol";
import type { FastifyRequest } from "fastify";
import type { Static, TSchema } from "typebox";
import type * as Compiler from "typebox/compile";
import { bodyJson } from "./answers.ts";
import { HttpError } from "./errors.ts";

const compiled = new WeakMap<TSchema, Compiler.Validator>();

/** The compiler is loaded with the first request that needs it: it is a third of what a start would load. */
function compile(schema: TSchema): Compiler.Validator {
  const { Compile } = createRequire(import.meta.url)("typebox/compile") as typeof Compiler;
  return Compile(schema);
}

/** What is wrong with `value`, field by field; `undefined` when nothing is. */
export function faults(schema: TSchema, value: unknown): string | undefined {
  let validator = compiled.get(schema);
  if (validator === undefined) {
    validator = compile(schema);
    compiled.set(schema, validator);
  }
  if (validator.Check(value)) return undefined;
  return validator
    .Errors(value)
    .map(({ instancePath, message }) => `${instancePath.slice(1).replaceAll("/", ".") || "body"} ${message}`)
    .join("; ");
}

/**
 * The JSON body, checked; fields that the schema does not name are left as they are. An absent body counts as `{}`.
 * @throws HttpError 422 that names the fields
 */
export function checkedBody<T extends TSchema>(request: FastifyRequest, schema: T): Static<T> {
  const isEmpty = ((request.body as Buffer | undefined)?.length ?? 0) === 0;
  const value = isEmpty ? {} : plain(bodyJson(request));
  const wrong = faults(schema, value);
  if (wrong !== undefined) throw new HttpError(422, wrong);
  return value as Static<T>;
}

/**
 * The query, checked, with whole numbers where the schema wants integers. Unknown names are left as they are.
 * @throws HttpError 422 that names the fields
 */
export function checkedQuery<T extends TSchema & { properties: Record<string, TSchema> }>(
  request: FastifyRequest,
  schema: T,
): Static<T> {
  const query: Record<string, unknown> = { ...(request.query as Record<string, string>) };
  for (const [name, field] of Object.entries(schema.properties)) {
    const given = query[name];
    const type = (field as { type?: string }).type;
    if (typeof given !== "string") continue;
    if (type === "integer" && /^-?\d+$/.test(given)) query[name] = Number(given);
    if (type === "boolean" && (given === "true" || given === "false")) query[name] = given === "true";
  }
  const wrong = faults(schema, query);
  if (wrong !== undefined) throw new HttpError(422, wrong);
  return query as Static<T>;
}

/** Floats that were written with a whole value become plain numbers; everything else stays as it is. */
export function plain(value: JsonValue): unknown {
  if (value instanceof JsonFloat) return value.value;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}
