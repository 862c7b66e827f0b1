/**
 * What workers say, checked before anybody acts on it: a wrong message ends one link, never the hub. The parts that a
 * run itself made (node data, ui data) are passed on as they are.
 */
import {
  type AttemptFailure,
  isJsonObject,
  JsonFloat,
  type JsonObject,
  type JsonValue,
  parseJson,
  type Preview,
  type RunMessage,
  unpackPreview,
  type WorkerToHub,
} from "@hearth/protocol";
import { checkAnnouncement } from "./read-announcement.ts";
import { LinkError, readRef, textOf } from "./link-error.ts";

export type Heard = Exclude<WorkerToHub, { type: "hello" }>;

/** Far beyond the node classes of any ComfyUI; less than what would stop the hub for long. */
const LIMITS = { maxValues: 8_000_000 };
const LONGEST_TEXT = 100_000;
const FAILURES: readonly AttemptFailure["kind"][] = ["refused", "unreachable", "lost", "files"];

/** @throws LinkError, JsonSyntaxError */
export function readMessage(text: string): Heard {
  const message = parseJson(text, LIMITS);
  if (!isJsonObject(message)) throw new LinkError("a message must be an object");
  switch (message["type"]) {
    case "messages":
      readRef(message);
      for (const item of listOf(message["items"], "items")) checkRunMessage(item);
      break;
    case "finished":
      readRef(message);
      checkResult(message["result"]);
      break;
    case "gave-up":
      readRef(message);
      checkFailure(message["failure"]);
      break;
    case "nodes":
      checkAnnouncement(message);
      break;
    case "state":
      checkState(message);
      break;
    case "validated":
      checkOutcome(message);
      break;
    case "heartbeat":
      checkStats(message["stats"]);
      for (const ref of listOf(message["running"], "running")) readRef(ref);
      break;
    default:
      throw new LinkError(`there is no message '${String(message["type"]).slice(0, 100)}'`);
  }
  return message as unknown as Heard;
}

/** A preview frame as the message that it belongs to. @throws LinkError, RangeError, JsonSyntaxError */
export function readPreview(frame: Buffer): Extract<Heard, { type: "messages" }> {
  if (frame.length < 4) throw new LinkError("a preview frame is cut short");
  const { head, bytes } = unpackPreview(frame);
  const value = parseJson(head, { maxValues: 100_000 });
  if (!isJsonObject(value)) throw new LinkError("the head of a preview must be an object");
  const { message, preview } = value;
  checkRunMessage(message);
  if (!isJsonObject(message) || message["kind"] !== "progress" || !isJsonObject(preview)) {
    throw new LinkError("a preview belongs to a progress message");
  }
  const { format, parentNodeId } = preview;
  if (format !== "jpeg" && format !== "png") throw new LinkError("a preview is jpeg or png");
  for (const field of ["nodeId", "displayNodeId", "realNodeId"]) textOf(preview[field], field, LONGEST_TEXT);
  if (parentNodeId !== null) textOf(parentNodeId, "parentNodeId", LONGEST_TEXT);
  const item = { ...message, preview: { ...preview, bytes } as unknown as Preview } as unknown as RunMessage;
  return { type: "messages", ...readRef(value["attempt"]), items: [item] };
}

function checkRunMessage(item: JsonValue | undefined): void {
  const message = objectOf(item, "a run message");
  switch (message["kind"]) {
    case "json": {
      textOf(message["type"], "type", 1_000);
      objectOf(message["data"], "data");
      const { audience } = message;
      if (audience !== "client" && audience !== "everyone")
        throw new LinkError("audience must be client or everyone");
      return;
    }
    case "progress":
      if (message["state"] !== undefined) objectOf(message["state"], "state");
      if (message["progress"] !== undefined) objectOf(message["progress"], "progress");
      // Pictures travel in frames of their own.
      if (message["preview"] !== undefined) throw new LinkError("a preview is no JSON");
      return;
    case "text":
      textOf(message["nodeId"], "nodeId", LONGEST_TEXT);
      if (typeof message["text"] !== "string") throw new LinkError("text must be a text");
      return;
    default:
      throw new LinkError(`there is no run message '${String(message["kind"]).slice(0, 100)}'`);
  }
}

function checkResult(value: JsonValue | undefined): void {
  const result = objectOf(value, "result");
  if (!["success", "error", "interrupted"].includes(result["status"] as string)) {
    throw new LinkError("status must be success, error or interrupted");
  }
  for (const field of ["outputs", "meta", "nodeTimes"]) objectOf(result[field], field);
  for (const message of listOf(result["messages"], "messages")) {
    if (!Array.isArray(message) || typeof message[0] !== "string" || !isJsonObject(message[1] ?? null)) {
      throw new LinkError("messages must be pairs of a name and an object");
    }
  }
  for (const time of Object.values(result["nodeTimes"] as JsonObject)) numberOf(time, "a node's time");
}

function checkFailure(value: JsonValue | undefined): void {
  const failure = objectOf(value, "failure");
  if (!FAILURES.some((kind) => kind === failure["kind"])) {
    throw new LinkError(`kind must be one of ${FAILURES.join(", ")}`);
  }
  textOf(failure["text"], "text", LONGEST_TEXT);
  for (const field of ["error", "nodeErrors"])
    if (failure[field] !== undefined) objectOf(failure[field], field);
}

function checkState({ isAvailable, problem, devices, comfyuiVersion }: JsonObject): void {
  if (typeof isAvailable !== "boolean") throw new LinkError("isAvailable must be true or false");
  if (problem !== undefined) textOf(problem, "problem", LONGEST_TEXT);
  if (comfyuiVersion !== undefined) textOf(comfyuiVersion, "comfyuiVersion", 200);
  if (devices !== undefined) for (const device of listOf(devices, "devices")) objectOf(device, "a device");
}

function checkOutcome({ request, outcome }: JsonObject): void {
  numberOf(request, "request");
  const { result, exception, exceptionType } = objectOf(outcome, "outcome");
  if (result === undefined) {
    textOf(exception, "exception", LONGEST_TEXT);
    textOf(exceptionType, "exceptionType", 1_000);
  } else if (typeof result !== "boolean" && typeof result !== "string") {
    throw new LinkError("the result of a validator must be true, false or a text");
  }
}

function checkStats(value: JsonValue | undefined): void {
  const stats = objectOf(value, "stats");
  numberOf(stats["rssBytes"], "rssBytes");
  numberOf(stats["cpuSeconds"], "cpuSeconds");
}

function objectOf(value: JsonValue | undefined, what: string): JsonObject {
  if (value === undefined || !isJsonObject(value)) throw new LinkError(`${what} must be an object`);
  return value;
}

function listOf(value: JsonValue | undefined, what: string): JsonValue[] {
  if (!Array.isArray(value)) throw new LinkError(`${what} must be a list`);
  return value;
}

function numberOf(value: JsonValue | undefined, what: string): void {
  // A whole number that was written as a float is one too.
  if (typeof value !== "number" && !(value instanceof JsonFloat))
    throw new LinkError(`${what} must be a number`);
}
