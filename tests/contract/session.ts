/** Calls operations of one server by their names, and holds every answer against both descriptions. */
import assert from "node:assert/strict";
import { type HttpResponse, request } from "../conformance/client.ts";
import type { TestServer } from "../support/server.ts";
import type { Contract, DescribedOperation, Difference } from "./contract.ts";
import { operationKey } from "./seed.ts";
import type { Waivers } from "./waivers.ts";

const OF_HTTP = new Set([206, 304]);

export interface Call {
  /** values of path parameters, encoded here */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>> | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** sent as JSON */
  readonly json?: unknown;
  /** sent as it is */
  readonly body?: string | Buffer;
}

/** What all servers of one run have shown together. */
export interface Findings {
  readonly own: Contract;
  readonly seed: Contract | undefined;
  readonly waivers: Waivers;
  /** `<operation id> <status>`, by description */
  readonly seenOwn: Set<string>;
  readonly seenSeed: Set<string>;
  /** answers that no published description was there for */
  skipped: number;
}

export class Session {
  readonly server: TestServer;
  readonly findings: Findings;
  readonly #calls = new Map<string, number>();

  constructor(server: TestServer, findings: Findings) {
    this.server = server;
    this.findings = findings;
  }

  /** Calls `id` and expects `status`. Operations with two paths are called at both in turn. */
  async call(id: string, status: number, call: Call = {}): Promise<HttpResponse> {
    const { response, place } = await this.send(id, call);
    const body = response.body.toString("utf8").slice(0, 500);
    assert.equal(response.status, status, `${id} ${place}: ${body}`);
    return response;
  }

  /** Calls `id` whatever comes; the answer is held against both descriptions. */
  async send(id: string, call: Call = {}): Promise<{ response: HttpResponse; place: string }> {
    const operation = this.findings.own.operation(id);
    const place = this.#target(operation, call);
    const body = call.json === undefined ? call.body : JSON.stringify(call.json);
    const response = await request(this.server.url, {
      method: operation.method,
      path: place,
      headers: call.headers ?? {},
      body: body === undefined ? undefined : Buffer.from(body),
      timeoutMs: 30_000,
    });
    this.#check(operation, response, `${operation.method} ${place}`);
    return { response, place };
  }

  /** The answer as JSON. */
  async json<T>(id: string, status: number, call: Call = {}): Promise<T> {
    return JSON.parse((await this.call(id, status, call)).body.toString("utf8")) as T;
  }

  /** Notes a status that `call` cannot see, e.g. of an upgrade. */
  saw(id: string, status: number): void {
    this.findings.seenOwn.add(`${id} ${status}`);
    const inSeed = this.#inSeed(this.findings.own.operation(id));
    if (inSeed !== undefined) this.findings.seenSeed.add(`${inSeed.id} ${status}`);
  }

  #target(operation: DescribedOperation, call: Call): string {
    const count = this.#calls.get(operation.id) ?? 0;
    this.#calls.set(operation.id, count + 1);
    const places = placesOf(operation);
    const template = places[count % places.length] as string;
    const filled = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const value = call.path?.[name];
      if (value === undefined) throw new Error(`${operation.id}: ${name} is missing`);
      // The rest of a path keeps its slashes.
      return name === "path" ? value.split("/").map(encodeURIComponent).join("/") : encodeURIComponent(value);
    });
    const query = typeof call.query === "string" ? call.query : new URLSearchParams(call.query).toString();
    return query === "" ? filled : `${filled}?${query}`;
  }

  #check(operation: DescribedOperation, response: HttpResponse, place: string): void {
    const answer = {
      status: response.status,
      contentType: response.header("content-type"),
      body: response.body,
    };
    this.findings.seenOwn.add(`${operation.id} ${response.status}`);
    const own = this.findings.own.check(operation, answer);
    assert.equal(told(own), "", `${place} ${response.status} is not as we describe it: ${excerpt(response)}`);

    const { seed, waivers, seenSeed } = this.findings;
    if (seed === undefined) {
      this.findings.skipped += 1;
      return;
    }
    const inSeed = this.#inSeed(operation);
    if (inSeed === undefined) return;
    seenSeed.add(`${inSeed.id} ${response.status}`);
    const differences = seed
      .check(inSeed, answer)
      // A description need not name every refusal, nor what HTTP itself says of ranges and of what is known already.
      .filter(({ kind }) => kind === "shape" || (response.status < 400 && !OF_HTTP.has(response.status)))
      .filter((difference) => !waivers.covers(inSeed.id, response.status, difference));
    assert.equal(
      told(differences),
      "",
      `${place} ${response.status} is not as published: ${excerpt(response)}`,
    );
  }

  #inSeed(operation: DescribedOperation): DescribedOperation | undefined {
    const keys = placesOf(operation).map((place) => operationKey(operation.method, place));
    return this.findings.seed?.operations.find(({ method, path }) =>
      keys.includes(operationKey(method, path)),
    );
  }
}

/** The described path, and the other ones at which the operation is. */
export function placesOf({ path, object }: DescribedOperation): string[] {
  return [path, ...((object["x-also-at"] ?? []) as string[])];
}

/** Each difference once. */
export function told(differences: readonly Difference[]): string {
  return [...new Set(differences.map(({ at, message }) => `${at}: ${message}`))].join("\n");
}

function excerpt({ body }: HttpResponse): string {
  return body.toString("utf8").slice(0, 600);
}
