/** Names of tags, and the tags that follow from where a file lies. */

/** A longer name is nobody's tag. */
export const MAX_TAG_LENGTH = 512;
/** More tags at once are somebody's mistake. */
export const MAX_TAGS = 1_000;

/** Trimmed, without empty ones, each once, in their order. */
export function normalizedTags(given: readonly string[]): string[] {
  return [...new Set(given.map((tag) => tag.trim()).filter((tag) => tag !== ""))];
}

/** Folders directly below the input folder whose name is a tag of the files directly in them. */
const INPUT_FOLDERS = new Set(["3d", "pasted", "painter", "threed", "webcam"]);

/** The tag that a folder below the input folder gives to its files; `path` is relative to the input folder. */
export function inputFolderTag(path: string): string | undefined {
  const parts = path.split("/");
  const folder = parts[0];
  return parts.length === 2 && folder !== undefined && INPUT_FOLDERS.has(folder) ? folder : undefined;
}

export function modelTypeTag(type: string): string {
  return `model_type:${type}`;
}

/** The model type that a tag names. */
export function modelTypeOf(tag: string): string | undefined {
  return tag.startsWith("model_type:") ? tag.slice("model_type:".length) : undefined;
}
