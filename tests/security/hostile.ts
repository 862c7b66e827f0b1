/** What the tests of this folder send: requests as they are written, and nothing that a well-meaning client tidies up. */
import { readFileSync } from "node:fs";
import { type HttpResponse, request } from "../conformance/client.ts";
import { type TestServer, until } from "../support/server.ts";

/** Gives the server that all tests share; it is there once the first test runs. */
export type Shared = () => TestServer;

/** Stands in every file that nobody may get to see. */
export const SECRET = "this file is nobody's business";

/** One request; the target goes out as written. */
export function ask(
  server: TestServer,
  method: string,
  target: string,
  headers: Record<string, string> = {},
  body?: string | Buffer,
): Promise<HttpResponse> {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  return request(server.url, { method, path: target, headers, body: bytes, timeoutMs: 20_000 });
}

export interface Refusal {
  readonly error: { readonly type: string; readonly message: string; readonly details: string };
  readonly node_errors: Record<string, { errors: { type: string }[] }>;
}

/** Posts text to `/prompt`. */
export async function postPrompt(
  server: TestServer,
  body: string | Buffer,
): Promise<{ status: number; answer: Refusal & { prompt_id?: string } }> {
  const { status, body: text } = await ask(server, "POST", "/prompt", {}, body);
  return { status, answer: JSON.parse(text.toString("utf8")) };
}

const BOUNDARY = "----hostile";

/** A form as it goes over the wire; nothing is escaped. */
export function form(parts: readonly { name: string; filename?: string; content: string | Buffer }[]): {
  headers: Record<string, string>;
  body: Buffer;
} {
  const pieces = parts.flatMap(({ name, filename, content }) => [
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? "" : `; filename="${filename}"`}\r\n\r\n`,
    ),
    Buffer.from(content),
    Buffer.from("\r\n"),
  ]);
  return {
    headers: { "Content-Type": `multipart/form-data; boundary=${BOUNDARY}` },
    body: Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--\r\n`)]),
  };
}

/** Uploads one picture with further text fields. */
export function upload(
  server: TestServer,
  filename: string,
  content: string | Buffer,
  fields: Record<string, string> = {},
  target = "/upload/image",
): Promise<HttpResponse> {
  const { headers, body } = form([
    ...Object.entries(fields).map(([name, value]) => ({ name, content: value })),
    { name: "image", filename, content },
  ]);
  return ask(server, "POST", target, headers, body);
}

/** To be set before the server starts: its inspector then takes any free port. */
export const INSPECTOR_OPTION = "--inspect-port=0";

/**
 * Resident memory of the hub in bytes once its garbage is gone. The engine collects only when it needs room, so
 * without this a megabyte that was dropped looks like one that is held.
 */
export async function heldMemory(server: TestServer): Promise<number> {
  const { hub } = server.ids();
  process.kill(hub, "SIGUSR1");
  const address = await until(
    "the hub's inspector",
    () => /Debugger listening on (ws:\S+)/.exec(server.output)?.[1],
    10_000,
  );
  const inspector = new WebSocket(address);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  inspector.addEventListener("error", () => reject(new Error("the hub's inspector does not answer")));
  inspector.addEventListener("message", () => resolve());
  inspector.addEventListener("open", () => {
    inspector.send(JSON.stringify({ id: 1, method: "HeapProfiler.collectGarbage" }));
  });
  await promise.finally(() => inspector.close());
  const status = readFileSync(`/proc/${hub}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
