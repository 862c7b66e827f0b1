/** What rows of Studio share. */
import { type TSchema, Type } from "typebox";
import { BINARY, type Body, inPath, type Operation } from "../operation.ts";
import { anyObject, open } from "../schema.ts";
import { type ContractRow, contractRows } from "./contract-row.ts";

/** Whole rows of Studio. */
export function studioRows(rows: readonly ContractRow[]): Operation[] {
  return contractRows({ problem: "StudioProblem", invalid: 422 }, rows);
}

export const PROMPT_ID = inPath("prompt_id", "The job.");
export const ID = inPath("id", "Its id.");

const FORM_OBJECT = Type.String({ description: "an object as a JSON text" });

/** A form with objects as JSON texts and one file; or the same without the file as JSON. */
export function formBody(
  objects: readonly string[],
  file: string,
  more: Readonly<Record<string, TSchema>> = {},
): Body {
  const texts = Object.fromEntries(objects.map((name) => [name, Type.Optional(FORM_OBJECT)]));
  const values = Object.fromEntries(objects.map((name) => [name, Type.Optional(anyObject())]));
  return {
    required: false,
    content: {
      "multipart/form-data": open({ ...texts, ...more, [file]: Type.Optional(BINARY) }),
      "application/json": open({ ...values, ...more }),
    },
  };
}
