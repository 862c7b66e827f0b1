export { keysCommand } from "./keys-command.ts";
