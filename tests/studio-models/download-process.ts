/** A process that downloads what its store says, until it is killed: what a hub does, without the rest of it. */
import path from "node:path";
import { openSqliteStore } from "@hearth/jobs";
import { resolveFolders } from "@hearth/protocol";
import { pino } from "pino";
import { defaultModelFolders } from "../../packages/hub/src/files/model-folders.ts";
import { openModelLibrary } from "../../packages/hub/src/model-catalogue/library.ts";

const [base = "", site = "", ...filenames] = process.argv.slice(2);
const folders = resolveFolders({ base });
const store = await openSqliteStore(path.join(folders.studio, "test.db"));
const library = await openModelLibrary({
  folders,
  modelFolders: defaultModelFolders(folders),
  store,
  maxConcurrent: () => 3,
  tokens: () => ({}),
  log: pino({ level: "silent" }),
  hosts: { civitai: site, huggingFace: site },
  allowPrivate: true,
  retryMs: 5,
});
for (const filename of filenames) {
  await library.downloads.add({ kind: "models", type: "checkpoints", filename, url: `${site}/${filename}` });
}
process.on("SIGTERM", () => {
  void library
    .close()
    .then(() => store.close())
    .then(() => process.exit(0));
});
setInterval(() => process.send?.(library.downloads.list()), 10);
