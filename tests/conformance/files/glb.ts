/** Binary glTF files: a JSON chunk and a buffer. */
import { createHash } from "node:crypto";
import { parseJson, type JsonObject } from "@hearth/protocol";

export function describeGlb(bytes: Buffer): JsonObject {
  if (bytes.toString("latin1", 0, 4) !== "glTF") throw new Error("not a binary glTF file");
  const chunks = new Map<string, Buffer>();
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = bytes.readUInt32LE(at);
    chunks.set(bytes.toString("latin1", at + 4, at + 8), bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  const buffer = chunks.get("BIN\0") ?? Buffer.alloc(0);
  return {
    json: parseJson((chunks.get("JSON") ?? Buffer.alloc(0)).toString("utf8")),
    bytes: bytes.length,
    bin_sha256: createHash("sha256").update(buffer).digest("hex"),
    bin_bytes: buffer.length,
    bin_base64: buffer.toString("base64"),
  };
}
