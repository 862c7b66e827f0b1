/** Compares a sequence of frames with patterns that may repeat, be absent, come in any order or interleave. */
import { isJsonObject, type JsonObject, type JsonValue } from "@hearth/protocol";
import { numberIn, short } from "./json-values.ts";
import type { MatchContext } from "./match-context.ts";
import { match, operatorOf } from "./match.ts";
import { orderless } from "./orderless.ts";

const SEQUENCE_OPERATORS = new Set(["<some>", "<maybe>", "<set>", "<merge>"]);

/** Matches all `frames`, none left over. The message is that of the attempt that came furthest. */
export function matchFrames(
  items: readonly JsonValue[],
  frames: readonly JsonValue[],
  context: MatchContext,
): string | undefined {
  const search = new SequenceSearch(items, frames, context);
  return search.run(0, 0) ? undefined : search.message;
}

class SequenceSearch {
  readonly #items: readonly JsonValue[];
  readonly #frames: readonly JsonValue[];
  readonly #context: MatchContext;
  #furthest = 0;
  message = "frame 0: nothing expected";

  constructor(items: readonly JsonValue[], frames: readonly JsonValue[], context: MatchContext) {
    this.#items = items;
    this.#frames = frames;
    this.#context = context;
  }

  /** Whether the items from `item` on fit the frames from `at` on. Plain items are walked, not recursed into. */
  run(item: number, at: number): boolean {
    for (;;) {
      const pattern = this.#items[item];
      if (pattern === undefined) {
        if (at === this.#frames.length) return true;
        this.#note(at, `frame ${at} is not expected: ${short(this.#frames[at])}`);
        return false;
      }
      const operator = operatorOf(pattern, SEQUENCE_OPERATORS);
      if (operator !== undefined) {
        return this.#operator(operator, (pattern as JsonObject)[operator] as JsonValue, item, at);
      }
      const problem = this.#plain(pattern, at);
      if (problem !== undefined) {
        this.#note(at, problem);
        return false;
      }
      item += 1;
      at += 1;
    }
  }

  #plain(pattern: JsonValue, at: number): string | undefined {
    const frame = this.#frames[at];
    if (frame === undefined) return `end of frames, next expected: ${short(pattern)}`;
    return match(pattern, frame, this.#context, `frames[${at}]`);
  }

  #operator(operator: string, given: JsonValue, item: number, at: number): boolean {
    if (operator === "<some>") return this.#some(given as JsonObject, item, at);
    if (operator === "<set>") return this.#set(given as JsonValue[], item, at);
    if (operator === "<merge>") {
      const sequences = given as JsonValue[][];
      return this.#merge(
        sequences.map(() => 0),
        sequences,
        item,
        at,
      );
    }
    return (this.#fits(given, at) && this.run(item + 1, at + 1)) || this.run(item + 1, at);
  }

  /** A run as long as possible, then ever shorter ones. */
  #some(given: JsonObject, item: number, at: number): boolean {
    const least = numberIn(given["min"], 0);
    const most = numberIn(given["max"], 0) || this.#frames.length;
    let length = 0;
    while (length < most && this.#fitsAny(given["of"] as JsonValue[], at + length)) length += 1;
    for (; length >= least; length -= 1) if (this.run(item + 1, at + length)) return true;
    if (at < this.#frames.length) {
      this.#note(at, `frame ${at}: run of ${least}+ frames expected, got ${short(this.#frames[at])}`);
    }
    return false;
  }

  #set(patterns: readonly JsonValue[], item: number, at: number): boolean {
    const end = at + patterns.length;
    if (end > this.#frames.length) {
      this.#note(this.#frames.length, `end of frames, ${end - this.#frames.length} more expected`);
      return false;
    }
    const place = `frames[${at}..${end - 1}]`;
    const fits = (pattern: JsonValue, frame: JsonValue): boolean =>
      match(pattern, frame, this.#context, place) === undefined;
    const problem = orderless(patterns, this.#frames.slice(at, end), fits, place, true);
    if (problem === undefined) return this.run(item + 1, end);
    this.#note(at, problem);
    return false;
  }

  /** `positions[i]` is how far sequence `i` has come. */
  #merge(positions: readonly number[], sequences: readonly JsonValue[][], item: number, at: number): boolean {
    if (sequences.every((sequence, index) => positions[index] === sequence.length))
      return this.run(item + 1, at);
    for (const [index, sequence] of sequences.entries()) {
      const position = positions[index] as number;
      const pattern = sequence[position];
      if (pattern === undefined) continue;
      const next = positions.with(index, position + 1);
      if (operatorOf(pattern, SEQUENCE_OPERATORS) === "<some>") {
        const of = ((pattern as JsonObject)["<some>"] as JsonObject)["of"] as JsonValue[];
        if (this.#fitsAny(of, at) && this.#merge(positions, sequences, item, at + 1)) return true;
        if (this.#merge(next, sequences, item, at)) return true;
        continue;
      }
      const problem = this.#plain(pattern, at);
      if (problem === undefined) {
        if (this.#merge(next, sequences, item, at + 1)) return true;
      } else this.#note(at, problem);
    }
    return false;
  }

  #fits(pattern: JsonValue, at: number): boolean {
    const frame = this.#frames[at];
    return frame !== undefined && match(pattern, frame, this.#context) === undefined;
  }

  #fitsAny(patterns: readonly JsonValue[], at: number): boolean {
    return patterns.some((pattern) => this.#fits(pattern, at));
  }

  #note(at: number, text: string): void {
    if (at < this.#furthest) return;
    this.#furthest = at;
    this.message = text;
  }
}

/** The `type` of a JSON frame. */
export function frameType(frame: JsonValue): JsonValue | undefined {
  const message = isJsonObject(frame) ? frame["json"] : undefined;
  return message !== undefined && isJsonObject(message) ? message["type"] : undefined;
}
