/** Plays one scenario against a server and compares what comes back with what was recorded. */
import { lstat, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isJsonObject, printJson, type JsonObject, type JsonValue } from "@hearth/protocol";
import { writeFixture } from "./base-directory.ts";
import { encodeBody } from "./body.ts";
import { request, type HttpResponse } from "./client.ts";
import { compareResponse } from "./expectation.ts";
import { frameType, matchFrames } from "./frame-sequence.ts";
import { decodeFrame } from "./frames.ts";
import { numberIn } from "./json-values.ts";
import { MatchContext } from "./match-context.ts";
import { match } from "./match.ts";
import type { ServerUnderTest } from "./server.ts";
import { GoldenSocket, type ReceivedFrame } from "./socket.ts";

export interface StepProblem {
  /** index of the step; −1 when the scenario could not begin */
  readonly step: number;
  readonly text: string;
}

export interface ScenarioResult {
  readonly problems: readonly StepProblem[];
  /** comparisons made */
  readonly checks: number;
}

/** A step did not bring what was expected. */
class StepFailure extends Error {}

const STEPS = [
  "request",
  "poll",
  "ws_open",
  "ws_send",
  "ws_closed",
  "ws_close",
  "wait",
  "collect",
  "idle",
  "sleep",
  "write",
  "remove",
] as const;
type StepKind = (typeof STEPS)[number];

/** JSON Pointer (RFC 6901). @throws when nothing is there */
export function pointer(document: JsonValue, place: string): JsonValue {
  let value: JsonValue | undefined = document;
  for (const part of place === "" ? [] : place.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(value)) value = value[Number(key)];
    else value = value !== undefined && isJsonObject(value) ? value[key] : undefined;
    if (value === undefined) throw new StepFailure(`nothing at ${place}`);
  }
  return value;
}

/** Whether a scenario needs access to the server's base directory. */
export function needsFiles(scenario: JsonObject): boolean {
  const start = scenario["start"];
  const files = start !== undefined && isJsonObject(start) ? start["files"] : undefined;
  return (
    (Array.isArray(files) && files.length > 0) ||
    (scenario["steps"] as JsonObject[]).some((step) => "write" in step || "remove" in step)
  );
}

/** Plays all steps; a failing one fails the scenario, and the following ones still run. */
export async function playScenario(
  server: ServerUnderTest,
  scenario: JsonObject,
  strict: boolean,
): Promise<ScenarioResult> {
  const player = new ScenarioPlayer(server, strict);
  return player.play(scenario["steps"] as JsonObject[]);
}

class ScenarioPlayer {
  readonly #server: ServerUnderTest;
  readonly #strict: boolean;
  readonly #context: MatchContext;
  readonly #sockets = new Map<string, GoldenSocket>();
  readonly #substitute = (value: JsonValue): JsonValue => this.#context.substitute(value);
  #checks = 0;

  constructor(server: ServerUnderTest, strict: boolean) {
    this.#server = server;
    this.#strict = strict;
    const variables: [string, JsonValue][] = [
      ["host", new URL(server.baseUrl).host],
      ["base_url", server.baseUrl],
    ];
    if (server.baseDirectory !== undefined) variables.push(["base", server.baseDirectory]);
    this.#context = new MatchContext(variables, Date.now() / 1000);
  }

  async play(steps: readonly JsonObject[]): Promise<ScenarioResult> {
    const problems: StepProblem[] = [];
    try {
      for (const [index, step] of steps.entries()) {
        const kind = STEPS.find((name) => name in step);
        if (kind === undefined)
          throw new Error(`step ${index} has no known kind: ${Object.keys(step).join(", ")}`);
        try {
          await this.#step(kind, step);
        } catch (error) {
          problems.push({ step: index, text: (error as Error).message });
          // Without its socket, nothing later in the scenario says anything.
          if (kind === "ws_open" && !(error instanceof StepFailure)) break;
        }
      }
    } finally {
      for (const socket of this.#sockets.values()) if (socket.open) await socket.close();
    }
    return { problems, checks: this.#checks };
  }

  async #step(kind: StepKind, step: JsonObject): Promise<void> {
    const given = step[kind] as JsonObject;
    switch (kind) {
      case "request":
        return this.#request(step, given);
      case "poll":
        return this.#poll(given);
      case "ws_open":
        return this.#open(step, given);
      case "ws_send":
        return this.#sendFrame(given);
      case "ws_closed":
        return this.#awaitClosed(step, given);
      case "ws_close":
        await this.#socket(given).close();
        return settle(given, 200);
      case "wait":
        if (await this.#until(given, this.#socket(given))) return;
        throw new StepFailure(`no frame ${brief(given["until"])} on socket ${String(given["socket"])}`);
      case "collect":
        return this.#collect(step, given);
      case "idle":
        if (!(await this.#server.idle(numberIn(given["timeout_ms"], 60_000)))) {
          throw new StepFailure("the server did not become idle");
        }
        return settle(given, 100);
      case "sleep":
        await delay(numberIn(step["sleep"], 0));
        return;
      case "write":
        return writeFixture(this.#base(), given, this.#substitute);
      case "remove": {
        const place = path.join(this.#base(), String(step["remove"]));
        await lstat(place);
        return rm(place, { recursive: true });
      }
    }
  }

  #base(): string {
    if (this.#server.baseDirectory === undefined) throw new StepFailure("the base directory is not known");
    return this.#server.baseDirectory;
  }

  #socket(given: JsonObject): GoldenSocket {
    const socket = this.#sockets.get(String(given["socket"]));
    if (socket === undefined) throw new StepFailure(`socket ${String(given["socket"])} was not opened`);
    return socket;
  }

  #headers(given: JsonValue | undefined): Record<string, string> {
    const headers = given !== undefined && isJsonObject(given) ? given : {};
    return Object.fromEntries(
      Object.entries(headers).flatMap(([name, value]) =>
        value === null ? [] : [[name, String(this.#substitute(value))]],
      ),
    );
  }

  #send(given: JsonObject): Promise<HttpResponse> {
    const form = given["body"];
    const body =
      form === undefined || form === null ? undefined : encodeBody(form as JsonObject, this.#substitute);
    return request(this.#server.baseUrl, {
      method: String(given["method"] ?? "GET"),
      path: this.#context.text(String(given["path"])),
      headers: this.#headers(given["headers"]),
      body: body?.bytes,
      contentType: body?.contentType,
      timeoutMs: numberIn(given["timeout_ms"], 60_000),
    });
  }

  async #request(step: JsonObject, given: JsonObject): Promise<void> {
    const answer = await this.#send(given);
    let problem: string | undefined;
    if (step["expect"] !== undefined) {
      this.#checks += 1;
      const accident = step["accident"] === true && !this.#strict;
      problem = compareResponse(step["expect"] as JsonObject, answer, this.#context, accident);
    }
    this.#save(step, answer);
    if (problem !== undefined) throw new StepFailure(problem);
  }

  #save(step: JsonObject, answer: HttpResponse): void {
    for (const [name, place] of Object.entries((step["save"] ?? {}) as Record<string, string>)) {
      if (place.startsWith("header:")) {
        this.#context.variables.set(name, answer.header(place.slice("header:".length)) ?? null);
        continue;
      }
      try {
        this.#context.variables.set(name, pointer(answer.json(), place));
      } catch (error) {
        const body = answer.body.toString("utf8").slice(0, 200);
        throw new StepFailure(`cannot save ${name} from status ${answer.status}, ${body}`, { cause: error });
      }
    }
  }

  async #poll(given: JsonObject): Promise<void> {
    const end = Date.now() + numberIn(given["timeout_ms"], 30_000);
    for (;;) {
      const answer = await this.#send(given["request"] as JsonObject);
      if (this.#reached(given["until"] as JsonValue, answer)) return;
      if (Date.now() > end) {
        const body = answer.body.toString("utf8").slice(0, 300);
        throw new StepFailure(`poll: condition not reached, last answer ${answer.status} ${body}`);
      }
      await delay(numberIn(given["every_ms"], 100));
    }
  }

  #reached(pattern: JsonValue, answer: HttpResponse): boolean {
    let value: JsonValue;
    try {
      value = answer.json();
    } catch {
      return false; // not JSON yet is not reached yet
    }
    return match(pattern, value, this.#context.probe()) === undefined;
  }

  async #open(step: JsonObject, given: JsonObject): Promise<void> {
    const place = this.#context.text(String(given["path"] ?? "/ws"));
    const socket = await GoldenSocket.connect(this.#server.baseUrl, place, this.#headers(given["headers"]));
    if (socket.open) {
      this.#sockets.set(String(given["socket"]), socket);
      await settle(given, 150);
    }
    const expected = step["expect"];
    const wanted = expected !== undefined && isJsonObject(expected) ? numberIn(expected["status"], 101) : 101;
    if (socket.status !== wanted)
      throw new StepFailure(`upgrade status: expected ${wanted}, got ${socket.status}`);
  }

  async #sendFrame(given: JsonObject): Promise<void> {
    const socket = this.#socket(given);
    const fill = given["fill"];
    if (given["raw"] !== undefined) socket.sendRaw(Buffer.from(String(given["raw"]), "base64"));
    else if (fill !== undefined && isJsonObject(fill)) {
      socket.sendText(String.fromCharCode(numberIn(fill["byte"], 0)).repeat(numberIn(fill["count"], 0)));
    } else if (given["base64"] !== undefined)
      socket.sendBinary(Buffer.from(String(given["base64"]), "base64"));
    else if (given["text"] !== undefined) socket.sendText(this.#context.text(String(given["text"])));
    else socket.sendText(printJson(this.#substitute(given["json"] as JsonValue)));
    await settle(given, 100);
  }

  async #awaitClosed(step: JsonObject, given: JsonObject): Promise<void> {
    const socket = this.#socket(given);
    const closed = await socket.waitClosed(numberIn(given["timeout_ms"], 2000));
    if (step["expect"] === undefined) return;
    this.#checks += 1;
    const seen = { closed, code: socket.closeCode };
    const problem = match(step["expect"], seen, this.#context, `socket ${String(given["socket"])}`);
    if (problem !== undefined) throw new StepFailure(problem);
  }

  /** Waits until `times` frames that were not collected yet match `until`. */
  #until(given: JsonObject, socket: GoldenSocket): Promise<boolean> | true {
    const pattern = given["until"];
    if (pattern === undefined || pattern === null) return true;
    const times = numberIn(given["times"], 1);
    const fits = (frame: ReceivedFrame): boolean =>
      match(pattern, decodeFrame(frame), new MatchContext(this.#context.variables)) === undefined;
    return socket.wait((fresh) => fresh.filter(fits).length >= times, numberIn(given["timeout_ms"], 30_000));
  }

  async #collect(step: JsonObject, given: JsonObject): Promise<void> {
    const socket = this.#socket(given);
    const place = `socket ${String(given["socket"])}`;
    const reached = await this.#until(given, socket);
    await settle(given, 300);
    const frames = socket.take().map(decodeFrame);
    for (const [name, where] of Object.entries((step["save"] ?? {}) as Record<string, string>)) {
      this.#context.variables.set(name, pointer(frames, where));
    }
    this.#checks += 1;
    if (!reached) {
      const types = printJson(frames.slice(-12).map((frame) => frameType(frame) ?? null));
      throw new StepFailure(`${place}: frame ${brief(given["until"])} never came; got ${types}`);
    }
    if (step["expect"] === undefined) return;
    const ignored = new Set((given["ignore"] ?? []) as JsonValue[]);
    const seen = frames.filter((frame) => !ignored.has(frameType(frame) ?? null));
    const problem = matchFrames(step["expect"] as JsonValue[], seen, this.#context);
    if (problem !== undefined) throw new StepFailure(`${place}: ${problem}`);
  }
}

async function settle(given: JsonObject, otherwise: number): Promise<void> {
  await delay(numberIn(given["settle_ms"], otherwise));
}

function brief(value: JsonValue | undefined): string {
  return printJson(value ?? null).slice(0, 200);
}
