/** Pictures that nodes show while they stay in the temp folder. Section 9.3 of the behaviour reference. */
import { randomInt } from "node:crypto";
import type { NodeContext } from "@hearth/engine";
import type { Image } from "../sdk/tensor.ts";
import { saveImageBatch, type SavedFile } from "./save-images.ts";

/** Not quite the alphabet: `w` is missing and `p` stands twice, as in the names that clients know. */
const LETTERS = "abcdefghijklmnopqrstupvxyz";
const PLAIN_LETTERS = "abcdefghijklmnopqrstuvwxyz";
/** Speed matters more than size for files that are soon gone. */
const PREVIEW_LEVEL = 1;

function letters(alphabet: string): string {
  return Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/** `_temp_` and five random letters; audio previews take them from the plain alphabet. */
export function tempSuffix(alphabet: "image" | "audio" = "image"): string {
  return `_temp_${letters(alphabet === "image" ? LETTERS : PLAIN_LETTERS)}`;
}

/** The suffix of a node instance, the same at every execution, so that its counter grows. */
export function instanceSuffix(context: NodeContext): string {
  const known = context.state.get("tempSuffix");
  if (typeof known === "string") return known;
  const fresh = tempSuffix();
  context.state.set("tempSuffix", fresh);
  return fresh;
}

/** Saves a batch as temp previews without metadata, under letters chosen afresh. */
export async function savePreviews(
  images: Image,
  context: NodeContext,
  prefix = "ComfyUI",
): Promise<SavedFile<"temp">[]> {
  return saveImageBatch(images, `${prefix}${tempSuffix()}`, {
    root: context.folders.temp,
    type: "temp",
    level: PREVIEW_LEVEL,
  });
}

/** The same for a node instance that keeps its letters and writes metadata (`PreviewImage`). */
export async function saveInstancePreviews(
  images: Image,
  context: NodeContext,
): Promise<SavedFile<"temp">[]> {
  return saveImageBatch(images, `ComfyUI${instanceSuffix(context)}`, {
    root: context.folders.temp,
    type: "temp",
    level: PREVIEW_LEVEL,
    context,
  });
}
