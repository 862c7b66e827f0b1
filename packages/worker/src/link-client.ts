/** Dials the hub, again and again; a worker outlives its hub. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import WebSocket from "ws";
import type { TunnelTarget } from "./engine-port.ts";
import { HANDSHAKE_MS, hubHeaders, hubSocketUrl, type HubTarget, shownHub } from "./hub-request.ts";
import { joinTunnel } from "./tunnel.ts";

export interface LinkEvents {
  /** a connection stands: say hello */
  readonly opened: () => void;
  readonly message: (text: string) => void;
  /** the hub is away since this moment */
  readonly closed: () => void;
}

const FIRST_DELAY_MS = 20;
const LONGEST_DELAY_MS = { local: 500, remote: 10_000 };
const PING_MS = 5_000;
/** A hub that answers no ping for so long is gone, although the connection looks open. */
const SILENCE_MS = 15_000;
/** A line that carries less is too slow; what is on its way may take so much longer to be answered, but not for ever. */
const SLOWEST_BYTES_PER_MS = 16;
const LONGEST_SILENCE_MS = 300_000;
const LARGEST_FRAME = 1 << 30;

export interface LinkTimes {
  readonly pingMs: number;
  readonly silenceMs: number;
}

export class LinkClient {
  readonly #target: HubTarget;
  readonly #events: LinkEvents;
  readonly #times: LinkTimes;
  #socket: WebSocket | undefined;
  #delay = FIRST_DELAY_MS;
  #redial: NodeJS.Timeout | undefined;
  #stopped = false;
  /** sent since the hub was last heard */
  #sentBytes = 0;
  /** why the hub would not have this worker, as it was last said */
  #complaint: string | undefined;

  /** `address`: of the hub. @throws Error that names what is wrong with a URL */
  constructor(
    address: HubTarget,
    events: LinkEvents,
    times: LinkTimes = { pingMs: PING_MS, silenceMs: SILENCE_MS },
  ) {
    this.#target = address;
    this.#events = events;
    this.#times = times;
    shownHub(address);
  }

  dial(): void {
    const socket = new WebSocket(hubSocketUrl(this.#target, "/link"), {
      headers: hubHeaders(this.#target),
      handshakeTimeout: HANDSHAKE_MS,
      perMessageDeflate: false,
      maxPayload: LARGEST_FRAME,
    });
    this.#socket = socket;
    let connection: Socket | undefined;
    let isWelcome = false;
    socket.on("upgrade", (response) => (connection = response.socket));
    socket.on("open", () => {
      this.#watch(socket, () => connection?.bytesRead ?? 0);
      this.#events.opened();
    });
    socket.on("message", (data: Buffer) => {
      if (!isWelcome) {
        isWelcome = true;
        this.#welcomed();
      }
      this.#events.message(data.toString("utf8"));
    });
    socket.on("unexpected-response", (_request, response) => {
      this.#refused(response);
      // Ends the handshake as failed: "error" and "close" follow.
      socket.terminate();
    });
    socket.on("error", () => {
      // "close" follows, and dials again.
    });
    socket.on("close", (_code, reason) => {
      if (this.#stopped || this.#socket !== socket) return;
      if (reason.length > 0) this.#complain(`the hub refuses this worker: ${reason.toString("utf8")}`);
      this.#events.closed();
      this.#redial = setTimeout(() => this.dial(), this.#nextDelay());
    });
  }

  send(frame: string | Buffer): void {
    this.#sentBytes += frame.length;
    this.#socket?.send(frame);
  }

  /** Dials the tunnel that the hub asked for, and joins it to a new connection. */
  openTunnel(id: string, target: TunnelTarget): void {
    joinTunnel(this.#target, id, target);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#redial);
    this.#socket?.close();
  }

  /** The first word of the hub: whoever is refused gets none, and dials more and more seldom. */
  #welcomed(): void {
    this.#delay = FIRST_DELAY_MS;
    this.#complaint = undefined;
    if ("url" in this.#target) console.log(`joined ${shownHub(this.#target)}`);
  }

  /** Ends a connection on which nothing comes any more: a hub whose machine died says no goodbye. */
  #watch(socket: WebSocket, bytesRead: () => number): void {
    const { pingMs, silenceMs } = this.#times;
    let heardAt = performance.now();
    let read = bytesRead();
    this.#sentBytes = 0;
    const heard = (): void => {
      heardAt = performance.now();
      this.#sentBytes = 0;
    };
    socket.on("pong", heard).on("message", heard);
    const timer = setInterval(() => {
      // A large frame on a slow line is no silence.
      const now = bytesRead();
      if (now !== read) heard();
      read = now;
      const onItsWayMs = this.#sentBytes / SLOWEST_BYTES_PER_MS;
      const patience = Math.min(silenceMs + onItsWayMs, Math.max(silenceMs, LONGEST_SILENCE_MS));
      if (performance.now() - heardAt > patience) socket.terminate();
      else socket.ping();
    }, pingMs);
    socket.once("close", () => clearInterval(timer));
  }

  #nextDelay(): number {
    if ("socket" in this.#target) {
      const delay = this.#delay;
      this.#delay = Math.min(delay * 2, LONGEST_DELAY_MS.local);
      return delay;
    }
    // Workers that lost their hub at the same moment do not all come back at the same moment.
    const delay = this.#delay * (0.5 + Math.random() / 2);
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY_MS.remote);
    return delay;
  }

  #refused({ statusCode = 0, headers }: IncomingMessage): void {
    const hub = shownHub(this.#target);
    if (statusCode === 401) this.#complain(`${hub} does not know the token of this worker`);
    else if (statusCode === 403)
      this.#complain(`${hub} does not take workers with this token: its key lacks the scope 'worker'`);
    else if (statusCode === 429) {
      this.#complain(`${hub} has seen too many wrong keys from here; it listens again in a minute`);
      this.#delay = Math.min(Number(headers["retry-after"] ?? 60) * 1_000 || 60_000, 60_000);
      return;
    } else this.#complain(`${hub} answers ${statusCode} where a hub takes workers: is it a Hearth?`);
    // Nobody gives the key a scope within the next second.
    this.#delay = Math.max(this.#delay, LONGEST_DELAY_MS.remote / 2);
  }

  /** Says once what stays the same at every dial. */
  #complain(text: string): void {
    if (this.#complaint === text) return;
    this.#complaint = text;
    console.error(text);
  }
}
