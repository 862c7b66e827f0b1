/**
 * What an operator should see: `notification` messages to every client. A condition stands until it is cleared, and is
 * told to those who connect meanwhile; an occurrence is told once.
 */
import { jsonFrame } from "../sockets/run-frames.ts";
import type { SocketHub } from "../sockets/socket-hub.ts";

export class Notifications {
  readonly #sockets: () => Pick<SocketHub, "broadcast">;
  readonly #standing = new Map<string, string>();

  constructor(sockets: () => Pick<SocketHub, "broadcast">) {
    this.#sockets = sockets;
  }

  /** Something happened. `id` names the kind of thing, `value` is a sentence. */
  tell(id: string, value: string): void {
    this.#sockets().broadcast([frame(id, value)]);
  }

  /** Something is so from now on. The same condition is told again only when its sentence has changed. */
  raise(id: string, value: string): void {
    if (this.#standing.get(id) === value) return;
    this.#standing.set(id, value);
    this.tell(id, value);
  }

  /** It is not so any more. */
  clear(id: string): void {
    this.#standing.delete(id);
  }

  has(id: string): boolean {
    return this.#standing.has(id);
  }

  /** For who connects now. */
  standing(): string[] {
    return [...this.#standing].map(([id, value]) => frame(id, value));
  }
}

function frame(id: string, value: string): string {
  return jsonFrame("notification", { value, id });
}
