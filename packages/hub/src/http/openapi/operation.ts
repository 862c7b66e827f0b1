/**
 * The words of the description: a row of the table is one operation, and says in the terms of OpenAPI 3.1 what goes in
 * and what comes out.
 *
 * The routes of the ComfyUI contract check what they are given by hand, because clients know the recorded texts of their
 * refusals. So a schema here does not run in front of its route. `tests/contract` holds the two together: it sends what
 * a schema takes and what it refuses, and validates every answer against the schema of its status.
 */
import { type TSchema, Type } from "typebox";

export type Tag =
  | "prompts"
  | "queue"
  | "history"
  | "jobs"
  | "files"
  | "nodes"
  | "models"
  | "users"
  | "user data"
  | "settings"
  | "web page"
  | "assets"
  | "server"
  | "internal"
  | "signing in"
  | "operations"
  | "Studio: jobs"
  | "Studio: workflows"
  | "Studio: models"
  | "Studio: files"
  | "Studio: server"
  | "Control";

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description: string;
  readonly schema: TSchema;
}

export interface Body {
  readonly required: boolean;
  /** schema by content type; the ComfyUI contract reads JSON under every content type */
  readonly content: Readonly<Record<string, TSchema>>;
  /** says what becomes of a body that the schema does not take, where it is not refused */
  readonly lenient?: string;
}

export interface Answer {
  readonly description: string;
  /** schema by content type, which may be a range (`image/*`); absent: no body */
  readonly content?: Readonly<Record<string, TSchema>>;
}

export interface Operation {
  /** stable name, unique in the table */
  readonly id: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** as the router writes it: `/api/history/:prompt_id`, a last `*` takes the rest of the path */
  readonly path: string;
  /** the same operation is served without `/api` too */
  readonly twin?: true;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly body?: Body;
  readonly answers: Readonly<Record<number, Answer>>;
  readonly deprecated?: true;
  /** open to everybody: the common refusals do not apply */
  readonly open?: true;
  /** served, and left out of the document for this reason */
  readonly unlisted?: string;
  /** members that only this operation has, e.g. `x-websocket-messages` */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export function inPath(name: string, description: string, schema: TSchema = Type.String()): Parameter {
  return { name, in: "path", required: true, description, schema };
}

export function inQuery(name: string, description: string, schema: TSchema = Type.String()): Parameter {
  return { name, in: "query", required: false, description, schema };
}

/** Says whose things are meant. Everywhere but for the settings and files of users it also separates jobs. */
export const COMFY_USER: Parameter = {
  name: "Comfy-User",
  in: "header",
  required: false,
  description:
    "The id of the user who is meant. Only looked at with `--multi-user`; absent: `default`. It keeps people's things apart and protects nothing.",
  schema: Type.String(),
};

export function json(description: string, schema: TSchema): Answer {
  return { description, content: { "application/json": schema } };
}

export function text(description: string): Answer {
  return { description, content: { "text/plain": Type.String() } };
}

export function empty(description: string): Answer {
  return { description };
}

/** Bytes of one of these content types. */
export function bytes(description: string, ...contentTypes: readonly string[]): Answer {
  return { description, content: Object.fromEntries(contentTypes.map((type) => [type, BINARY])) };
}

export const BINARY: TSchema = Type.Unsafe<string>({ type: "string", format: "binary" });

export function jsonBody(schema: TSchema, lenient?: string): Body {
  return {
    required: true,
    content: { "application/json": schema },
    ...(lenient === undefined ? {} : { lenient }),
  };
}
