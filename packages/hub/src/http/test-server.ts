/** What the tests of this folder share: a server on a free port over a folder of its own, and raw requests. */
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { type Folders, makeFolders, resolveFolders } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { FileNames } from "../files/file-lists.ts";
import { defaultModelFolders } from "../files/model-folders.ts";
import { registerFileRoutes } from "./comfy/index.ts";
import type { HttpOptions } from "./options.ts";
import { createHttpServer } from "./server.ts";

export interface TestServer {
  readonly app: FastifyInstance;
  readonly folders: Folders;
  readonly url: string;
  readonly port: number;
}

/** Starts a server with all file routes and whatever `register` adds; it and its folder go with the test. */
export async function startServer(
  t: TestContext,
  given: Partial<HttpOptions> = {},
  register?: (app: FastifyInstance) => void,
): Promise<TestServer> {
  const folders = temporaryFolders(t);
  const modelFolders = defaultModelFolders(folders);
  const options: HttpOptions = {
    folders,
    modelFolders,
    maxUploadBytes: 1024 * 1024,
    compress: false,
    csp: false,
    featureFlags: {},
    log: pino({ level: "silent" }),
    argv: ["hearth", "serve"],
    auth: { allowAnonymous: false, key: "secret-key", sessionSecret: "session-secret" },
    ...given,
  };
  const app = createHttpServer(options);
  register?.(app);
  registerFileRoutes(app, options, new FileNames(folders, modelFolders));
  await app.listen({ host: "127.0.0.1", port: 0 });
  t.after(async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  const { port } = app.server.address() as AddressInfo;
  return { app, folders, port, url: `http://127.0.0.1:${port}` };
}

export function temporaryFolders(t: TestContext): Folders {
  const base = mkdtempSync(path.join(os.tmpdir(), "hearth-http-"));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const folders = resolveFolders({ base });
  makeFolders(folders);
  return folders;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One request exactly as written: nothing normalises the target or the headers. */
export async function rawRequest(
  port: number,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
  body = "",
): Promise<RawAnswer> {
  const lines = Object.entries({
    host: `127.0.0.1:${port}`,
    connection: "close",
    ...(body === "" ? {} : { "content-length": String(Buffer.byteLength(body)) }),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = await rawExchange(port, `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [status = "", ...fields] = head.split("\r\n");
  const parsed = fields.map((field): [string, string] => {
    const at = field.indexOf(":");
    return [field.slice(0, at).toLowerCase(), field.slice(at + 1).trim()];
  });
  return {
    status: Number(status.split(" ")[1]),
    headers: Object.fromEntries(parsed),
    body: rest.join("\r\n\r\n"),
  };
}

/** Sends bytes, and reads until the server closes. */
export function rawExchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("latin1")));
    socket.write(text);
  });
}

export interface FormPart {
  readonly name: string;
  readonly filename?: string;
  readonly content: string | Buffer;
}

export const BOUNDARY = "----hearth-test-boundary";

/** A multipart body, byte for byte. */
export function formBody(parts: readonly FormPart[]): Buffer {
  const pieces = parts.flatMap(({ name, filename, content }) => [
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"`,
    filename === undefined
      ? "\r\n\r\n"
      : `; filename="${filename}"\r\nContent-Type: application/octet-stream\r\n\r\n`,
    content,
    "\r\n",
  ]);
  return Buffer.concat([...pieces, `--${BOUNDARY}--\r\n`].map((piece) => Buffer.from(piece)));
}

/** Posts a form. */
export function postForm(url: string, parts: readonly FormPart[]): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": `multipart/form-data; boundary=${BOUNDARY}` },
    body: new Uint8Array(formBody(parts)),
  });
}
