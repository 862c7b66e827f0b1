/** HTTP calls to a ComfyUI. Each has a deadline, and fails with an error that a person understands. */
import { createReadStream } from "node:fs";
import http from "node:http";
import https from "node:https";
import { pipeline } from "node:stream/promises";
import { type JsonValue, parseJson } from "@hearth/protocol";
import type { ComfyAddress } from "./address.ts";

/** Connections that the server may be about to close are not used again: a submit on one has an unknown outcome. */
const IDLE_CONNECTION_MS = 4_000;
/** An answer beyond this is no answer of a ComfyUI. */
const MAX_ANSWER_BYTES = 512 * 1024 * 1024;

/** No answer, or one that nobody can use. */
export class Unanswered extends Error {
  /** the request may have arrived: what came of it is unknown */
  readonly wasSent: boolean;

  constructor(text: string, wasSent: boolean, cause?: unknown) {
    super(text, { cause });
    this.name = "Unanswered";
    this.wasSent = wasSent;
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

interface RequestOptions {
  /** JSON text */
  readonly body?: string;
  readonly deadlineMs?: number;
  /** not on one that was kept from before: when it fails, nothing was sent */
  readonly isOnNewConnection?: boolean;
}

export class ComfyClient {
  readonly #address: ComfyAddress;
  readonly #requestMs: number;
  readonly #agent: http.Agent | https.Agent;

  /** `requestMs`: the deadline of a call, and of each pause while a file travels. */
  constructor(address: ComfyAddress, requestMs: number) {
    this.#address = address;
    this.#requestMs = requestMs;
    const options = { keepAlive: true, maxSockets: 16, timeout: IDLE_CONNECTION_MS };
    this.#agent = address.isTls ? new https.Agent(options) : new http.Agent(options);
  }

  get shown(): string {
    return this.#address.shown;
  }

  /** Any status is an answer. @throws Unanswered */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { body, deadlineMs = this.#requestMs, isOnNewConnection = false } = options;
    const headers =
      body === undefined
        ? {}
        : { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
    const { request, response } = this.#begin(method, path, headers, isOnNewConnection);
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer within ${deadlineMs / 1000} s`)),
      deadlineMs,
    );
    try {
      request.end(body);
      const answer = await response;
      return { status: answer.statusCode ?? 0, headers: answer.headers, text: await this.#text(answer) };
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * The JSON of a 200; `undefined` for a 404.
   * @throws Unanswered also for every other status, and for what is no JSON
   */
  async json(path: string): Promise<JsonValue | undefined> {
    const text = await this.text(path);
    if (text === undefined) return undefined;
    try {
      return parseJson(text);
    } catch (error) {
      throw new Unanswered(`${this.shown} answered GET ${path} with something that is no JSON`, true, error);
    }
  }

  /** The same before it is parsed. */
  async text(path: string): Promise<string | undefined> {
    const { status, text } = await this.request("GET", path);
    if (status === 404) return undefined;
    if (status !== 200) throw new Unanswered(this.#refusal("GET", path, status), true);
    return text;
  }

  /** Posts what answers 200 with an empty body. @throws Unanswered */
  async post(path: string, body: string): Promise<void> {
    const { status } = await this.request("POST", path, { body });
    if (status !== 200) throw new Unanswered(this.#refusal("POST", path, status), true);
  }

  /** Status and headers of a GET; its body does not travel where the server knows HEAD. @throws Unanswered */
  async head(path: string): Promise<Omit<Answer, "text">> {
    const answer = await this.request("HEAD", path);
    if (answer.status !== 405 && answer.status !== 501) return answer;
    const { status, headers, stream } = await this.stream(path);
    stream.destroy();
    return { status, headers };
  }

  /** A body to be read as it comes; it fails when it stands still for too long. @throws Unanswered */
  async stream(
    path: string,
  ): Promise<{ status: number; headers: http.IncomingHttpHeaders; stream: http.IncomingMessage }> {
    const { request, response } = this.#begin("GET", path, {});
    request.setTimeout(this.#requestMs, () => request.destroy(new Error("the file stands still")));
    request.end();
    const stream = await response;
    return { status: stream.statusCode ?? 0, headers: stream.headers, stream };
  }

  /**
   * Sends a file as the part `image` of a form, from the disk.
   * @param size bytes of the file; when it has others by now, the upload fails
   */
  async upload(
    file: { readonly path: string; readonly size: number; readonly name: string },
    fields: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const boundary = `hearth-${crypto.randomUUID()}`;
    const head = Object.entries(fields)
      .map(
        ([key, value]) =>
          `--${boundary}\r\ncontent-disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`,
      )
      .concat(
        `--${boundary}\r\nContent-Disposition: form-data; name="image"; filename="${quotable(file.name)}"\r\n`,
        "Content-Type: application/octet-stream\r\n\r\n",
      )
      .join("");
    const tail = `\r\n--${boundary}--\r\n`;
    const { request, response } = this.#begin("POST", "/upload/image", {
      "content-type": `multipart/form-data; boundary=${boundary}`,
      "content-length": String(Buffer.byteLength(head) + file.size + Buffer.byteLength(tail)),
    });
    request.setTimeout(4 * this.#requestMs, () => request.destroy(new Error("the upload stands still")));
    request.write(head);
    const sent = pipeline(
      file.size === 0 ? [] : createReadStream(file.path, { start: 0, end: file.size - 1 }),
      request,
      { end: false },
    ).then(() => request.end(tail));
    // A server may answer, and close, before it has read everything.
    sent.catch((error: unknown) => request.destroy(error as Error));
    const answer = await response;
    return { status: answer.statusCode ?? 0, headers: answer.headers, text: await this.#text(answer) };
  }

  close(): void {
    this.#agent.destroy();
  }

  #begin(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    isOnNewConnection = false,
  ): { request: http.ClientRequest; response: Promise<http.IncomingMessage> } {
    const { isTls, http: urlOf, headers: own } = this.#address;
    const request = (isTls ? https : http).request(urlOf(path), {
      method,
      agent: isOnNewConnection ? false : this.#agent,
      headers: { ...own, ...headers },
    });
    const response = new Promise<http.IncomingMessage>((resolve, reject) => {
      let isConnected = false;
      request.once("socket", (socket) => {
        if (socket.connecting) {
          socket.once(isTls ? "secureConnect" : "connect", () => {
            isConnected = true;
          });
        } else isConnected = true;
      });
      request.once("response", resolve);
      request.on("error", (error) => reject(this.#unanswered(error, isConnected)));
    });
    // Whoever began the request may fail before it waits for the answer.
    response.catch(() => undefined);
    return { request, response };
  }

  async #text(answer: http.IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) throw new Error(`an answer of more than ${MAX_ANSWER_BYTES} bytes`);
        chunks.push(chunk);
      }
    } catch (error) {
      throw this.#unanswered(error as Error, true);
    }
    return Buffer.concat(chunks).toString("utf8");
  }

  #unanswered(error: Error, wasSent: boolean): Unanswered {
    // Both families of an address fail together, with an error that says nothing itself.
    const first =
      (error as { errors?: NodeJS.ErrnoException[] }).errors?.[0] ?? (error as NodeJS.ErrnoException);
    // A system's code says it shortest; the words of others (certificates) say more.
    const reason = first.code?.startsWith("E") === true ? first.code : first.message;
    return new Unanswered(`${this.shown} does not answer: ${reason}`, wasSent, error);
  }

  #refusal(method: string, path: string, status: number): string {
    const hint = status === 401 || status === 403 ? " (it wants other credentials)" : "";
    return `${this.shown} answered ${method} ${path.split("?")[0]} with ${status}${hint}`;
  }
}

/** A file name inside the quotes of a part's head. */
function quotable(name: string): string {
  return name.replace(/["\\]/g, "\\$&").replace(/[\r\n]/g, "_");
}
