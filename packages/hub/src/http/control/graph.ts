/** Reading a graph from what a request holds. */
import { JsonSyntaxError, type JsonValue, parseJson } from "@hearth/protocol";
import { isGraph } from "../../control/intake.ts";
import { BODY_LIMITS } from "../answers.ts";
import { HttpError } from "../errors.ts";

/** @throws HttpError 400 when the bytes are no text; `field` names where they came from */
export function utf8(bytes: Buffer, field: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new HttpError(400, `${field} is not UTF-8 text`);
  }
}

/** @throws HttpError 400 when the text is not JSON, or neither a workflow nor a prompt; `field` names it */
export function readGraph(text: string, field = "workflow_json"): JsonValue {
  let document: JsonValue;
  try {
    document = parseJson(text, BODY_LIMITS);
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new HttpError(400, `${field} is not JSON: ${error.message}`);
    throw error;
  }
  if (isGraph(document)) return document;
  throw new HttpError(
    400,
    `${field} is neither a prompt (node ids, each with a class_type) nor a workflow (a list of nodes)`,
  );
}
