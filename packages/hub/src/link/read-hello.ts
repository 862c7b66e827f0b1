/** How a worker introduces itself, checked field by field: it may come from any machine that has a key. */
import {
  type HeldAttempt,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  LINK_VERSION,
  type WorkerEngineKind,
} from "@hearth/protocol";
import { LinkError, readRef, textOf } from "./link-error.ts";
import type { Hello } from "./worker-link.ts";

const NAME = /^[\w.-]{1,64}$/;
const MOST_JOBS = 64;
const MOST_TAGS = 32;
const MOST_HELD = 1_000;
const LONGEST_TAG = 64;
const LONGEST_ADDRESS = 2_048;

/** @throws LinkError that says what is wrong, for the worker to print */
export function readHello(value: JsonValue): Hello & { readonly token: string } {
  if (!isJsonObject(value) || value["type"] !== "hello") throw new LinkError("the first message is no hello");
  if (value["version"] !== LINK_VERSION) {
    throw new LinkError(
      `this hub speaks link version ${LINK_VERSION}, the worker ${String(value["version"])}`,
    );
  }
  const name = textOf(value["name"], "name", 64);
  if (!NAME.test(name)) throw new LinkError("name must be 1 to 64 letters, digits, '.', '_' or '-'");
  const { pid, concurrency, address } = value;
  if (!isCount(pid, 2 ** 32)) throw new LinkError("pid must be a positive integer");
  if (!isCount(concurrency, MOST_JOBS))
    throw new LinkError(`concurrency must be an integer from 1 to ${MOST_JOBS}`);
  return {
    workerId: textOf(value["workerId"], "workerId", 200),
    name,
    pid,
    engine: oneOf<WorkerEngineKind>(value, "engine", ["native", "comfyui"]),
    concurrency,
    tags: readTags(value["tags"]),
    files: oneOf(value, "files", ["shared", "link"]),
    ...(address === undefined ? {} : { address: textOf(address, "address", LONGEST_ADDRESS) }),
    token: textOf(value["token"], "token", 1_024),
    settings: textOf(value["settings"], "settings", 256),
    held: readHeld(value["held"]),
  };
}

function isCount(value: JsonValue | undefined, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}

function oneOf<Word extends string>(from: JsonObject, field: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === from[field]);
  if (found === undefined) throw new LinkError(`${field} must be one of ${words.join(", ")}`);
  return found;
}

function readTags(value: JsonValue | undefined): string[] {
  if (!Array.isArray(value) || value.length > MOST_TAGS)
    throw new LinkError(`tags must be at most ${MOST_TAGS} texts`);
  return value.map((tag) => textOf(tag, "a tag", LONGEST_TAG));
}

function readHeld(value: JsonValue | undefined): HeldAttempt[] {
  if (!Array.isArray(value) || value.length > MOST_HELD)
    throw new LinkError("held must be a short list of attempts");
  return value.map((held) => {
    const ref = readRef(held);
    return { ...ref, state: oneOf(held as JsonObject, "state", ["running", "finished"]) };
  });
}
