/** An HTTP client over `node:net` that sends exactly what it is told: no header and no encoding of its own. */
import net from "node:net";
import { parseJson, type JsonValue } from "@hearth/protocol";
import { readHead, readResponse, type ResponseHead } from "./http-message.ts";

export interface HttpRequest {
  readonly method?: string;
  /** goes out as written */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: Buffer | undefined;
  /** sent unless `headers` names one */
  readonly contentType?: string | undefined;
  readonly timeoutMs?: number;
}

export class HttpResponse {
  readonly status: number;
  /** lower-case names, in order, repeated ones kept */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;

  constructor(head: ResponseHead, body: Buffer) {
    this.status = head.status;
    this.headers = head.headers;
    this.body = body;
  }

  /** Repeated headers are joined with `, `; `undefined` when there is none. */
  header(name: string): string | undefined {
    const values = this.headers.flatMap(([key, value]) => (key === name ? [value] : []));
    return values.length === 0 ? undefined : values.join(", ");
  }

  /** @throws JsonSyntaxError */
  json(): JsonValue {
    return parseJson(this.body.toString("utf8"));
  }
}

/** Host, port and path prefix of a base URL. */
export function addressOf(baseUrl: string): { host: string; port: number; prefix: string } {
  const url = new URL(baseUrl);
  return { host: url.hostname, port: Number(url.port || 80), prefix: url.pathname.replace(/\/+$/, "") };
}

/** Header bytes: Latin-1 where the text fits, else UTF-8. */
export function headerBytes(text: string): Buffer {
  return Buffer.from(text, /^[\u0000-\u00ff]*$/.test(text) ? "latin1" : "utf8");
}

function requestHead(address: ReturnType<typeof addressOf>, request: HttpRequest): Buffer {
  const method = request.method ?? "GET";
  const headers = Object.entries(request.headers ?? {}).filter(([, value]) => value !== null);
  const named = new Set(headers.map(([name]) => name.toLowerCase()));
  const lines = [`${method} ${address.prefix}${request.path} HTTP/1.1`];
  if (!named.has("host")) lines.push(`Host: ${address.host}:${address.port}`);
  if (request.contentType !== undefined && !named.has("content-type")) {
    lines.push(`Content-Type: ${request.contentType}`);
  }
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  if (request.body !== undefined || ["POST", "PUT", "PATCH"].includes(method)) {
    lines.push(`Content-Length: ${request.body?.length ?? 0}`);
  }
  return headerBytes(`${lines.join("\r\n")}\r\n\r\n`);
}

/**
 * Sends one request on a connection of its own. A server may answer before it has read the body (413): what it said
 * then counts, and that it closed early does not.
 * @throws when the connection fails before a complete answer, or after `timeoutMs` (60 s)
 */
export function request(baseUrl: string, given: HttpRequest): Promise<HttpResponse> {
  const address = addressOf(baseUrl);
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  const socket = net.connect(address.port, address.host);
  const place = `${given.method ?? "GET"} ${given.path}`;
  let received = Buffer.alloc(0);
  let failure: Error | undefined;
  const settle = (closed: boolean): boolean => {
    try {
      const complete = readResponse(received, given.method ?? "GET", closed);
      if (complete === undefined) return false;
      resolve(new HttpResponse(complete.head, complete.body));
    } catch (error) {
      reject(error as Error);
    }
    socket.destroy();
    return true;
  };
  const timer = setTimeout(() => {
    reject(new Error(`${place}: no complete answer within ${given.timeoutMs ?? 60_000} ms`));
    socket.destroy();
  }, given.timeoutMs ?? 60_000);
  socket.on("connect", () => {
    socket.write(requestHead(address, given));
    if (given.body !== undefined && given.body.length > 0) socket.write(given.body);
  });
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    settle(false);
  });
  socket.on("error", (error) => {
    failure = error;
  });
  socket.on("close", () => {
    clearTimeout(timer);
    if (received.length > 0 && readHead(received) !== undefined && settle(true)) return;
    reject(failure ?? new Error(`${place}: the connection was closed without an answer`));
  });
  return promise.finally(() => clearTimeout(timer));
}
