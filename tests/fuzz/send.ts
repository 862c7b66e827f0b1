/** Puts a request on the wire as it is, and waits for the answer. */
import net from "node:net";
import { headerBytes } from "../conformance/client.ts";
import { readHead, readResponse, type ResponseHead } from "../conformance/http-message.ts";
import type { WireRequest } from "./requests.ts";

export type Outcome =
  | { readonly kind: "answer"; readonly head: ResponseHead; readonly body: Buffer }
  /** the connection ended without a whole answer */
  | { readonly kind: "closed"; readonly reason: string }
  | { readonly kind: "hung" };

export function send(port: number, request: WireRequest, timeoutMs: number): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const socket = net.connect(port, "127.0.0.1");
  let received = Buffer.alloc(0);
  let reason = "closed";
  const timer = setTimeout(() => resolve({ kind: "hung" }), timeoutMs);
  const look = (closed: boolean): void => {
    try {
      if (readHead(received) === undefined) return;
      const whole = readResponse(received, request.method, closed);
      if (whole !== undefined) resolve({ kind: "answer", ...whole });
    } catch (error) {
      resolve({ kind: "closed", reason: (error as Error).message });
    }
  };
  socket.on("connect", () => {
    socket.write(bytesOf(port, request));
    // Less than was promised comes, and nothing more: the server must not wait for it.
    if (request.framing === "short") socket.end();
  });
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    look(false);
  });
  socket.on("error", (error) => (reason = error.message));
  socket.on("close", () => {
    if (received.length > 0) look(true);
    resolve({ kind: "closed", reason });
  });
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}

function bytesOf(port: number, { method, target, headers, body, framing }: WireRequest): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`, `Host: 127.0.0.1:${port}`];
  if (framing === "length") lines.push(`Content-Length: ${body.length}`);
  if (framing === "short") lines.push(`Content-Length: ${body.length + 10}`);
  if (framing === "chunked") lines.push("Transfer-Encoding: chunked");
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  const head = headerBytes(`${lines.join("\r\n")}\r\n\r\n`);
  if (framing === "none") return head;
  return Buffer.concat([head, framing === "chunked" ? chunks(body) : body]);
}

function chunks(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  const size = Math.max(1, Math.ceil(body.length / 5));
  for (let at = 0; at < body.length; at += size) {
    const part = body.subarray(at, at + size);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}
