/** Tags: they say which runners a job suits. */
import { HttpError } from "../errors.ts";

export const MOST_TAGS = 10;
export const LONGEST_TAG = 50;

/** The tags of a list with commas, each once. @throws HttpError 400 */
export function tagsOf(list: string | undefined): string[] {
  const tags = [...new Set((list ?? "").split(",").map((tag) => tag.trim()))].filter((tag) => tag !== "");
  if (tags.length > MOST_TAGS) throw new HttpError(400, `tags: there may be ${MOST_TAGS} at most`);
  const long = tags.find((tag) => tag.length > LONGEST_TAG);
  if (long !== undefined)
    throw new HttpError(400, `tags: '${long}' is longer than ${LONGEST_TAG} characters`);
  return tags;
}
