/** All schemas that have a name. */
import type { TSchema } from "typebox";
import { ASSET_SCHEMAS } from "./assets.ts";
import { CONTROL_SCHEMAS } from "./control-answers.ts";
import { PROMPT_SCHEMAS } from "./prompts.ts";
import { SERVER_SCHEMAS } from "./server.ts";
import { STUDIO_SCHEMAS } from "./studio-answers.ts";

export const SCHEMAS: Readonly<Record<string, TSchema>> = {
  ...PROMPT_SCHEMAS,
  ...SERVER_SCHEMAS,
  ...ASSET_SCHEMAS,
  ...STUDIO_SCHEMAS,
  ...CONTROL_SCHEMAS,
};
