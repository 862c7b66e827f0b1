/** All operations of the ComfyUI contract that concern files and the server itself. */
import type { FastifyInstance } from "fastify";
import type { FileNames } from "../files/file-lists.ts";
import { registerMetadata } from "./comfy/metadata.ts";
import { registerStatic } from "./comfy/static.ts";
import { registerSystem } from "./comfy/system.ts";
import { registerUpload } from "./comfy/upload.ts";
import { registerView } from "./comfy/view.ts";
import type { HttpOptions } from "./options.ts";

/** Registers uploads, `/view`, `/view_metadata`, the web page and `/system_stats`, `/features`, `/embeddings`, `/extensions`. */
export function registerFileRoutes(app: FastifyInstance, options: HttpOptions, names: FileNames): void {
  registerUpload(app, options);
  registerView(app, options);
  registerMetadata(app, options.modelFolders);
  registerSystem(app, options, names);
  registerStatic(app, options);
}
