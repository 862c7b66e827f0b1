/** The access table: a row for every operation. */
import { CATALOGUE_ROWS } from "./catalogue-rows.ts";
import { COMFY_ROWS } from "./comfy-rows.ts";
import { CONTROL_ROWS } from "./control-rows.ts";
import type { Row } from "./row.ts";
import { STUDIO_ROWS } from "./studio-rows.ts";

export const ROWS: readonly Row[] = [...COMFY_ROWS, ...STUDIO_ROWS, ...CATALOGUE_ROWS, ...CONTROL_ROWS];

/** The part of `/openapi.json` that the table is compared with. */
export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface Operation {
  readonly "x-also-at"?: readonly string[];
  readonly description?: string;
}

/** `METHOD /path` → what is said of the operation. */
export function operationsOf({ paths }: Description): Map<string, Operation> {
  return new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation]),
    ),
  );
}
