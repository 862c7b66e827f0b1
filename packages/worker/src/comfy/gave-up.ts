/** Why an attempt stops short of a result. */
import type { AttemptFailure } from "@hearth/protocol";

export class GaveUp extends Error {
  readonly failure: AttemptFailure;
  constructor(failure: AttemptFailure) {
    super(failure.text);
    this.name = "GaveUp";
    this.failure = failure;
  }
}

/** Somebody wants the attempt stopped, and it is not on the ComfyUI. */
export class Stopped extends Error {}

/** Nobody wants to hear of the attempt any more. */
export class Abandoned extends Error {}
