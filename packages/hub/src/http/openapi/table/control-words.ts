/** What rows of Control share. */
import { type TSchema, Type } from "typebox";
import { inPath, type Operation } from "../operation.ts";
import { open } from "../schema.ts";
import { type ContractRow, contractRows } from "./contract-row.ts";

/** Whole rows of Control. */
export function controlRows(rows: readonly ContractRow[]): Operation[] {
  return contractRows({ problem: "ControlProblem", invalid: 400 }, rows);
}

export const ID = inPath("id", "Its id.");
export const PAGE_TEXTS = { page: "From 1 on.", per_page: "How many; absent: 10." };

/** A page of a list. */
export function page(name: string, item: TSchema): TSchema {
  return open({ [name]: Type.Array(item), total: Type.Integer({ minimum: 0 }) });
}
