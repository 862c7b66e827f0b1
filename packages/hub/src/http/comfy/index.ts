/** All operations of the ComfyUI contract that concern files, users and the server itself. */
import path from "node:path";
import type { FastifyInstance } from "fastify";
import type { FileNames } from "../../files/file-lists.ts";
import { decorateUsers } from "../../users/user-of.ts";
import { Users } from "../../users/users.ts";
import type { HttpOptions } from "../options.ts";
import { closeInternal } from "./internal.ts";
import { PackFolders } from "../../nodes/pack-folders.ts";
import { registerI18n } from "./frontend-data-i18n.ts";
import { registerSubgraphs } from "./frontend-data-subgraphs.ts";
import { registerTemplates } from "./frontend-data-templates.ts";
import { registerInternalFiles } from "./internal-files.ts";
import { LogRing } from "../../ops/log-ring.ts";
import { registerLogs } from "./internal-logs.ts";
import { registerMetadata } from "./metadata.ts";
import { registerModels } from "./models.ts";
import { registerPreviews } from "./previews.ts";
import { registerSettings } from "./settings.ts";
import { registerStatic } from "./static.ts";
import { registerSystem } from "./system.ts";
import { registerUpload } from "./upload.ts";
import { registerUserData } from "./userdata.ts";
import { registerUserDataV2 } from "./userdata-v2.ts";
import { registerUsers } from "./users.ts";
import { registerView } from "./view.ts";

export { features } from "./system.ts";

/**
 * Registers uploads, `/view`, model files, users with their settings and files, what packs bring for the web page, the
 * page itself, `/internal` and `/system_stats`, `/features`, `/embeddings`. From then on `userOf` works on requests.
 */
export function registerFileRoutes(app: FastifyInstance, options: HttpOptions, names: FileNames): void {
  const { folders, modelFolders } = options;
  wantParameters(app);
  registerUpload(app, options);
  registerView(app, options);
  registerMetadata(app, modelFolders);
  registerModels(app, modelFolders, names, options.modelsElsewhere);
  registerPreviews(app, modelFolders);
  registerSystem(app, options, names);
  registerInternalFiles(app, folders);
  registerLogs(app, options.logRing ?? new LogRing(), options.logSockets);
  closeInternal(app);

  const users = new Users(folders.user, options.multiUser ?? false);
  decorateUsers(app, users);
  registerUsers(app, users);
  registerSettings(app, users);
  registerUserData(app, users, options);
  registerUserDataV2(app, users);

  const packs = options.packs ?? new PackFolders({ folders: folders.customNodes });
  const allPacks = () => packs.packs();
  registerTemplates(app, allPacks);
  registerI18n(app, allPacks);
  registerSubgraphs(app, allPacks, path.join(folders.base, "blueprints"));
  registerStatic(app, { ...options, webDirectories: options.webDirectories ?? (() => packs.list()) });
}

/** A path that ends where a parameter should stand is another path; the router takes the parameter as empty. */
function wantParameters(app: FastifyInstance): void {
  app.addHook("onRequest", (request, reply, done) => {
    const { "*": _rest, ...parameters } = request.params as Record<string, string>;
    if (Object.values(parameters).includes("")) reply.callNotFound();
    else done();
  });
}
