/** Declarations that several classes share. */
import { combo, float, int, type JsonValue, pyStr } from "@hearth/nodes/sdk";

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

/** A validator that judges the types of links itself, and is given nothing else. */
export function expectTypes(wanted: Readonly<Record<string, string>>) {
  return {
    validates: [] as never[],
    validatesTypes: true,
    validate(_constants: object, received: Readonly<Record<string, JsonValue>>): true | string {
      for (const [name, type] of Object.entries(wanted)) {
        const given = received[name];
        if (given !== undefined && given !== type && given !== "*") {
          return `Invalid type of ${name}: ${pyStr(given)} (expected ${type})`;
        }
      }
      return true;
    },
  };
}
