/** What the rows of assets share: refusals in their envelope, and texts of one form. */
import { Type } from "typebox";
import { type Answer, json } from "../operation.ts";
import { ref } from "../schemas/ref.ts";

export const HASH = "^\\s*[Bb][Ll][Aa][Kk][Ee]3:[0-9a-fA-F]{64}\\s*$";

/** Empty counts as absent. */
export const PREVIEW_ID = Type.String({ anyOf: [{ format: "uuid" }, { maxLength: 0 }] });

export const problem = (description: string): Answer => json(description, ref("AssetProblem"));
export const OFF = problem("The server runs without `--enable-assets`.");
export const BAD_QUERY = problem("A parameter is wrong; `details` says which.");
export const BAD_BODY = problem("The body is not JSON, or a member of it is wrong; `details` says which.");
export const NO_ASSET: Answer = {
  description: "There is no such asset. For an id that is no UUID there is no body.",
  content: { "application/json": ref("AssetProblem"), "application/octet-stream": Type.String() },
};
export const FOREIGN = problem("It belongs to somebody else.");
export const NO_ID: Answer = {
  description: "The id is no UUID: there is no such path.",
  content: { "text/plain": Type.String() },
};
