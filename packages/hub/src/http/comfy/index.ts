/** All operations of the ComfyUI contract that concern files and the server itself. */
import type { FastifyInstance } from "fastify";
import type { FileNames } from "../../files/file-lists.ts";
import type { HttpOptions } from "../options.ts";
import { registerMetadata } from "./metadata.ts";
import { registerStatic } from "./static.ts";
import { registerSystem } from "./system.ts";
import { registerUpload } from "./upload.ts";
import { registerView } from "./view.ts";

export { features } from "./system.ts";

/** Registers uploads, `/view`, `/view_metadata`, the web page and `/system_stats`, `/features`, `/embeddings`, `/extensions`. */
export function registerFileRoutes(app: FastifyInstance, options: HttpOptions, names: FileNames): void {
  registerUpload(app, options);
  registerView(app, options);
  registerMetadata(app, options.modelFolders);
  registerSystem(app, options, names);
  registerStatic(app, options);
}
