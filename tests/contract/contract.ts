/** Validates answers and messages against an OpenAPI document. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

type Json = Record<string, unknown>;

/** One operation of a document. */
export interface DescribedOperation {
  readonly id: string;
  readonly method: string;
  /** path template as the document has it */
  readonly path: string;
  readonly object: Json;
}

/** Something that an answer or a message is, and the document says it is not. */
export interface Difference {
  /** `answer`: the status or content type is not described; `shape`: a value is of another shape */
  readonly kind: "answer" | "shape";
  /** JSON pointer into the value, with a star for each number */
  readonly at: string;
  readonly message: string;
}

export interface GivenAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

export class Contract {
  readonly operations: readonly DescribedOperation[];
  readonly #document: Json;
  readonly #ajv: Ajv2020;
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(document: Json) {
    this.#document = document;
    this.#ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
    // The package is CommonJS: its function is the default of its default.
    (addFormats as unknown as { default: (ajv: Ajv2020) => void }).default(this.#ajv);
    this.#ajv.addFormat("binary", true);
    this.#ajv.addSchema(document, "document");
    this.operations = Object.entries(document["paths"] as Record<string, Record<string, Json>>).flatMap(
      ([path, methods]) =>
        Object.entries(methods).map(([method, object]) => ({
          id: String(object["operationId"] ?? `${method} ${path}`),
          method: method.toUpperCase(),
          path,
          object,
        })),
    );
  }

  /** Operations that the document does describe; what is merely served says `x-undescribed`. */
  get described(): DescribedOperation[] {
    return this.operations.filter(({ object }) => object["x-undescribed"] !== true);
  }

  operation(id: string): DescribedOperation {
    const found = this.operations.find((operation) => operation.id === id);
    if (found === undefined) throw new Error(`the document has no operation ${id}`);
    return found;
  }

  /** Statuses that an operation describes. */
  statuses({ object }: DescribedOperation): number[] {
    return Object.keys(object["responses"] as Json).map(Number);
  }

  /** How an answer differs from what is described; nothing when it is as described. */
  check({ path, method, object }: DescribedOperation, answer: GivenAnswer): Difference[] {
    const responses = object["responses"] as Record<string, Json>;
    const place = ["paths", path, method.toLowerCase(), "responses", String(answer.status)];
    const described = responses[answer.status];
    if (described === undefined) {
      return [{ kind: "answer", at: "", message: `status ${answer.status} is not described` }];
    }
    const [response, at] = this.#followed(described, place);
    const content = response["content"] as Record<string, Json> | undefined;
    if (answer.body.length === 0 || method === "HEAD") {
      const wants = content !== undefined && !Object.keys(content).some(mayBeEmpty);
      return wants && method !== "HEAD" ? [{ kind: "answer", at: "", message: "there is no body" }] : [];
    }
    if (content === undefined) {
      return [{ kind: "answer", at: "", message: `a body of ${answer.contentType} is not described` }];
    }
    const type = contentKey(Object.keys(content), answer.contentType ?? "");
    if (type === undefined) {
      return [{ kind: "answer", at: "", message: `content type ${answer.contentType} is not described` }];
    }
    if (type !== "application/json") return [];
    const value: unknown = JSON.parse(answer.body.toString("utf8"));
    return this.#shape([...at, "content", type, "schema"], value);
  }

  /** How a body that a client could send differs from what the operation takes as JSON. */
  checkBody({ path, method }: DescribedOperation, value: unknown): Difference[] {
    const place = ["paths", path, method.toLowerCase(), "requestBody", "content", "application/json"];
    return this.#shape([...place, "schema"], value);
  }

  /** How the value of a parameter, as a query writes it, differs from what is described. */
  checkParameter(operation: DescribedOperation, index: number, text: string): Difference[] {
    const { path, method, object } = operation;
    const parameters = object["parameters"] as { schema: { type?: string } }[];
    const place = ["paths", path, method.toLowerCase(), "parameters", String(index), "schema"];
    return this.#shape(place, fromText(text, parameters[index]?.schema.type));
  }

  /** How the data of a message differs; `undefined` when its type is not described. */
  checkMessage(type: string, data: unknown): Difference[] | undefined {
    const socket = this.operations.find(({ object }) => object["x-websocket-messages"] !== undefined);
    if (socket === undefined) throw new Error("the document describes no messages");
    const messages = socket.object["x-websocket-messages"] as { type: string }[];
    const index = messages.findIndex((message) => message.type === type);
    if (index < 0) return undefined;
    const place = ["paths", socket.path, "get", "x-websocket-messages", String(index), "schema"];
    return this.#shape(place, data);
  }

  /** Types of messages that are described. */
  get messageTypes(): string[] {
    const lists = this.operations.map(({ object }) => object["x-websocket-messages"]);
    return ((lists.find((list) => list !== undefined) ?? []) as { type: string }[]).map(({ type }) => type);
  }

  #shape(place: readonly string[], value: unknown): Difference[] {
    const pointer = `document#/${place.map(escaped).join("/")}`;
    let validate = this.#compiled.get(pointer);
    if (validate === undefined) {
      validate = this.#ajv.compile({ $ref: pointer });
      this.#compiled.set(pointer, validate);
    }
    if (validate(value) === true) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) => ({
      kind: "shape",
      at: instancePath.replaceAll(/\/\d+(?=\/|$)/g, "/*"),
      message: `${message} ${JSON.stringify(params)}`,
    }));
  }

  /** A response object behind its reference, and where it stands. */
  #followed(response: Json, place: readonly string[]): [Json, readonly string[]] {
    const reference = response["$ref"];
    if (typeof reference !== "string") return [response, place];
    const parts = reference.slice(2).split("/");
    let found: unknown = this.#document;
    for (const part of parts) found = (found as Json)[part];
    return [found as Json, parts];
  }
}

function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
}

/** Text and bytes may have no length. */
function mayBeEmpty(type: string): boolean {
  return type !== "application/json";
}

/** The described content type, or range of types, that a content type falls under. */
function contentKey(described: readonly string[], contentType: string): string | undefined {
  const given = contentType.split(";")[0]?.trim() ?? "";
  if (described.includes(given)) return given;
  return described.find(
    (type) => type === "*/*" || (type.endsWith("/*") && given.startsWith(type.slice(0, -1))),
  );
}

/** A parameter's text as the value that its schema speaks of; what cannot be one stays a text. */
function fromText(text: string, type: string | undefined): unknown {
  if (type === "integer" && /^[+-]?\d+$/.test(text)) return Number(text);
  if (type === "boolean" && /^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  return type === "array" ? text.split(",") : text;
}
