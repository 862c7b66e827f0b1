/** Requests for the operations of a description: from nearly right to nearly nothing. */
import { gzipSync } from "node:zlib";
import type { DescribedOperation } from "../contract/contract.ts";
import { placesOf } from "../contract/session.ts";
import type { Random } from "../support/random.ts";
import { encoded, jsonText, text } from "./values.ts";

/** What goes onto the wire. */
export interface WireRequest {
  readonly method: string;
  readonly target: string;
  /** as they go out; several of one name are sent */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly framing: "length" | "chunked" | "none" | "short";
}

export interface FuzzRequest extends WireRequest {
  readonly operation: DescribedOperation;
  /** the request is broken as HTTP: closing without an answer is an answer */
  readonly isBroken: boolean;
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

export function makeRequest(random: Random, operations: readonly DescribedOperation[]): FuzzRequest {
  const operation = random.pick(operations);
  const method = random.chance(0.95) ? operation.method : random.pick(METHODS);
  const { body, headers } = makeBody(random, operation);
  const framing = random.chance(0.15) ? "chunked" : random.chance(0.03) ? "short" : "length";
  const more = makeHeaders(random);
  const isBroken = framing === "short" || more.some(([, value]) => /[\r\n\0]/.test(value));
  const request: FuzzRequest = {
    operation,
    method,
    target: makeTarget(random, operation),
    headers: [...headers, ...more],
    body,
    framing: body.length === 0 && random.chance(0.5) ? "none" : framing,
    isBroken,
  };
  return forgetsEverything(request) ? { ...request, body: Buffer.from("{}"), headers: more } : request;
}

/** What empties history is not sent: the jobs in it are watched. */
function forgetsEverything({ target, body, headers }: FuzzRequest): boolean {
  const isPacked = headers.some(([name]) => name.toLowerCase() === "content-encoding");
  return target.includes("history") && (isPacked || /clear/.test(body.toString("latin1")));
}

function makeTarget(random: Random, operation: DescribedOperation): string {
  const template = random.pick(placesOf(operation));
  const parameters = (operation.object["parameters"] ?? []) as { name: string; in: string; schema: object }[];
  const path = template.replaceAll(/\{(\w+)\}/g, () => encoded(random, text(random)) || "x");
  const query = parameters
    .filter((parameter) => parameter.in === "query" && random.chance(0.5))
    .flatMap(({ name, schema }) => {
      const value = random.chance(0.3) ? plausible(random, schema) : text(random);
      const pair = `${name}=${encoded(random, value)}`;
      return random.chance(0.1) ? [pair, pair] : [pair];
    });
  if (random.chance(0.1)) query.push(encoded(random, text(random)));
  const odd = random.chance(0.03) ? random.pick(["/", "//", "/..", "/%2e%2e", "#x", ";x", "?", "/."]) : "";
  return `${path}${odd}${query.length === 0 ? "" : `?${query.join("&")}`}`;
}

/** A value that the schema might take. */
function plausible(random: Random, schema: object): string {
  const { enum: words, type } = schema as { enum?: string[]; type?: string };
  if (words !== undefined) return random.pick(words);
  return type === "integer"
    ? String(random.below(100) - 10)
    : random.pick(["a", "png", "true", "webp;50", "{}"]);
}

const RANGES = [
  "bytes=0-",
  "bytes=-1",
  "bytes=5-1",
  "bytes=0-0,2-3",
  `bytes=${"0-1,".repeat(500)}2-3`,
  "lines=1",
  "bytes=99999999999999999999-",
];

function makeHeaders(random: Random): [string, string][] {
  const headers: [string, string][] = [];
  const add = (share: number, name: string, value: () => string): void => {
    if (random.chance(share)) headers.push([name, value()]);
  };
  add(0.1, "Comfy-User", () => text(random).replaceAll(/[\r\n\0]/g, ""));
  add(0.1, "Range", () => random.pick(RANGES));
  add(0.05, "If-None-Match", () => random.pick(["*", '"x"', 'W/"x", "y"', '"'.repeat(99)]));
  add(0.05, "If-Modified-Since", () => random.pick(["Thu, 01 Jan 1970 00:00:00 GMT", "yesterday", ""]));
  add(0.05, "If-Range", () => random.pick(['"x"', "never"]));
  add(0.1, "Accept-Encoding", () => random.pick(["gzip", "br", "gzip;q=0", "*", "x".repeat(500)]));
  add(0.05, "Accept", () => random.pick(["text/html", "application/json", "*/*;q=9"]));
  add(0.03, "Origin", () => random.pick(["null", "http://127.0.0.1:1", "http://evil.example", "://", "x"]));
  add(0.03, "Sec-Fetch-Dest", () => "image");
  add(0.03, "Cookie", () => random.pick(["hearth_session=x", "=", ";;;", `a=${"b".repeat(3000)}`]));
  add(0.02, "X-Forwarded-For", () => "203.0.113.9");
  add(0.03, "Expect", () => random.pick(["100-continue", "a-miracle"]));
  add(0.02, "X-Long", () => "y".repeat(random.pick([1000, 9000, 20_000])));
  add(0.02, "X-Odd", () => random.pick(["\u00ff\u0080", "a\r\n b", "\u0000", "\t\t"]));
  if (random.chance(0.02)) for (let at = 0; at < 300; at += 1) headers.push([`X-Many-${at}`, "1"]);
  if (random.chance(0.02))
    headers.push(
      ["Upgrade", "websocket"],
      ["Connection", "Upgrade"],
      ["Sec-WebSocket-Version", "13"],
      ["Sec-WebSocket-Key", random.pick(["AAAAAAAAAAAAAAAAAAAAAA==", "x", ""])],
    );
  return headers;
}

const TYPES = [
  "application/json",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data",
  "multipart/form-data; boundary=",
  "nonsense",
  "",
  "application/json; charset=utf-16",
  'a/b; c="',
  "\u00e9/x",
];

function makeBody(random: Random, operation: DescribedOperation): Pick<FuzzRequest, "body" | "headers"> {
  const described = operation.object["requestBody"] as { content: Record<string, unknown> } | undefined;
  if (described === undefined && random.chance(0.9)) return { body: Buffer.alloc(0), headers: [] };
  const wantsForm = Object.keys(described?.content ?? {}).includes("multipart/form-data");
  if (wantsForm ? random.chance(0.85) : random.chance(0.03)) return makeForm(random);
  const plain = jsonBody(random, namesIn(operation));
  const headers: [string, string][] = random.chance(0.5) ? [["Content-Type", random.pick(TYPES)]] : [];
  return random.chance(0.1) ? packed(random, plain, headers) : { body: plain, headers };
}

/** Every member name that the description of a body holds. */
function namesIn(operation: DescribedOperation): string[] {
  const names = NAMES.get(operation.id) ?? [];
  if (names.length > 0) return names;
  const found = [...JSON.stringify(operation.object["requestBody"] ?? {}).matchAll(/"(\w+)":\{/g)].map(
    ([, name]) => name as string,
  );
  return [...new Set(found)];
}

/** Bodies that are described by reference. */
const NAMES = new Map([
  [
    "submitPrompt",
    [
      "prompt",
      "prompt_id",
      "number",
      "front",
      "client_id",
      "extra_data",
      "partial_execution_targets",
      "class_type",
      "inputs",
      "_meta",
      "1",
      "2",
      "workflow",
    ],
  ],
  ["editQueue", ["clear", "delete"]],
  ["editHistory", ["delete"]],
  ["addTags", ["tags"]],
  ["removeTags", ["tags"]],
]);

function jsonBody(random: Random, names: readonly string[]): Buffer {
  switch (random.below(12)) {
    case 0:
      return Buffer.alloc(0);
    case 1:
      return random.bytes(random.below(200));
    case 2:
      return Buffer.concat([Buffer.from('{"'), random.bytes(8), Buffer.from('": 1}')]);
    case 3: {
      const depth = random.pick([100, 600, 20_000]);
      const open = random.pick(["[", '{"a":']);
      return Buffer.from(
        open.repeat(depth) + "1" + (open === "[" ? "]" : "}").repeat(random.chance(0.8) ? depth : 1),
      );
    }
    case 4:
      return Buffer.from(
        `[${random.pick(["1,", "{},", '"a",', "[],"]).repeat(random.pick([10, 1000, 100_000]))}1]`,
      );
    case 5:
      return Buffer.from(`\ufeff${jsonText(random, names)}`);
    case 6:
      return Buffer.from(jsonText(random, names), "utf16le");
    default:
      return Buffer.from(
        `{${names
          .filter(() => random.chance(0.6))
          .map((name) => `${JSON.stringify(name)}:${jsonText(random, names, 1)}`)
          .join(",")}}`,
      );
  }
}

/** Compressed, a bomb, or only said to be. */
function packed(
  random: Random,
  plain: Buffer,
  headers: [string, string][],
): Pick<FuzzRequest, "body" | "headers"> {
  const name = random.pick(["gzip", "deflate", "br", "x-gzip", "gzip, gzip", ""]);
  const given = random.below(3);
  const body = given === 0 ? gzipSync(plain) : given === 1 ? gzipSync(Buffer.alloc(32 * 1024 * 1024)) : plain;
  return { body, headers: [...headers, ["Content-Encoding", name]] };
}

const FIELDS = [
  "image",
  "file",
  "type",
  "subfolder",
  "overwrite",
  "original_ref",
  "tags",
  "name",
  "hash",
  "user_metadata",
  "mime_type",
  "preview_id",
  "id",
];

function makeForm(random: Random): Pick<FuzzRequest, "body" | "headers"> {
  const boundary = random.pick(["fuzz", "----fuzz", "a b", "x".repeat(70)]);
  const pieces: Buffer[] = [];
  for (let count = random.below(random.chance(0.05) ? 100 : 6); count >= 0; count -= 1) {
    const name = random.chance(0.9) ? random.pick(FIELDS) : text(random);
    const isFile = random.chance(name === "image" || name === "file" ? 0.9 : 0.1);
    const filename = isFile ? `; filename="${text(random).replaceAll(/["\r\n]/g, "")}"` : "";
    const content = random.chance(0.5)
      ? Buffer.from(text(random))
      : random.chance(0.3)
        ? Buffer.from(jsonText(random, ["filename", "type", "subfolder"]))
        : random.bytes(random.below(500));
    pieces.push(
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${filename}\r\n\r\n`),
      content,
      Buffer.from("\r\n"),
    );
  }
  // A form without its end was cut off.
  if (random.chance(0.9)) pieces.push(Buffer.from(`--${boundary}--\r\n`));
  const said = random.chance(0.95) ? boundary : "another";
  return {
    body: Buffer.concat(pieces),
    headers: [["Content-Type", `multipart/form-data; boundary=${said.includes(" ") ? `"${said}"` : said}`]],
  };
}
