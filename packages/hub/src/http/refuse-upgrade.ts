/** The answer to an upgrade that is refused. */
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

/** What a client still sends has to be read, or the connection never ends; nobody waits long for that. */
const GOODBYE_MS = 1_000;

/** Answers with `status` and no body, and ends the connection. `headers`: lines, each with its line break. */
export function refuseUpgrade(socket: Duplex, status: number, headers = ""): void {
  socket.resume();
  socket.once("finish", () => setTimeout(() => socket.destroy(), GOODBYE_MS).unref());
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}`;
  socket.end(`${line}\r\n${headers}Content-Length: 0\r\nConnection: close\r\n\r\n`);
}
