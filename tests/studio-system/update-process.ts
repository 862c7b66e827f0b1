/** An update in a process that is going to be killed: `update-process.ts FOLDER`. */
import path from "node:path";
import { openSqliteStore } from "@hearth/jobs";
import { pino } from "pino";
import { Releases } from "../../packages/cli/src/restart/releases.ts";
import { Repository } from "../../packages/hub/src/system/update/repository.ts";
import { Updater } from "../../packages/hub/src/system/update/updater.ts";

const folder = process.argv[2] ?? "";
const studio = path.join(folder, "studio");
const store = await openSqliteStore(path.join(studio, "hearth.db"));
const updater = new Updater({
  store,
  repository: new Repository(path.join(studio, ".repo"), () => ({
    url: path.join(folder, "origin.git"),
    branch: "main",
  })),
  releases: new Releases(studio),
  studio,
  runtime: () => 0,
  prepare: async () => undefined,
  reloadCatalogs: async () => undefined,
  log: pino({ level: "silent" }),
});
await updater.repair();
process.stdout.write("begin\n");
await updater.update([]);
await store.close();
process.stdout.write("end\n");
