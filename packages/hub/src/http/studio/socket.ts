/**
 * `/api/run/ws`: pushes progress, events and preview pictures to Studio's pages. Text frames with a `prompt_id` are
 * progress, those with a `type` are events, binary frames are the picture of the progress that came right before.
 *
 * Every client has a place of its own in the event log, and is given nothing more while it has not read what it was
 * given; when it reads again it gets the events that it missed and the newest progress. So a slow client holds up nobody,
 * and nobody misses an event.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { JobStore } from "@hearth/jobs";
import { printJson } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import { type WebSocket, WebSocketServer } from "ws";
import { type Identity, may, sees } from "../../auth/identity.ts";
import { sequenceOf } from "../../events/event-id.ts";
import { type EventLog, type LoggedEvent, maySee } from "../../events/event-log.ts";
import type { JobProgress } from "../../progress/job-progress.ts";
import type { ProgressBook } from "../../progress/progress-book.ts";
import { sendFrame, wireFrame } from "../../sockets/wire-frame.ts";
import { originAllowed } from "../origin.ts";
import { detailsOf } from "./record.ts";

/** A job's progress is sent no more often than this. */
const INTERVAL_MS = 150;
/** A client with this much unread gets nothing more until it has read. */
const SLOW_BYTES = 256 * 1024;
/** A client that has not taken anything for this long is gone, whatever its system says. */
const DEAD_MS = 60_000;
const GOODBYE_MS = 1_000;
const EVENT_BATCH = 200;
const NOT_AUTHENTICATED = 4001;
const TOO_MANY_TRIES = 4008;
const GOING_AWAY = 1001;

export interface StudioSocketParts {
  readonly store: Pick<JobStore, "recordByPromptId">;
  readonly events: EventLog;
  readonly progress: ProgressBook;
  /** false: pages of other sites may connect, since the operator allowed their origin */
  readonly checkOrigin: boolean;
}

interface Client {
  readonly socket: WebSocket;
  /** what the socket writes to */
  readonly connection: Duplex;
  /** whose jobs it sees; undefined: everybody's */
  readonly owner: string | undefined;
  /** the last event that it was given */
  cursor: number;
  /** reads events from the table at the moment */
  isReading: boolean;
  /** since when it takes nothing; undefined: it does */
  slowSince: number | undefined;
  /** jobs whose progress it missed while it was slow */
  readonly missed: Set<JobProgress>;
}

interface Followed {
  sentAt: number;
  isWaiting: boolean;
  previewSeq: number;
  names: { workflow_id: string | null; workflow_name: string | null } | undefined;
}

export class StudioSockets {
  readonly #parts: StudioSocketParts;
  readonly #access: FastifyInstance["access"];
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 });
  readonly #clients = new Set<Client>();
  readonly #followed = new Map<JobProgress, Followed>();
  /** the frame of each event, made once for all clients */
  readonly #frames = new WeakMap<LoggedEvent, Buffer>();
  readonly #stops: (() => void)[];
  readonly #timers = new Set<NodeJS.Timeout>();
  #slowTimer: NodeJS.Timeout | undefined;

  constructor(app: FastifyInstance, parts: StudioSocketParts) {
    this.#parts = parts;
    this.#access = app.access;
    this.#stops = [
      parts.events.subscribe((events) => this.#tellEvents(events)),
      parts.progress.onChange((progress) => this.#changed(progress)),
    ];
  }

  get size(): number {
    return this.#clients.size;
  }

  /** Takes an upgrade of `STUDIO_SOCKET_PATH`. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#parts.checkOrigin && !originAllowed(request.headers)) {
      socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    const proof = this.#access.identify(request);
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on("error", () => webSocket.terminate());
      // A page learns the reason only from a socket that was open.
      if (!("identity" in proof)) {
        const tooMany = proof.waitSeconds > 0;
        webSocket.close(
          tooMany ? TOO_MANY_TRIES : NOT_AUTHENTICATED,
          tooMany ? `too many wrong keys, try again in ${proof.waitSeconds} s` : "not authenticated",
        );
      } else if (!may(proof.identity, "read")) webSocket.close(NOT_AUTHENTICATED, "the key may not read");
      else this.#add(webSocket, socket, proof.identity, afterOf(request));
    });
  }

  #add(socket: WebSocket, connection: Duplex, identity: Identity, after: number | undefined): void {
    const client: Client = {
      socket,
      connection,
      owner: sees(identity),
      // A number from the future is one of a database that is gone.
      cursor: Math.min(after ?? Infinity, this.#parts.events.last),
      isReading: false,
      slowSince: undefined,
      missed: new Set(),
    };
    this.#clients.add(client);
    const forget = this.#access.whileKeyHolds(identity, () =>
      sayGoodbye(socket, NOT_AUTHENTICATED, "the key was revoked"),
    );
    socket.on("close", () => {
      forget();
      this.#clients.delete(client);
    });
    this.#catchUp(client);
    for (const progress of this.#parts.progress.all()) {
      if (this.#maySee(client, progress)) void this.#sendProgressTo(client, progress);
    }
  }

  #maySee(client: Client, progress: JobProgress): boolean {
    return client.owner === undefined || client.owner === progress.owner;
  }

  #tellEvents(events: readonly LoggedEvent[]): void {
    const first = events[0]?.seq;
    for (const client of this.#clients) {
      if (first === undefined) {
        // Not written anywhere: now or never.
        if (client.slowSince === undefined) for (const event of events) this.#giveEvent(client, event);
      } else this.#catchUp(client);
    }
  }

  /** Gives a client the events after the last one that it has, as many as it takes. */
  #catchUp(client: Client): void {
    if (client.isReading) return;
    for (;;) {
      if (!this.#takes(client) || client.cursor >= this.#parts.events.last) return;
      const events = this.#parts.events.afterInMemory(client.cursor, EVENT_BATCH);
      if (events === undefined) {
        client.isReading = true;
        this.#readOld(client).then(
          () => this.#catchUp(client),
          () => client.socket.close(1011, "events could not be read"),
        );
        return;
      }
      if (events.length === 0) return;
      for (const event of events) this.#giveEvent(client, event);
    }
  }

  /** Events that have left memory. */
  async #readOld(client: Client): Promise<void> {
    try {
      const events = await this.#parts.events.after(client.cursor, EVENT_BATCH);
      for (const event of events) this.#giveEvent(client, event);
      if (events.length === 0) client.cursor = this.#parts.events.last;
    } finally {
      client.isReading = false;
    }
  }

  #giveEvent(client: Client, event: LoggedEvent): void {
    if (event.seq !== undefined) client.cursor = Math.max(client.cursor, event.seq);
    if (!maySee(client.owner, event)) return;
    let frame = this.#frames.get(event);
    if (frame === undefined) {
      frame = wireFrame("text", Buffer.from(printJson(event.shown)));
      this.#frames.set(event, frame);
    }
    sendFrame(client.socket, client.connection, frame);
  }

  /** False for a client that is not open or has too much unread; it is looked at again later. */
  #takes(client: Client): boolean {
    if (client.socket.readyState !== client.socket.OPEN) return false;
    if (client.socket.bufferedAmount <= SLOW_BYTES) {
      client.slowSince = undefined;
      return true;
    }
    client.slowSince ??= performance.now();
    this.#slowTimer ??= setTimeout(() => {
      this.#slowTimer = undefined;
      this.#lookAtSlow();
    }, INTERVAL_MS);
    return false;
  }

  #lookAtSlow(): void {
    for (const client of this.#clients) {
      if (client.slowSince === undefined) continue;
      if (performance.now() - client.slowSince > DEAD_MS) client.socket.terminate();
      else if (this.#takes(client)) {
        this.#catchUp(client);
        for (const progress of client.missed) void this.#sendProgressTo(client, progress);
        client.missed.clear();
      }
    }
  }

  /** The first change goes out at once, further ones after the interval; what comes in between is skipped. */
  #changed(progress: JobProgress): void {
    if (this.#clients.size === 0) {
      this.#followed.delete(progress);
      return;
    }
    let followed = this.#followed.get(progress);
    if (followed === undefined) {
      followed = { sentAt: -Infinity, isWaiting: false, previewSeq: 0, names: undefined };
      this.#followed.set(progress, followed);
    }
    if (followed.isWaiting) return;
    followed.isWaiting = true;
    const wait = progress.isOver ? 0 : Math.max(0, followed.sentAt + INTERVAL_MS - performance.now());
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#broadcast(progress, followed);
    }, wait);
    this.#timers.add(timer);
  }

  async #broadcast(progress: JobProgress, followed: Followed): Promise<void> {
    followed.names ??= await this.#namesOf(progress);
    followed.isWaiting = false;
    followed.sentAt = performance.now();
    if (progress.isOver) this.#followed.delete(progress);
    const frame = this.#frameOf(progress, followed.names);
    const picture = progress.preview;
    const isNewPicture = picture !== undefined && picture.seq > followed.previewSeq;
    if (isNewPicture) followed.previewSeq = picture.seq;
    const pictureFrame = isNewPicture ? wireFrame("binary", picture.bytes) : undefined;
    for (const client of this.#clients) {
      if (!this.#maySee(client, progress)) continue;
      if (!this.#takes(client)) {
        client.missed.add(progress);
        continue;
      }
      sendFrame(client.socket, client.connection, frame);
      if (pictureFrame !== undefined) sendFrame(client.socket, client.connection, pictureFrame);
    }
  }

  async #sendProgressTo(client: Client, progress: JobProgress): Promise<void> {
    const names = this.#followed.get(progress)?.names ?? (await this.#namesOf(progress));
    if (!this.#takes(client)) {
      client.missed.add(progress);
      return;
    }
    const { socket, connection } = client;
    sendFrame(socket, connection, this.#frameOf(progress, names));
    if (progress.preview !== undefined)
      sendFrame(socket, connection, wireFrame("binary", progress.preview.bytes));
  }

  async #namesOf(progress: JobProgress): Promise<NonNullable<Followed["names"]>> {
    const job = await this.#parts.store
      .recordByPromptId(progress.ref.promptId, progress.owner)
      .catch(() => undefined);
    const details = job === undefined ? undefined : detailsOf(job);
    return { workflow_id: details?.workflow_id ?? null, workflow_name: details?.workflow_name ?? null };
  }

  #frameOf(progress: JobProgress, names: NonNullable<Followed["names"]>): Buffer {
    const shown = { prompt_id: progress.ref.promptId, ...names, ...progress.view() };
    return wireFrame("text", Buffer.from(printJson(shown)));
  }

  /** Says goodbye to everybody: a page that comes back names the last event that it had. */
  close(): void {
    for (const stop of this.#stops) stop();
    for (const timer of this.#timers) clearTimeout(timer);
    clearTimeout(this.#slowTimer);
    for (const { socket } of this.#clients) sayGoodbye(socket, GOING_AWAY);
    this.#server.close();
  }
}

/** Who does not answer keeps the connection no longer. */
function sayGoodbye(socket: WebSocket, code: number, reason = ""): void {
  socket.close(code, reason);
  setTimeout(() => socket.terminate(), GOODBYE_MS).unref();
}

/** `?after=`: the id of the last event that a client had, or its sequence number; it gets all that came after. */
function afterOf(request: IncomingMessage): number | undefined {
  const after = new URL(request.url ?? "/", "http://localhost").searchParams.get("after");
  if (after === null) return undefined;
  return /^\d{1,15}$/.test(after) ? Number(after) : sequenceOf(after);
}
