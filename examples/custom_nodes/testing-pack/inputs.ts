/** Declarations that several classes share. */
import { combo, float, int } from "@hearth/nodes/sdk";

/** Height, width and batch of a stub. */
export const size = {
  height: int({ default: 512, min: 1, max: 1024 ** 3, step: 1 }),
  width: int({ default: 512, min: 1, max: 4096 ** 3, step: 1 }),
  batch_size: int({ default: 1, min: 1, max: 1024 ** 3, step: 1 }),
};

/** A classic combo without further options. */
export const choiceOf = combo;

const LIMIT = 2n ** 64n - 1n;
export const wideInt = int({ default: 0, min: -LIMIT, max: LIMIT, step: 1 });
export const wideFloat = float({ default: 0, min: -999999999999, max: 999999999999, step: 1 });
