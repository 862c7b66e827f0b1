/** Compares an HTTP answer with the expectation of a step. */
import { JsonSyntaxError, parseJson, printJson, type JsonObject, type JsonValue } from "@hearth/protocol";
import type { HttpResponse } from "./client.ts";
import { describeImage } from "./images.ts";
import { numberIn } from "./json-values.ts";
import type { MatchContext } from "./match-context.ts";
import { match } from "./match.ts";

/** Headers whose order or spelling says nothing. */
function normalHeader(name: string, value: string): string {
  if (name === "allow" || name === "vary") {
    return value
      .split(",")
      .map((part) => part.trim())
      .sort()
      .join(", ");
  }
  return name === "content-type" ? value.replaceAll(" ", "").toLowerCase() : value.trim();
}

function preview(bytes: Buffer, length: number): string {
  return printJson(bytes.toString("utf8").slice(0, length));
}

/**
 * Says where the answer differs, or `undefined`. With `accident`, the recorded answer was an accident of the recorded
 * server: any error will do.
 */
export function compareResponse(
  expected: JsonObject,
  answer: HttpResponse,
  context: MatchContext,
  accident: boolean,
): string | undefined {
  const status = expected["status"] as JsonValue;
  if (accident) {
    return answer.status >= 400
      ? undefined
      : `status: an error (${printJson(status)}) expected, got ${answer.status}`;
  }
  const problem = match(status, answer.status, context, "status");
  if (problem !== undefined) return `${problem}  body: ${preview(answer.body, 300)}`;
  return (
    compareHeaders((expected["headers"] ?? {}) as JsonObject, answer, context) ??
    compareBody((expected["body"] ?? {}) as JsonObject, answer, context)
  );
}

function compareHeaders(
  expected: JsonObject,
  answer: HttpResponse,
  context: MatchContext,
): string | undefined {
  for (const [name, pattern] of Object.entries(expected)) {
    const got = answer.header(name);
    const both = typeof pattern === "string" && got !== undefined;
    const wanted = both ? normalHeader(name, context.text(pattern)) : pattern;
    const problem = match(wanted, both ? normalHeader(name, got) : (got ?? null), context, `header ${name}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function compareBody(expected: JsonObject, answer: HttpResponse, context: MatchContext): string | undefined {
  const { body } = answer;
  if (Object.keys(expected).length === 0 || expected["any"] === true) return undefined;
  if (expected["empty"] === true) {
    return body.length === 0 ? undefined : `body: should be empty, got ${preview(body, 200)}`;
  }
  if (expected["json"] !== undefined) {
    try {
      return match(expected["json"], answer.json(), context, "body");
    } catch (error) {
      if (error instanceof JsonSyntaxError) return `body: not JSON: ${preview(body, 200)}`;
      throw error;
    }
  }
  if (expected["text"] !== undefined) return match(expected["text"], body.toString("utf8"), context, "body");
  if (expected["base64"] !== undefined) {
    const same = Buffer.from(String(expected["base64"]), "base64").equals(body);
    return same
      ? undefined
      : `body: ${body.length} bytes differ from the expected ones: ${preview(body, 80)}`;
  }
  if (expected["size"] !== undefined) {
    const size = numberIn(expected["size"], 0);
    return body.length === size ? undefined : `body: ${body.length} bytes, expected ${size}`;
  }
  if (expected["image"] !== undefined) return compareImage(expected, body, context);
  return `scenario error: unknown body form ${Object.keys(expected).join(", ")}`;
}

function compareImage(expected: JsonObject, body: Buffer, context: MatchContext): string | undefined {
  const { image, text } = describeImage(body);
  if (image === null) return `body: not an image: ${preview(body, 80)}`;
  const problem = match({ "<subset>": expected["image"] as JsonValue }, image, context, "image");
  const pattern = expected["png_text"];
  if (problem !== undefined || pattern === undefined) return problem;
  const entries = Object.entries(text).map(([key, value]): [string, JsonValue] => [key, jsonOrText(value)]);
  return match(pattern, Object.fromEntries(entries), context, "png_text");
}

function jsonOrText(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return text;
    throw error;
  }
}
