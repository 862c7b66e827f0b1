/** The command `hearth convert`. */
export { convertCommand } from "./convert-command.ts";
