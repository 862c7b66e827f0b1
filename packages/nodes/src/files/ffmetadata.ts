/** Container tags for FFmpeg, as a file: an argument of the command line may not be as long as a prompt. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Metadata } from "./metadata.ts";

/** The text of an `ffmetadata` file. */
export function ffmetadata(metadata: Metadata): string {
  const escaped = (text: string): string => text.replaceAll(/[=;#\\\n]/g, String.raw`\$&`);
  return [";FFMETADATA1", ...metadata.map(([key, text]) => `${escaped(key)}=${escaped(text)}`), ""].join(
    "\n",
  );
}

/**
 * Calls `use` with the arguments that name the tags as input number `input`, and those that map them to the output;
 * both are empty without tags.
 */
export async function withTags<T>(
  metadata: Metadata,
  input: number,
  use: (inputArgs: string[], outputArgs: string[]) => Promise<T>,
): Promise<T> {
  // Tags of the source stay out where ours are absent.
  if (metadata.length === 0) return use([], ["-map_metadata", "-1"]);
  const folder = await mkdtemp(path.join(tmpdir(), "hearth-tags-"));
  try {
    const file = path.join(folder, "tags");
    await writeFile(file, ffmetadata(metadata));
    return await use(["-f", "ffmetadata", "-i", file], ["-map_metadata", String(input)]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
