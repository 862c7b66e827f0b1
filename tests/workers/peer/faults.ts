/**
 * What goes wrong, and where. A place is a request (`POST /prompt`, `GET /history/{id}`, `GET /ws` for the upgrade, `*`
 * for any) or a frame (`WS executed`, `WS executing 2` for one node, `WS *`).
 */

/** What a request meets. */
export type RequestFault =
  /** taken, never answered; nothing is done */
  | { readonly kind: "hang" }
  /** the connection is reset before anything is done */
  | { readonly kind: "reset" }
  /** it is done, and the connection is reset instead of an answer */
  | { readonly kind: "reset-after-accept" }
  /** it is done, and never answered */
  | { readonly kind: "hang-after-accept" }
  /** done and answered, but late */
  | { readonly kind: "late"; readonly ms: number }
  /** from here on nothing is done or answered for a while; then all that came, in its order, also what was given up on */
  | { readonly kind: "stall"; readonly ms: number }
  /** nothing is done, this is the answer */
  | { readonly kind: "status"; readonly status: number; readonly body?: string }
  /** done; the answer breaks off in the middle of its body */
  | { readonly kind: "half-answer" };

/** What a frame meets. */
export type FrameFault =
  /** half of its bytes arrive, then the socket is gone */
  | { readonly kind: "half-frame" }
  /** the socket is gone instead */
  | { readonly kind: "drop-socket" }
  | { readonly kind: "duplicate" }
  /** it is lost, the socket goes on */
  | { readonly kind: "swallow" }
  /** a frame like it comes first, of a prompt that nobody knows */
  | { readonly kind: "foreign-first" }
  /** text that is no JSON comes first, and a binary frame of no known event */
  | { readonly kind: "garbage-first" }
  /** from here on this socket says nothing; pings are answered */
  | { readonly kind: "silence" }
  /** from here on nothing is read from or written to this socket, which stays open */
  | { readonly kind: "half-open" };

/** What a node meets, at `WS executing <node>`: it throws. */
export interface NodeFault {
  readonly kind: "throw";
  readonly type: string;
  readonly message: string;
}

export type Fault = RequestFault | FrameFault | NodeFault;

interface Planned {
  readonly fault: Fault;
  /** how often it still happens */
  left: number;
}

/** A frame that waits until it may go on. */
export interface Hold {
  /** the run stands before the frame */
  readonly reached: Promise<void>;
  readonly release: () => void;
}

interface Held extends Hold {
  readonly reach: () => void;
  readonly released: Promise<void>;
}

/** The script of what goes wrong. */
export class FaultPlan {
  readonly #planned = new Map<string, Planned[]>();
  readonly #holds = new Map<string, Held[]>();

  next(place: string, fault: Fault, times = 1): void {
    const list = this.#planned.get(place) ?? [];
    list.push({ fault, left: times });
    this.#planned.set(place, list);
  }

  always(place: string, fault: Fault): void {
    this.next(place, fault, Infinity);
  }

  never(place: string): void {
    this.#planned.delete(place);
  }

  /** The fault that happens now at the first of these places that has one. */
  take(...places: readonly string[]): Fault | undefined {
    for (const place of places) {
      const list = this.#planned.get(place);
      const first = list?.[0];
      if (list === undefined || first === undefined) continue;
      first.left -= 1;
      if (first.left <= 0) list.shift();
      return first.fault;
    }
    return undefined;
  }

  /** The next frame at this place waits. */
  hold(place: string): Hold {
    const arrival = Promise.withResolvers<void>();
    const departure = Promise.withResolvers<void>();
    const held: Held = {
      reached: arrival.promise,
      release: departure.resolve,
      reach: arrival.resolve,
      released: departure.promise,
    };
    const list = this.#holds.get(place) ?? [];
    list.push(held);
    this.#holds.set(place, list);
    return held;
  }

  /** Waits where a frame is held. */
  async pass(...places: readonly string[]): Promise<void> {
    for (const place of places) {
      const held = this.#holds.get(place)?.shift();
      if (held === undefined) continue;
      held.reach();
      await held.released;
    }
  }
}
