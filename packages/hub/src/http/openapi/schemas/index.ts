/** All schemas that have a name. */
import type { TSchema } from "typebox";
import { ASSET_SCHEMAS } from "./assets.ts";
import { PROMPT_SCHEMAS } from "./prompts.ts";
import { SERVER_SCHEMAS } from "./server.ts";

export const SCHEMAS: Readonly<Record<string, TSchema>> = {
  ...PROMPT_SCHEMAS,
  ...SERVER_SCHEMAS,
  ...ASSET_SCHEMAS,
};
