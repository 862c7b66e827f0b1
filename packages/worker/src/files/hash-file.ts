/** BLAKE3 of a file, in constant memory. */
import { createReadStream } from "node:fs";
import { Blake3Hasher } from "@napi-rs/blake-hash";

const CHUNK = 1024 * 1024;

/** Feeds a hasher with a file. @throws when it cannot be read */
export async function updateWithFile(hasher: Blake3Hasher, file: string): Promise<Blake3Hasher> {
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK })) hasher.update(chunk as Buffer);
  return hasher;
}

/** 64 hex digits. @throws when the file cannot be read */
export async function hashOfFile(file: string): Promise<string> {
  return (await updateWithFile(new Blake3Hasher(), file)).digest("hex");
}
