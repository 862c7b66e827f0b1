/** All operations on assets and tags (section 3.20). They are routed whether the system is on or off. */
import type { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { registerAssetItems } from "./items.ts";
import { registerAssetLists } from "./list.ts";
import type { AssetRoutesOptions } from "./operation.ts";
import { registerAssetScans } from "./scans.ts";
import { registerAssetTasks } from "./tasks.ts";
import { registerAssetUpload, registerAssetUploads } from "./upload.ts";

export { uploadedAssetJson } from "./asset-json.ts";
export type { AssetRoutesOptions } from "./operation.ts";

/** Registers `/api/assets…` and `/api/tags`; without `options.assets` each answers 503. */
export function registerAssets(app: FastifyInstance, options: AssetRoutesOptions): void {
  // Under this path alone bodies are not read before the handler runs; a listing has none.
  app.register((child, _options, done) => {
    child.removeAllContentTypeParsers();
    child.addContentTypeParser("*", (_request, payload: Readable, parsed) => parsed(null, payload));
    registerAssetLists(child, options);
    registerAssetUpload(child, options);
    done();
  });
  registerAssetItems(app, options);
  registerAssetUploads(app, options);
  registerAssetScans(app, options);
  registerAssetTasks(app, options);
}
