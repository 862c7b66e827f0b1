/** Received WebSocket frames in the form that scenarios compare. */
import { parseJson, JsonSyntaxError, type JsonObject, type JsonValue } from "@hearth/protocol";
import { describeImage } from "./images.ts";
import type { ReceivedFrame } from "./socket.ts";

/** A frame as JSON: `{json}`, `{text}`, `{pong}` or `{binary: {event, …}}`. */
export function decodeFrame(frame: ReceivedFrame): JsonObject {
  if (frame.kind === "text") {
    try {
      return { json: parseJson(frame.text) };
    } catch (error) {
      if (error instanceof JsonSyntaxError) return { text: frame.text };
      throw error;
    }
  }
  if (frame.kind === "pong") return { pong: frame.bytes.toString("base64") };
  return { binary: decodeBinary(frame.bytes) };
}

function decodeBinary(bytes: Buffer): JsonObject {
  const whole = (): JsonValue => bytes.toString("base64");
  if (bytes.length < 4) return { event: null, base64: whole() };
  const event = bytes.readUInt32BE(0);
  // A frame too short for its kind is compared byte by byte.
  if (bytes.length < 8) return { event, base64: whole() };
  const second = bytes.readUInt32BE(4);
  if (event === 1) return { event, image_type: second, image: describeImage(bytes.subarray(8)).image };
  const [head, tail] = [bytes.subarray(8, 8 + second), bytes.subarray(8 + second)];
  if (event === 3) {
    return { event, node: head.toString("utf8"), text: tail.toString("utf8"), base64: whole() };
  }
  if (event === 4) {
    try {
      return { event, metadata: parseJson(head.toString("utf8")), image: describeImage(tail).image };
    } catch (error) {
      if (error instanceof JsonSyntaxError) return { event, base64: whole() };
      throw error;
    }
  }
  return { event, base64: whole() };
}
