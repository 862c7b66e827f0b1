/** What a worker says that the link does not know. */
import { type AttemptRef, isJsonObject, type JsonValue } from "@hearth/protocol";

const LONGEST_ID = 1_024;

/** The link is closed, and the message is its close reason. */
export class LinkError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "LinkError";
  }
}

/** A text of at most `most` characters. @throws LinkError */
export function textOf(value: JsonValue | undefined, what: string, most: number): string {
  if (typeof value !== "string" || value.length > most) {
    throw new LinkError(`${what} must be a text of at most ${most} characters`);
  }
  return value;
}

/** The attempt that a message is about. @throws LinkError */
export function readRef(value: JsonValue | undefined): AttemptRef {
  if (!isJsonObject(value)) throw new LinkError("an attempt must be an object");
  const { attempt } = value;
  if (!Number.isSafeInteger(attempt) || (attempt as number) < 0)
    throw new LinkError("attempt must be a count");
  return {
    jobId: textOf(value["jobId"], "jobId", LONGEST_ID),
    promptId: textOf(value["promptId"], "promptId", LONGEST_ID),
    attempt: attempt as number,
  };
}
