/** Sends made-up requests to a started server and says what should not have happened. */
import { Contract } from "../contract/contract.ts";
import { placesOf } from "../contract/session.ts";
import { heldMemory } from "../security/hostile.ts";
import { alive, type TestServer, until } from "../support/server.ts";
import { missing, plant } from "./kept.ts";
import { Random } from "../support/random.ts";
import { type FuzzRequest, makeRequest } from "./requests.ts";
import { type Outcome, send } from "./send.ts";

export interface FuzzOptions {
  readonly seed: number;
  readonly requests: number;
  /** only this one of them */
  readonly only?: number | undefined;
}

export interface Finding {
  readonly seed: number;
  readonly index: number;
  readonly what: string;
  readonly request: string;
}

export interface FuzzReport {
  readonly findings: readonly Finding[];
  readonly statuses: ReadonlyMap<number, number>;
  /** growth of the hub's memory after the warm-up, in bytes */
  readonly grown: number;
}

/** An answer that takes longer never comes. */
export const ANSWER_MS = 20_000;
const AT_ONCE = 8;
/** So many requests fill caches and make code hot before memory is measured. */
const WARM_UP = 500;
/** After `WARM_UP` the hub holds at most so much more at the end, however many requests there were. */
export const MAX_GROWTH = 150 * 1024 * 1024;
/** Answers that say that the server is not able, and not that it failed. */
const ABLE = new Set([501, 503, 507]);

export async function fuzz(server: TestServer, { seed, requests, only }: FuzzOptions): Promise<FuzzReport> {
  const contract = new Contract(await server.json("/openapi.json"));
  const kept = await plant(server);
  const { hub } = server.ids();
  const findings: Finding[] = [];
  const statuses = new Map<number, number>();
  let warm = Number.NaN;

  const one = async (index: number): Promise<void> => {
    const request = makeRequest(new Random(seed, index), contract.operations);
    const outcome = await send(server.port, request, ANSWER_MS);
    if (outcome.kind === "answer") {
      statuses.set(outcome.head.status, (statuses.get(outcome.head.status) ?? 0) + 1);
    }
    for (const what of judge(contract, request, outcome)) {
      findings.push({ seed, index, what, request: shown(request) });
    }
  };

  const indices = only === undefined ? Array.from({ length: requests }, (_, index) => index) : [only];
  await inParallel(indices.slice(0, WARM_UP), one);
  warm = await heldMemory(server);
  await inParallel(indices.slice(WARM_UP), one);

  const whole = (what: string): void =>
    void findings.push({ seed, index: -1, what, request: "the whole run" });
  // The port may be answered by another hub that its starter put there.
  if (!alive(hub)) {
    whole(`the hub died; it said last: ${server.output.slice(-2000)}`);
    return { findings, statuses, grown: Number.NaN };
  }
  await until("an answer after the run", () => server.answers(), ANSWER_MS).catch(() =>
    whole("no answer afterwards"),
  );
  for (const what of await missing(server, kept)) whole(what);
  const grown = await settled(server, warm);
  if (grown > MAX_GROWTH)
    whole(`the hub holds ${Math.round(grown / 1e6)} MB more than after ${WARM_UP} requests`);
  return { findings, statuses, grown };
}

/** What is wrong with an outcome; nothing is what one hopes for. */
function judge(contract: Contract, request: FuzzRequest, outcome: Outcome): string[] {
  if (outcome.kind === "hung") return [`no answer within ${ANSWER_MS} ms`];
  if (outcome.kind === "closed")
    return request.isBroken ? [] : [`closed without an answer: ${outcome.reason}`];
  const { status, headers } = outcome.head;
  if (status >= 500 && !ABLE.has(status))
    return [`status ${status}: ${outcome.body.toString("utf8").slice(0, 200)}`];
  // What is no HTTP reaches no operation, and an odd path another one.
  if (request.isBroken || request.method !== request.operation.method || !isItsPath(request)) return [];
  const contentType = headers.find(([name]) => name === "content-type")?.[1];
  try {
    return contract
      .check(request.operation, { status, contentType, body: outcome.body })
      .filter(({ kind }) => kind === "shape")
      .map(({ at, message }) => `the answer ${status} is not as described: ${at} ${message}`);
  } catch (error) {
    // NaN and Infinity are printed as they were given, and are no JSON for `JSON.parse`.
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** True when the target has the form of one of the operation's paths. */
function isItsPath({ operation, target }: FuzzRequest): boolean {
  const path = /^[^?#]*/.exec(target)?.[0] ?? "";
  // Segments of dots are taken away before anybody looks at a path.
  if (/\/(\.|%2e)+(\/|$)/i.test(path)) return false;
  return placesOf(operation).some((place) => {
    const pattern = place.replaceAll(/[.*+?^$|()[\]\\]/g, "\\$&").replaceAll(/\{\w+\}/g, "[^/]+");
    return new RegExp(`^${pattern}$`).test(path);
  });
}

async function inParallel(indices: readonly number[], one: (index: number) => Promise<void>): Promise<void> {
  const rest = indices.values();
  const worker = async (): Promise<void> => {
    for (const index of rest) await one(index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Growth since `before`, once what was in the air has landed. */
async function settled(server: TestServer, before: number): Promise<number> {
  let grown = Number.NaN;
  await until(
    "memory to go back",
    async () => {
      grown = (await heldMemory(server)) - before;
      return grown <= MAX_GROWTH ? true : undefined;
    },
    10_000,
  ).catch(() => undefined);
  return grown;
}

/** The request in one line, short enough to be read. */
function shown({ method, target, headers, body, framing }: FuzzRequest): string {
  const told = headers.slice(0, 8).map(([name, value]) => `${name}: ${value.slice(0, 80)}`);
  const start = body.toString("latin1").slice(0, 300);
  return `${method} ${target.slice(0, 300)} [${told.join("; ")}] ${framing} ${body.length} bytes ${JSON.stringify(start)}`;
}

/** Causes in the log of a server: one line for each 500. */
export function loggedFailures(server: TestServer): number {
  return [...server.output.matchAll(/request failed|an asset operation failed/g)].length;
}
