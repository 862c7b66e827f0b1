/** The workflows that come with the program: `workflows/` at the root of the project. */
import { fileURLToPath } from "node:url";

export const SHIPPED_WORKFLOWS = fileURLToPath(new URL("../../../../workflows", import.meta.url));
