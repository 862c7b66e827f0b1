/**
 * The description of a server: the rows of the table that it serves, in OpenAPI 3.1, and, so that nothing is hidden,
 * what it serves without a row.
 */
import { createRequire } from "node:module";
import type { FastifyInstance, HTTPMethods } from "fastify";
import { isRefusal } from "../own-contract.ts";
import type { Answer, Operation, Parameter } from "./operation.ts";
import { SCHEMAS } from "./schemas/index.ts";
import { pathsOf, TABLE } from "./table/index.ts";

const { version } = createRequire(import.meta.url)("../../../package.json") as { version: string };

export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: Readonly<Record<string, unknown>>;
  readonly servers: readonly { readonly url: string; readonly description: string }[];
  readonly tags: readonly { readonly name: string }[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  /** path template → lower-case method → operation object */
  readonly paths: Record<string, Record<string, Record<string, unknown>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Where table and server disagree: `METHOD path` each, as the router writes it. */
export interface Disagreement {
  readonly withoutRow: readonly string[];
  readonly notServed: readonly string[];
}

/** Compares table and server; both lists are empty when every operation has its row and every row its operation. */
export function compareTable(app: FastifyInstance, table: readonly Operation[] = TABLE): Disagreement {
  const rows = new Set(table.flatMap((row) => pathsOf(row).map((path) => `${row.method} ${path}`)));
  const withoutRow = registered(app).filter((name) => !rows.has(name));
  const notServed = [...rows].filter((name) => {
    const [method = "", path = ""] = name.split(" ");
    return !serves(app, method, path);
  });
  return { withoutRow, notServed };
}

/** The document of what `app` serves now. Call it when all routes are there. */
export function openApiDocument(app: FastifyInstance, table: readonly Operation[] = TABLE): OpenApiDocument {
  const paths: OpenApiDocument["paths"] = {};
  const add = (path: string, method: string, operation: Record<string, unknown>): void => {
    (paths[templateOf(path)] ??= {})[method.toLowerCase()] = operation;
  };
  const listed = table.filter((row) => row.unlisted === undefined && serves(app, row.method, row.path));
  for (const row of listed) add(row.path, row.method, operationObject(row));
  for (const name of compareTable(app, table).withoutRow) {
    const [method = "", path = ""] = name.split(" ");
    add(path, method, undescribed(path));
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Hearth",
      version,
      summary: "A self-hosted server for ComfyUI workflows",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      description: DESCRIPTION,
    },
    servers: [{ url: "/", description: "this server" }],
    tags: [...new Set(listed.map(({ tag }) => tag))].map((name) => ({ name })),
    // An empty one first: on loopback, and with `--allow-anonymous`, no key is needed.
    security: [{}, ...Object.keys(SECURITY).map((name) => ({ [name]: [] }))],
    paths,
    components: { schemas: SCHEMAS, responses: RESPONSES, securitySchemes: SECURITY },
  };
}

const DESCRIPTION = `Paths are given with \`/api\`; most are served without it too, which \`x-also-at\` says.
JSON bodies are read under every content type, and may be compressed (\`gzip\`, \`deflate\`).
Where \`GET\` works, \`HEAD\` does. Another method is answered 405 with \`Allow\`.
From this machine no key is needed; from elsewhere it is, unless the server was started with \`--allow-anonymous\`.
Studio (\`/api/admin\`, \`/api/run\`) and Control (\`/v1\`) want a key from everybody, with the scope that each operation names.`;

const SECURITY = {
  key: { type: "apiKey", in: "header", name: "X-API-Key" },
  bearer: { type: "http", scheme: "bearer" },
  basic: { type: "http", scheme: "basic", description: "the key as password" },
  token: { type: "apiKey", in: "query", name: "token", description: "for GET and sockets" },
};

const RESPONSES = {
  Unauthorized: {
    description: "The key is missing or wrong.",
    content: { "text/plain": { schema: { type: "string" } } },
  },
  Forbidden: { description: "A page of another site asked, or the path is out of bounds." },
  TooManyRequests: {
    description: "Too many wrong keys; `Retry-After` says how many seconds to wait.",
    content: { "text/plain": { schema: { type: "string" } } },
  },
};
const COMMON: readonly [status: string, name: string][] = [
  ["401", "Unauthorized"],
  ["403", "Forbidden"],
  ["429", "TooManyRequests"],
];

function registered(app: FastifyInstance): string[] {
  return [...app.operations].flatMap(([path, methods]) =>
    [...methods]
      .filter(([method, handler]) => method !== "HEAD" && !isRefusal(handler))
      .map(([method]) => `${method} ${path}`),
  );
}

function serves(app: FastifyInstance, method: string, path: string): boolean {
  const methods = app.operations.get(path);
  if (methods !== undefined) {
    const handler = methods.get(method);
    return handler !== undefined && !isRefusal(handler);
  }
  // A few routes are registered past `operations`, since their other methods answer in a way of their own.
  return app.hasRoute({ method: method as HTTPMethods, url: path });
}

/** `/a/:b/*` as `/a/{b}/{path}`. */
export function templateOf(path: string): string {
  return path.replace(/:(\w+)/g, "{$1}").replace(/\*$/, "{path}");
}

function operationObject(row: Operation): Record<string, unknown> {
  const [, bare] = pathsOf(row);
  const answers: Record<string, unknown> = Object.fromEntries(
    Object.entries(row.answers).map(([status, answer]) => [status, answerObject(answer)]),
  );
  for (const [status, name] of row.open === true ? [] : COMMON) {
    answers[status] ??= { $ref: `#/components/responses/${name}` };
  }
  return {
    operationId: row.id,
    tags: [row.tag],
    summary: row.summary,
    ...(row.description === undefined ? {} : { description: row.description }),
    ...(row.deprecated === true ? { deprecated: true } : {}),
    ...(row.open === true ? { security: [] } : {}),
    ...(bare === undefined ? {} : { "x-also-at": [templateOf(bare)] }),
    ...(row.parameters === undefined ? {} : { parameters: row.parameters.map(parameterObject) }),
    ...(row.body === undefined ? {} : { requestBody: bodyObject(row.body) }),
    responses: answers,
    ...row.extra,
  };
}

function parameterObject({ name, in: place, required, description, schema }: Parameter): object {
  const repeats = (schema as { type?: unknown }).type === "array";
  return {
    name,
    in: place,
    required,
    description,
    schema,
    ...(repeats ? { style: "form", explode: true } : {}),
  };
}

function bodyObject(body: NonNullable<Operation["body"]>): object {
  const lenient = body.lenient;
  return {
    required: body.required,
    ...(lenient === undefined ? {} : { description: `It is read leniently: ${lenient}.`, "x-lenient": true }),
    content: contentObject(body.content),
  };
}

function answerObject({ description, content }: Answer): object {
  return { description, ...(content === undefined ? {} : { content: contentObject(content) }) };
}

function contentObject(content: NonNullable<Answer["content"]>): object {
  return Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]));
}

/** What is served without a row says so. */
function undescribed(path: string): Record<string, unknown> {
  const names = [...templateOf(path).matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  return {
    summary: "Not described",
    "x-undescribed": true,
    parameters: names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
    responses: { default: { description: "Not described." } },
  };
}
